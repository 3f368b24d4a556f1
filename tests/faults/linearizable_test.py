#!/usr/bin/env python3
"""The checker against histories that must pass and histories that must not, and against brute force."""

import itertools
import random
import sys

from linearizable import ABSENT, NEVER, UNKNOWN, Operation, known_version, linearizable, resolved, step


def history(*rows):
    """Rows (kind, called, answered, answer, value, over)."""
    return [Operation(row[0], row[1], row[2], row[3], *row[4:]) for row in rows]


GOOD = {
    "one after the other": history(
        ("create", 0, 1, ("ok", 5), "a"), ("read", 2, 3, ("a", 5)), ("put", 4, 5, ("ok", 7), "b"),
        ("read", 6, 7, ("b", 7)), ("delete", 8, 9, "ok"), ("read", 10, 11, None)),
    "a read at the same time sees either": history(
        ("create", 0, 10, ("ok", 5), "a"), ("read", 1, 2, None), ("read", 3, 4, ("a", 5))),
    "an unknown write took effect much later": history(
        ("create", 0, 1, ("ok", 5), "a"), ("put", 2, NEVER, UNKNOWN, "b"), ("read", 10, 11, ("a", 5)),
        ("read", 20, 21, ("b", 9))),
    "an unknown write never took effect": history(
        ("create", 0, 1, ("ok", 5), "a"), ("delete", 2, NEVER, UNKNOWN), ("read", 10, 11, ("a", 5))),
    "of two swaps one wins": history(
        ("create", 0, 1, ("ok", 5), "a"), ("swap", 2, 5, ("ok", 6), "b", 5), ("swap", 2, 5, "conflict", "c", 5)),
    "a second create after a delete at the same time": history(
        ("create", 0, 1, ("ok", 5), "a"), ("delete", 2, 9, "ok"), ("create", 3, 8, ("ok", 8), "b"),
        ("read", 10, 11, ("b", 8))),
}

BAD = {
    "a read of the past": history(
        ("create", 0, 1, ("ok", 5), "a"), ("put", 2, 3, ("ok", 6), "b"), ("read", 4, 5, ("a", 5))),
    "an acknowledged write is lost": history(
        ("create", 0, 1, ("ok", 5), "a"), ("put", 2, 3, ("ok", 6), "b"), ("read", 4, 5, ("a", 5)),
        ("read", 6, 7, ("a", 5))),
    "an acknowledged create is lost": history(("create", 0, 1, ("ok", 5), "a"), ("read", 2, 3, None)),
    "two creates of one object": history(
        ("create", 0, 1, ("ok", 5), "a"), ("create", 2, 3, ("ok", 6), "b")),
    "two swaps over one version": history(
        ("create", 0, 1, ("ok", 5), "a"), ("swap", 2, 5, ("ok", 6), "b", 5), ("swap", 2, 5, ("ok", 7), "c", 5)),
    "reads that go back and forth": history(
        ("create", 0, 1, ("ok", 5), "a"), ("put", 2, 20, ("ok", 6), "b"), ("read", 3, 4, ("b", 6)),
        ("read", 5, 6, ("a", 5))),
    "an object that is said to be absent while it is there": history(
        ("create", 0, 1, ("ok", 5), "a"), ("delete", 2, 3, "absent")),
    "a version that falls": history(
        ("create", 0, 1, ("ok", 5), "a"), ("put", 2, 3, ("ok", 4), "b")),
    "a write that was refused is seen": history(
        ("create", 0, 1, ("ok", 5), "a"), ("swap", 2, 3, "conflict", "b", 4), ("read", 4, 5, ("b", 6))),
    "an unknown write that came and went": history(
        ("create", 0, 1, ("ok", 5), "a"), ("put", 2, NEVER, UNKNOWN, "b"), ("read", 4, 5, ("b", 6)),
        ("read", 6, 7, ("a", 5))),
    "one value under two versions": history(
        ("create", 0, 1, ("ok", 5), "a"), ("read", 2, 3, ("a", 5)), ("read", 4, 5, ("a", 6))),
}


def brute_force(operations):
    """The definition itself: some order of those answered and some of the others."""
    answered = [one for one in operations if one.answered != NEVER]
    others = [one for one in operations if one.answered == NEVER]
    for size in range(len(others) + 1):
        for some in itertools.combinations(others, size):
            for order in itertools.permutations(answered + list(some)):
                if any(order[j].answered < order[i].called for i in range(len(order)) for j in range(i + 1, len(order))):
                    continue
                versions = [known_version(one) for one in order if known_version(one)]
                if versions != sorted(versions):
                    continue
                states = {ABSENT}
                for one in order:
                    states = {after for state in states for after in step(state, one)}
                if states:
                    return True
    return False


def random_history(dice):
    rows, version = [], 0
    for number in range(dice.randint(2, 6)):
        called = dice.random() * 4
        answered = called + dice.random() * 2
        kind = dice.choice(["create", "put", "swap", "delete", "read", "read"])
        value = f"v{number}"
        version += 1
        answers = {
            "create": [("ok", version), "exists", UNKNOWN],
            "put": [("ok", version), "absent", UNKNOWN],
            "swap": [("ok", version), "conflict", "absent", UNKNOWN],
            "delete": ["ok", "absent", UNKNOWN],
            "read": [None, (f"v{dice.randrange(6)}", dice.randint(1, 6))],
        }
        answer = dice.choice(answers[kind])
        over = dice.randint(1, 5) if kind == "swap" else None
        rows.append(Operation(kind, called, NEVER if answer == UNKNOWN else answered, answer, value, over))
    return rows


def main():
    failures = [f"must pass: {name}: {linearizable(rows)}" for name, rows in GOOD.items() if linearizable(rows) is not None]
    failures += [f"must not pass: {name}" for name, rows in BAD.items() if linearizable(rows) is None]
    lost, kept = Operation("put", 2, NEVER, UNKNOWN, "b"), Operation("put", 4, NEVER, UNKNOWN, "c")
    told = resolved([lost, kept], {5: ("MODIFIED", "x", "c"), 6: ("DELETED", "x", "c")})
    if len(told) != 1 or told[0].answer != ("ok", 5) or told[0].answered != NEVER:
        failures.append(f"the log tells what became of writes without an answer: {told}")
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 20261125
    dice = random.Random(seed)
    passed = 0
    for _ in range(3000):
        rows = random_history(dice)
        verdict = linearizable(rows) is None
        passed += verdict
        if verdict != brute_force(rows):
            failures.append(f"seed {seed}: the checker says {verdict} of {rows}")
            break
    if passed in (0, 3000):
        failures.append(f"random histories teach nothing: {passed} of 3000 pass")
    for failure in failures:
        print(failure)
    print(f"{len(GOOD) + len(BAD)} histories as they should be, 3000 random ones as by brute force ({passed} pass)" if not failures else "FAILED")
    return 1 if failures else 0


sys.exit(main())
