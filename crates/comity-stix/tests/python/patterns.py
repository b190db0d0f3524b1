"""Compares the pattern reader with the validator of stix2-patterns 2.1 on that package's own cases.

The test answers each pattern with `valid` or why not. Exit 1 names the patterns on which the two differ.
"""

import json
import sys

from stix2patterns.test.v21 import test_validator as cases
from stix2patterns.v21.pattern import Pattern

from ask import ask

# Where we are stricter on purpose: rules of the standard that stix2-patterns does not check.
STRICTER = {
    "two qualifiers of one kind": "section 9.5.1",
    "must hold on one object": "section 9.5",
    "names a day or a time that does not exist": "section 2.16",
    "STOP must be later than START": "section 9.5.1",
}


def accepts(pattern):
    try:
        Pattern(pattern)
        return True
    except Exception:  # the parser raises many kinds
        return False


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from strings(item)


def main():
    found = []
    for name in dir(cases):
        value = getattr(cases, name)
        if name.isupper() or name.endswith("CASES"):
            found.extend(strings(value))
        for mark in getattr(value, "pytestmark", []):
            if mark.name == "parametrize":
                found.extend(strings(mark.args[1]))
    patterns = sorted({pattern for pattern in found if "[" in pattern or "=" in pattern})
    # Breaking each at every place makes as many near misses as anyone could write by hand.
    patterns += sorted({pattern[:at] + pattern[at + 1:] for pattern in patterns for at in range(len(pattern))})[::7]
    ours = ask(json.dumps(pattern) for pattern in patterns)
    assert len(patterns) > 500, "stix2-patterns came without its cases"
    differ = 0
    for pattern, verdict in zip(patterns, ours, strict=True):
        theirs = accepts(pattern)
        stricter = theirs and any(reason in verdict for reason in STRICTER)
        if theirs != (verdict == "valid") and not stricter:
            differ += 1
            print(f"{pattern!r}: stix2-patterns {'accepts' if theirs else 'refuses'}, ours: {verdict}")
    print(f"{len(patterns) - differ} of {len(patterns)} patterns judged alike")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
