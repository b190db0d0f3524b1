"""aics-tlog 0.2.1 audits a log in a folder: signature, Ed25519 cosignature, every tile and every bundle.

Arguments: the folder, the log's verifier key, the witness's. Prints `sound`, or what is wrong with the tiles.
"""

import sys
from pathlib import Path

import aics_tlog

folder, log_key, witness_key = sys.argv[1:]
note = aics_tlog.parse_note(Path(folder, "checkpoint").read_text(encoding="utf-8"))
result = aics_tlog.verify_checkpoint(
    note, aics_tlog.parse_vkey(log_key), [aics_tlog.parse_vkey(witness_key)], 1
)
assert result.ok, result.error
reader = aics_tlog.FileSystemTileReader(folder)
try:
    audit = aics_tlog.audit_tiles(reader, result.size, result.root)
except aics_tlog.TileVerificationError as error:
    print(f"damaged: {error}")
else:
    print(f"sound: {audit.tiles} tiles, {audit.bundles} bundles")
