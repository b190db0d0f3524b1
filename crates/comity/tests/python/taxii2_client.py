"""Everything that the published taxii2-client can do, against a live node.

In scope: discovery, API root, collections with and without rights, paging, adding, status, manifest,
object, versions, deletion; by password and by token.
"""

import os

from requests.exceptions import HTTPError
from taxii2client.common import TokenAuth
from taxii2client.exceptions import AccessError
from taxii2client.v21 import ApiRoot, Collection, Server, as_pages

SERVER = os.environ["COMITY_SERVER"]
ROOT = SERVER + os.environ["COMITY_ROOT"]
USER = os.environ["COMITY_USER"]
PASSWORD = os.environ["COMITY_PASSWORD"]
TOKEN = os.environ["COMITY_TOKEN"]


def url(variable):
    return f"{ROOT}collections/{os.environ[variable]}/"


def status_of(act):
    """The HTTP status that an act fails with."""
    try:
        act()
    except HTTPError as error:
        return error.response.status_code
    raise AssertionError("it should have failed")


def discovery():
    for access in ({"user": USER, "password": PASSWORD}, {"auth": Bearer(TOKEN)}):
        server = Server(SERVER + "/taxii2/", **access)
        assert server.title
        assert server.default is not None, "a default API root"
        root = server.default
        assert root.url == ROOT, root.url
        assert "application/taxii+json;version=2.1" in root.versions
        assert root.max_content_length > 0
        titles = sorted(collection.title for collection in root.collections)
        assert titles == ["Read and write", "Read only", "Write only"], titles
    wrong = Server(SERVER + "/taxii2/", user=USER, password="wrong")
    assert status_of(lambda: wrong.title) in (401, 429)


class Bearer(TokenAuth):
    """A token as RFC 6750 writes it."""

    def __call__(self, request):
        request.headers["Authorization"] = "Bearer " + self.key
        return request


def indicator(number, modified="2020-01-01T00:00:00.000Z"):
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--0000f00d-0000-4000-8000-{number:012x}",
        "created": "2020-01-01T00:00:00.000Z",
        "modified": modified,
        "name": f"Indicator {number}",
        "pattern": "[domain-name:value = 'example.com']",
        "pattern_type": "stix",
        "valid_from": "2020-01-01T00:00:00Z",
    }


def reading():
    """250 objects by pages of 100, with nothing lost or doubled."""
    collection = Collection(url("COMITY_RO"), auth=Bearer(TOKEN))
    assert collection.can_read and not collection.can_write
    pages = list(as_pages(collection.get_objects, per_request=100))
    assert [len(page["objects"]) for page in pages] == [100, 100, 50], [len(p["objects"]) for p in pages]
    ids = [one["id"] for page in pages for one in page["objects"]]
    assert len(set(ids)) == 250
    records = [
        record
        for page in as_pages(collection.get_manifest, per_request=100)
        for record in page["objects"]
    ]
    assert [record["id"] for record in records] == ids
    after = records[199]["date_added"]
    rest = collection.get_objects(added_after=after)["objects"]
    assert [one["id"] for one in rest] == ids[200:]
    assert collection.get_objects(type="malware").get("objects", []) == []
    some = collection.get_objects(id=ids[:3])["objects"]
    assert [one["id"] for one in some] == ids[:3]
    assert collection.get_object(ids[7])["objects"][0]["id"] == ids[7]
    try:
        collection.add_objects({"objects": [indicator(1)]})
    except AccessError:
        pass
    else:
        raise AssertionError("the client should have seen that it may not write")


def writing():
    collection = Collection(url("COMITY_RW"), user=USER, password=PASSWORD)
    later = "2021-01-01T00:00:00.000Z"
    objects = [indicator(number) for number in range(10)]
    status = collection.add_objects({"objects": objects}, wait_for_completion=True)
    assert status.status == "complete"
    counts = (status.total_count, status.success_count, status.failure_count, status.pending_count)
    assert counts == (10, 10, 0, 0), counts
    status.refresh()
    assert status.success_count == 10
    bad = dict(indicator(11), id="indicator--11")
    status = collection.add_objects({"objects": [bad, indicator(1, later)]})
    assert (status.success_count, status.failure_count) == (1, 1)
    assert status.failures[0]["message"]
    assert collection.get_objects()["objects"] == [objects[0]] + objects[2:] + [indicator(1, later)]
    identifier = objects[1]["id"]
    found = collection.object_versions(identifier)["versions"]
    assert found == ["2020-01-01T00:00:00.000Z", later], found
    every = collection.get_object(identifier, version="all")["objects"]
    assert every == [indicator(1), indicator(1, later)]
    collection.delete_object(identifier)
    assert status_of(lambda: collection.get_object(identifier)) == 404
    left = [one["id"] for one in collection.get_objects()["objects"]]
    assert identifier not in left and len(left) == 9


def rights():
    write_only = Collection(url("COMITY_WO"), auth=Bearer(TOKEN))
    assert not write_only.can_read and write_only.can_write
    status = write_only.add_objects({"objects": [indicator(1)]})
    assert status.success_count == 1
    try:
        write_only.get_objects()
    except AccessError:
        pass
    else:
        raise AssertionError("the client should have seen that it may not read")
    unknown = Collection(f"{ROOT}collections/00000000-0000-4000-8000-000000000000/", auth=Bearer(TOKEN))
    assert status_of(lambda: unknown.title) == 404
    root = ApiRoot(SERVER + "/taxii2/elsewhere/", auth=Bearer(TOKEN))
    assert status_of(lambda: root.title) == 404


PARTS = [discovery, reading, writing, rights]

for part in PARTS:
    part()
    print(f"taxii2-client: {part.__name__}")
print(f"taxii2-client: {len(PARTS)} parts passed")
