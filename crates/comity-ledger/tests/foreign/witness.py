"""A live witness of aics-witness 0.1.0 on the loopback interface.

Arguments: a folder for its state, the origin and the verifier key of the one log that it watches. Prints its port and its
verifier key, then serves until it is ended.
"""

import contextlib
import sys
from pathlib import Path

from aics_witness import cli
from aics_witness.config import load_config
from aics_witness.service import Witness, make_server
from aics_witness.store import WitnessStore, load_or_create_key

folder, origin, vkey = sys.argv[1:]
path = str(Path(folder, "witness.json"))
with contextlib.redirect_stdout(sys.stderr):
    assert not cli.main(["init", "--config", path, "--name", "witness.example/w1"])
    assert not cli.main(["add-log", "--config", path, "--origin", origin, "--vkey", vkey])
config = load_config(path)
key, _, _ = load_or_create_key(config.key_path, create=False)
witness = Witness(config.name, key, WitnessStore(config.db_path), config.logs)
server = make_server(witness, max_body_bytes=config.max_body_bytes)
print(server.server_address[1])
print(witness.vkey_text, flush=True)
server.serve_forever()
