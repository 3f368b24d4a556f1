"""What all stories of clusters tell with, and read objects by."""


def say(text):
    print(f"--- {text}", flush=True)


def expect(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def condition(thing, name):
    """The status of a condition of an object; None when it has none of that name."""
    return next((one["status"] for one in thing.get("status", {}).get("conditions", []) if one["type"] == name), None)
