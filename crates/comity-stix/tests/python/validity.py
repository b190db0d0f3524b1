"""Compares full validation with stix2-validator 3.3: whatever that refuses, we must refuse too.

    validity.py OBJECTS

OBJECTS is a folder of files with one valid STIX 2.1 object each (fuzz/corpus/stix_validate; files named bad-* are passed
over). COUNT objects are made from them by taking out or replacing one property; the test answers each with `valid`, or
with the first rule that it breaks. The other direction is only counted: the JSON schemas behind stix2-validator let much
pass.
"""

import json
import pathlib
import random
import sys

from stix2validator import ValidationOptions, validate_instance

from ask import ask

COUNT, SEED = 1500, 20150925

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
    folder = pathlib.Path(sys.argv[1])
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("bad-"))
    objects = list(changed([judgeable(json.loads(path.read_text(encoding="utf-8"))) for path in files]))
    random.Random(SEED).shuffle(objects)
    objects = objects[:COUNT]
    answers = ask(json.dumps(whole) for whole in objects)
    ours = {at for at, answer in enumerate(answers) if answer != "valid"}
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
