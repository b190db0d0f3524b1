"""The TAXII store of the published stix2 library, against a live node.

In scope: TAXIICollectionStore, -Source and -Sink: add, get, all_versions, query.
"""

import os

from requests.auth import HTTPBasicAuth
from stix2 import Filter, Indicator, TAXIICollectionSink, TAXIICollectionSource, TAXIICollectionStore
from taxii2client.v21 import Collection

ROOT = os.environ["COMITY_SERVER"] + os.environ["COMITY_ROOT"]
AUTH = HTTPBasicAuth(os.environ["COMITY_USER"], os.environ["COMITY_PASSWORD"])


def collection(variable):
    return Collection(f"{ROOT}collections/{os.environ[variable]}/", auth=AUTH)


def source():
    found = TAXIICollectionSource(collection("COMITY_RO"))
    malware = found.query([Filter("type", "=", "malware")])
    assert [one.name for one in malware] == ["Malware 1"], malware
    assert found.get(malware[0].id).name == "Malware 1"
    address = found.query([Filter("type", "=", "ipv4-addr")])
    assert address[0]["value"] == "198.51.100.3", address


def store():
    both = TAXIICollectionStore(collection("COMITY_RW"))
    first = Indicator(name="First", pattern="[url:value = 'http://example.com/a']", pattern_type="stix")
    second = first.new_version(name="Second")
    both.add([first, second])
    assert both.get(first.id).name == "Second"
    versions = sorted(one.name for one in both.all_versions(first.id))
    assert versions == ["First", "Second"], versions
    assert len(both.query([Filter("id", "=", first.id)])) == 1
    found = both.query([Filter("type", "=", "indicator"), Filter("name", "=", "Second")])
    assert len(found) == 1, found


def sink():
    one = Indicator(name="Sent", pattern="[url:value = 'http://example.com/b']", pattern_type="stix")
    TAXIICollectionSink(collection("COMITY_RW")).add(one)
    got = TAXIICollectionSource(collection("COMITY_RW")).get(one.id)
    assert got.serialize() == one.serialize()


PARTS = [source, store, sink]

for part in PARTS:
    part()
    print(f"stix2: {part.__name__}")
print(f"stix2: {len(PARTS)} parts passed")
