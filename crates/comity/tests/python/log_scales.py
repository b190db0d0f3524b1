"""tlog-scales reads a log in a folder or below a URL: signatures, root, inclusion of every entry up to 600.

Arguments: the folder or URL, then the verifier keys that must all have signed. Ends with an error when it disagrees.
"""

import sys

from tlog_scales.backend import make_backend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tiles import leaf_hash

place, *vkeys = sys.argv[1:]
reader = TilesReader(make_backend(place))
checkpoint = reader.get_checkpoint()
for vkey in vkeys:
    checkpoint.verify(Vkey.from_string(vkey))
assert reader.calculate_root_hash() == checkpoint.root_hash
for index in range(min(checkpoint.size, 600)):
    proof = reader.get_inclusion_proof(index, checkpoint.size)
    proof.check(leaf_hash(reader.get_entry(index)), checkpoint.root_hash)
print("sound")
