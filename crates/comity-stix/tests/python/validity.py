"""Compares full validation with stix2-validator 3.3: whatever that refuses, we must refuse too.

    validity.py PROGRAM OBJECTS [COUNT] [SEED]

PROGRAM is the example `check_file`; OBJECTS is a folder of files with one valid STIX 2.1 object each (fuzz/corpus/
stix_validate; files named bad-* are passed over). COUNT objects (default 1500) are made by taking out or replacing one
property. The other direction is only counted: the JSON schemas behind stix2-validator let much pass.
"""

import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

from stix2validator import ValidationOptions, validate_instance

OTHERS = (7, "x", [], {}, [7], True, -5, "2016-13-01T00:00:00Z", "https://example.com", ["x", "y"])


def judgeable(whole):
    """Without what the standard has and the schemas of stix2-validator refuse: language markings (section 7.2.3) and
    header fields of one value (section 6.6.1)."""
    if "granular_markings" in whole:
        whole["granular_markings"] = [marking for marking in whole["granular_markings"] if "marking_ref" in marking]
    whole.pop("additional_header_fields", None)
    return whole


def changed(objects):
    for whole in objects:
        yield whole
        for key in whole:
            if key in ("type", "id", "spec_version"):
                continue
            yield {name: value for name, value in whole.items() if name != key}
            for other in OTHERS:
                yield whole | {key: other}


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    count, seed = int((sys.argv[3:4] or [1500])[0]), int((sys.argv[4:5] or [20150925])[0])
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("bad-"))
    objects = list(changed([judgeable(json.loads(path.read_text(encoding="utf-8"))) for path in files]))
    random.Random(seed).shuffle(objects)
    objects = objects[:count]
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as bundle:
        json.dump({"objects": objects}, bundle)
        bundle.flush()
        lines = subprocess.run([program, bundle.name], capture_output=True, text=True, check=True).stdout.splitlines()
    ours = {int(found.group(1)) for line in lines if (found := re.match(r"Must object (\d+):", line))}
    options = ValidationOptions(version="2.1")
    missed = both = only = stumbled = 0
    for at, whole in enumerate(objects):
        try:
            result = validate_instance(whole, options)
        except (TypeError, AttributeError):  # it stumbles over some wrong types
            stumbled += 1
            continue
        if not result.is_valid and at not in ours:
            missed += 1
            print(f"stix2-validator refuses, we accept: {json.dumps(whole)}\n  {result.errors[0]}")
        both += not result.is_valid and at in ours
        only += result.is_valid and at in ours
    print(f"{len(objects)} objects: {both} refused by both, {only} by us alone, {missed} by stix2-validator alone, "
          f"{stumbled} it could not judge")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
