"""The stix2 library makes observables of all 18 types; the node takes each and returns it under the same id."""

import json
import os

import stix2
from taxii2client.v21 import Collection

ROOT = os.environ["COMITY_SERVER"] + os.environ["COMITY_ROOT"]

source = stix2.IPv4Address(value="192.0.2.1")
target = stix2.IPv4Address(value="192.0.2.2")
sender = stix2.EmailAddress(value="sender@example.com")
OBSERVABLES = [
    stix2.Artifact(mime_type="text/plain", payload_bin="aGVsbG8="),
    stix2.AutonomousSystem(number=64496),
    stix2.Directory(path="C:\\Windows"),
    stix2.DomainName(value="example.com"),
    sender,
    stix2.EmailMessage(is_multipart=False, subject="Hello", from_ref=sender.id, body="\u4f60\u597d"),
    stix2.File(name="a.exe", hashes={"MD5": "d41d8cd98f00b204e9800998ecf8427e"}),
    source,
    stix2.IPv6Address(value="2001:db8::1"),
    stix2.MACAddress(value="00:00:5e:00:53:01"),
    stix2.Mutex(name="one-of-us"),
    stix2.NetworkTraffic(protocols=["tcp"], src_ref=source.id, dst_ref=target.id, dst_port=443),
    stix2.Process(pid=7, command_line="a.exe -b"),
    stix2.Software(name="Word", vendor="Example"),
    stix2.URL(value="https://example.com/a?b=c"),
    stix2.UserAccount(user_id="1001", account_login="person"),
    stix2.WindowsRegistryKey(key="HKLM\\Software\\Example"),
    stix2.X509Certificate(serial_number="36:f7:d4:32"),
]
assert len({one.type for one in OBSERVABLES}) == 18

collection = Collection(
    f"{ROOT}collections/{os.environ['COMITY_RW']}/",
    user=os.environ["COMITY_USER"],
    password=os.environ["COMITY_PASSWORD"],
)
body = {"objects": [json.loads(one.serialize()) for one in OBSERVABLES]}
status = collection.add_objects(body)
assert status.failure_count == 0, status.failures
returned = collection.get_objects()["objects"]
assert returned == body["objects"]
for one in returned:
    again = stix2.parse(one, version="2.1")
    assert again.id == one["id"]
print(f"stix2: {len(returned)} observables passed")
