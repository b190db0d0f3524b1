"""Objects to work with: identities follow from a number, so that a flow knows them without asking."""

import uuid

NAMESPACE = uuid.UUID("5a2b7c1e-6c0b-4b76-9a3c-1f2a5d8e9b01")
STRICT = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"
AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"



def identity(kind, number):
    """An identity of version 4 (STIX 2.1 section 2.9) that follows from a number."""
    made = uuid.uuid5(NAMESPACE, f"{kind} {number}")
    return f"{kind}--{uuid.UUID(bytes=made.bytes, version=4)}"


def stix(kind, number, /, **members):
    """An object, first version."""
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": identity(kind, number),
        "created": "2026-03-01T10:00:00.000Z",
        "modified": "2026-03-01T10:00:00.000Z",
        **members,
    }


def indicator(number, **members):
    known = {
        "name": f"Indicator {number}",
        "description": "An address that answered a scan.",
        "pattern": f"[ipv4-addr:value = '198.51.100.{number % 256}']",
        "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00Z",
        "object_marking_refs": [GREEN],
    }
    return stix("indicator", number, **(known | members))


def relation(number, source, target, what):
    return stix("relationship", number, relationship_type=what, source_ref=source, target_ref=target)
