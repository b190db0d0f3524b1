"""Puts questions to the test that runs this program: JSON texts out, a line each, then an empty line; answers in, a line each."""

import sys


def ask(questions):
    questions = list(questions)
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdin.reconfigure(encoding="utf-8")
    for question in questions:
        sys.stdout.write(question + "\n")
    sys.stdout.write("\n")
    sys.stdout.flush()
    answers = sys.stdin.read().splitlines()
    assert len(answers) == len(questions), f"{len(answers)} answers to {len(questions)} questions"
    return answers
