"""Compares deterministic observable ids with python-stix2 3.0.2.

The test answers each observable with its id. COUNT objects spread over all 18 types are made from SEED; exit 1 names
the first ids that differ.
"""

import json
import random
import sys
import uuid

import stix2.v21.observables as sco

from ask import ask

COUNT, SEED = 3600, 20150925

LETTERS = "abcXYZ019 .-_/\\'\"<>&%\u00e9\u00df\u4e2d\u6587\u0416\U0001f600\ufb33\u2028\t\n"
HEX = "0123456789abcdef"


def text(rng, most=24):
    return "".join(rng.choice(LETTERS) for _ in range(rng.randint(1, most)))


def digest(rng, bytes_):
    return "".join(rng.choice(HEX) for _ in range(2 * bytes_))


def hashes(rng):
    known = {"MD5": 16, "SHA-1": 20, "SHA-256": 32, "SHA-512": 64, "SHA3-256": 32, "SHA3-512": 64}
    names = rng.sample(sorted(known), rng.randint(1, 4))
    # Without one of the four preferred ones any entry may be taken; with a single one there is no choice.
    if not {"MD5", "SHA-1", "SHA-256", "SHA-512"} & set(names):
        names = names[:1]
    return {name: digest(rng, known[name]) for name in names}


def reference(rng, kind):
    return f"{kind}--{uuid.UUID(int=rng.getrandbits(128), version=4)}"


def moment(rng):
    return f"20{rng.randint(10, 25)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}T1{rng.randint(0, 9)}:30:{rng.randint(10, 59)}Z"


def some(rng, choices):
    """At least one of the properties, each made when picked."""
    picked = rng.sample(sorted(choices), rng.randint(1, len(choices)))
    return {name: choices[name]() for name in picked}


def ipv4(rng):
    return ".".join(str(rng.randint(0, 255)) for _ in range(4))


def make(rng, kind):
    simple = {
        "autonomous-system": lambda: {"number": rng.randint(0, 2**32 - 1)},
        "directory": lambda: {"path": text(rng)},
        "domain-name": lambda: {"value": text(rng)},
        "email-addr": lambda: {"value": f"{digest(rng, 3)}@example.com"},
        "ipv4-addr": lambda: {"value": ipv4(rng)},
        "ipv6-addr": lambda: {"value": f"2001:db8::{rng.randint(1, 65535):x}"},
        "mac-addr": lambda: {"value": ":".join(digest(rng, 1) for _ in range(6))},
        "mutex": lambda: {"name": text(rng)},
        "url": lambda: {"value": f"https://example.com/{text(rng)}"},
        "process": lambda: {"pid": rng.randint(1, 9999)},
        "software": lambda: {"name": text(rng)} | some(rng, {
            "cpe": lambda: "cpe:2.3:a:example:x:1:*:*:*:*:*:*:*", "swid": lambda: text(rng),
            "vendor": lambda: text(rng), "version": lambda: text(rng)}),
        "user-account": lambda: some(rng, {
            "account_type": lambda: "unix", "user_id": lambda: text(rng), "account_login": lambda: text(rng),
            "display_name": lambda: text(rng)}),
        "windows-registry-key": lambda: some(rng, {
            "key": lambda: text(rng),
            "values": lambda: [{"name": text(rng), "data": text(rng), "data_type": "REG_SZ"} for _ in range(rng.randint(1, 3))]}),
        "x509-certificate": lambda: some(rng, {
            "hashes": lambda: hashes(rng), "serial_number": lambda: text(rng), "subject": lambda: text(rng)}),
        "artifact": lambda: rng.choice([
            lambda: {"payload_bin": "VGVzdA=="}, lambda: {"url": "https://example.com/x", "hashes": hashes(rng)},
            lambda: {"payload_bin": "VGVzdA==", "hashes": hashes(rng)}])(),
        "email-message": lambda: {"is_multipart": False} | some(rng, {
            "from_ref": lambda: reference(rng, "email-addr"), "subject": lambda: text(rng), "body": lambda: text(rng, 80),
            "message_id": lambda: text(rng)}),
        "file": lambda: {"name": text(rng)} | some(rng, {
            "hashes": lambda: hashes(rng), "parent_directory_ref": lambda: reference(rng, "directory"),
            "size": lambda: rng.randint(0, 9999),
            "extensions": lambda: {"ntfs-ext": {"sid": text(rng), "alternate_data_streams": [
                {"name": text(rng), "hashes": hashes(rng), "size": rng.randint(0, 99)}]}}}),
        "network-traffic": lambda: {"protocols": ["ipv4", "tcp"], "src_ref": reference(rng, "ipv4-addr")} | some(rng, {
            "dst_ref": lambda: reference(rng, "domain-name"), "src_port": lambda: rng.randint(0, 65535),
            "dst_port": lambda: rng.randint(0, 65535), "start": lambda: moment(rng), "src_byte_count": lambda: 7,
            "extensions": lambda: {"http-request-ext": {"request_method": "get", "request_value": text(rng),
                                                        "request_header": {"User-Agent": [text(rng)]}}}}),
    }
    return simple[kind]()


CLASSES = {cls._type: cls for cls in (
    sco.Artifact, sco.AutonomousSystem, sco.Directory, sco.DomainName, sco.EmailAddress, sco.EmailMessage, sco.File,
    sco.IPv4Address, sco.IPv6Address, sco.MACAddress, sco.Mutex, sco.NetworkTraffic, sco.Process, sco.Software, sco.URL,
    sco.UserAccount, sco.WindowsRegistryKey, sco.X509Certificate)}


def main():
    rng = random.Random(SEED)
    lines, expected = [], []
    for number in range(COUNT):
        kind = sorted(CLASSES)[number % len(CLASSES)]
        content = make(rng, kind)
        theirs = CLASSES[kind](**content)["id"]
        # Version 4 is what python-stix2 gives where nothing contributes.
        expected.append(theirs if uuid.UUID(theirs.split("--")[1]).version == 5 else "none")
        lines.append(json.dumps({"type": kind, **content}, ensure_ascii=rng.random() < 0.5))
    found = ask(lines)
    differ = [(line, theirs, mine) for line, theirs, mine in zip(lines, expected, found, strict=True) if theirs != mine]
    for line, theirs, mine in differ[:10]:
        print(f"{line}\n  python-stix2 {theirs}\n  ours         {mine}")
    print(f"{len(lines) - len(differ)} of {len(lines)} ids agree over {len(CLASSES)} types, {expected.count('none')} of them without")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
