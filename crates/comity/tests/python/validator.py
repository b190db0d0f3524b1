"""The published stix2-validator on what a live node returns."""

import os

from stix2validator import ValidationOptions, validate_instance
from taxii2client.v21 import Collection

ROOT = os.environ["COMITY_SERVER"] + os.environ["COMITY_ROOT"]

collection = Collection(
    f"{ROOT}collections/{os.environ['COMITY_RO']}/",
    user=os.environ["COMITY_USER"],
    password=os.environ["COMITY_PASSWORD"],
)
objects = collection.get_objects()["objects"]
assert len(objects) == 22, len(objects)
for one in objects:
    result = validate_instance(one, ValidationOptions(version="2.1"))
    assert result.is_valid, (one["id"], [str(error) for error in result.errors])
print(f"stix2-validator: {len(objects)} objects passed")
