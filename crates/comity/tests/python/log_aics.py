"""aics-tlog audits a log in a folder or below a URL: signature, one Ed25519 cosignature, every tile and every bundle.

Arguments: the folder or URL, the log's verifier key, the witness's. Prints `sound`, or what is wrong with the tiles.
"""

import sys
import urllib.request
from pathlib import Path

import aics_tlog

place, log_key, witness_key = sys.argv[1:]
if place.startswith("http"):
    with urllib.request.urlopen(f"{place}/checkpoint") as answer:
        text = answer.read().decode()
    reader = aics_tlog.HttpTileReader(place)
else:
    text = Path(place, "checkpoint").read_text(encoding="utf-8")
    reader = aics_tlog.FileSystemTileReader(place)
result = aics_tlog.verify_checkpoint(
    aics_tlog.parse_note(text), aics_tlog.parse_vkey(log_key), [aics_tlog.parse_vkey(witness_key)], 1
)
assert result.ok, result.error
try:
    aics_tlog.audit_tiles(reader, result.size, result.root)
except aics_tlog.TileVerificationError as error:
    print(f"damaged: {error}")
else:
    print("sound")
