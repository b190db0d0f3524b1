"""The flows between two parties and at the own node: their names in one place, with the module that holds each.

`python -m pages.names` lists them with the views of each, and fails where one has no function, or a view is met by none of its runs.
"""

import importlib

OWN = "pages.own"
SHARED = "pages.shared"

# What a person does from start to end: the flow's name, and where it is.
NAMES = {
    "the first account is made by the one-time link": OWN,
    "a person signs in and out": OWN,
    "a second factor is set up, used, and stood in for by a recovery code": OWN,
    "one value is searched": OWN,
    "five hundred values are pasted, read as a table and saved as CSV": OWN,
    "an object is read on all its tabs": OWN,
    "a graph is expanded by following it, and says the same as its table": OWN,
    "two versions of an object are held against each other": OWN,
    "the ledger is verified and an entry proved": OWN,
    "an account is invited, gets another role and is removed": OWN,
    "a token is made and ended": OWN,
    "sessions are listed and ended": OWN,
    "language, theme and keys are switched": OWN,
    "a viewer sees no form and is refused": OWN,
    "a request is opened, answered on the other node and closed": SHARED,
    "what needs me now is opened from the first page and done": SHARED,
    "news are told without moving a row": SHARED,
    "a case gets a note, a task and a status": SHARED,
    "a hotline call is rung and answered": SHARED,
    "an exercise is agreed, run and reported": SHARED,
    "evidence is verified and handed over": SHARED,
    "a contact is checked and answers": SHARED,
    "a party is taken in and verified by its digits": SHARED,
    "an accord is drafted, proposed, compared and signed": SHARED,
    "a release is reviewed, done and arrives": SHARED,
    "a release waits for a second person": SHARED,
    "a recall is asked and answered": SHARED,
    "an envelope is followed until it is delivered": SHARED,
    "a mail is read as text and its proposal accepted": SHARED,
    "an address is given and becomes permanent": SHARED,
}


def check():
    """Prints the list with each flow's views; says what is missing."""
    from .flows import FLOWS

    for module in sorted(set(NAMES.values())):
        importlib.import_module(module)
    known = {one.name: one for one in FLOWS}
    assert len(NAMES) >= 25, len(NAMES)
    assert set(known) == set(NAMES), set(known) ^ set(NAMES)
    for number, name in enumerate(NAMES, 1):
        flow = known[name]
        assert flow.act.__module__ == NAMES[name], name
        views = flow.views
        met = {
            "English": any(view.language == "en" for view in views),
            "Chinese": any(view.language.startswith("zh") for view in views),
            "keys alone": any(view.keys for view in views),
            "200 %": any(view.zoom == 2 for view in views),
            "light": any(view.theme == "light" for view in views),
            "dark": any(view.theme == "dark" for view in views),
            "scripts off": flow.scripted or any(not view.script for view in views),
        }
        assert all(met.values()), (name, met)
        print(f"{number:2} {name} [{' | '.join(view.name for view in views)}]")
    print("passed")


if __name__ == "__main__":
    check()
