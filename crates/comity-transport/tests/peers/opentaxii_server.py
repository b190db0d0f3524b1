"""Sets OpenTAXII up in the folder and on the port given, prints the collection's address, and serves.

Arguments: FOLDER PORT
"""

import os
import sys

folder, port = sys.argv[1], int(sys.argv[2])
config = os.path.join(folder, "opentaxii.yml")
with open(config, "w") as out:
    out.write(
        f"""---
domain: "127.0.0.1:{port}"
auth_api:
  class: opentaxii.auth.sqldb.SQLDatabaseAPI
  parameters:
    db_connection: sqlite:///{folder}/auth.db
    create_tables: yes
    secret: for-tests-only
taxii1:
taxii2:
  contact: "nobody@example.org"
  description: "for tests"
  public_discovery: true
  max_content_length: 1000000
  title: "OpenTAXII"
  persistence_api:
    class: opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI
    parameters:
      db_connection: sqlite:///{folder}/data.db
      create_tables: yes
logging:
  opentaxii: error
  root: error
"""
    )
os.environ["OPENTAXII_CONFIG"] = config

from opentaxii.cli import app  # noqa: E402  (reads the configuration when imported)

app.debug = False
with app.app_context():
    store = app.taxii_server.servers.taxii2.persistence.api
    root = store.add_api_root(title="API root one", description=None, default=True, is_public=True)
    collection = store.add_collection(
        api_root_id=root.id, title="Shared", description=None, alias="shared", is_public=True, is_public_write=True
    )
print(f"http://127.0.0.1:{port}/taxii2/{root.id}/collections/{collection.id}/", flush=True)
app.run(port=port, threaded=False)
