"""tlog-scales 0.0.3 reads a log in a folder: signatures, root, inclusion of some entries.

Arguments: the folder, then the verifier keys that must all have signed. Ends with an error when it disagrees.
"""

import sys
from pathlib import Path

from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tiles import leaf_hash

folder, *vkeys = sys.argv[1:]
reader = TilesReader(LocalBackend(Path(folder)))
checkpoint = reader.get_checkpoint()
for vkey in vkeys:
    checkpoint.verify(Vkey.from_string(vkey))
assert reader.calculate_root_hash() == checkpoint.root_hash
for index in (0, 255, 256, 12345, 65535, 65536, checkpoint.size - 1):
    proof = reader.get_inclusion_proof(index, checkpoint.size)
    proof.check(leaf_hash(reader.get_entry(index)), checkpoint.root_hash)
print("sound")
