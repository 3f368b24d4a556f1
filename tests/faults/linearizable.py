"""Whether what clients saw of one object is explained by some order of their operations, each taking effect at one moment
between its call and its answer (Wing and Gong's search, with Lowe's memory of what was tried).

An object is absent, or has a value and a version. Values are never written twice. An operation is

    create(value)        -> ("ok", version) | "exists" | unknown
    put(value)           -> ("ok", version) | "absent" | unknown            writes over whatever is there
    swap(value, version) -> ("ok", version) | "conflict" | "absent" | unknown   only over that version
    delete()             -> "ok" | "absent" | unknown
    read()               -> None | (value, version)

`unknown` is an operation without an answer: it took effect at any later moment, or never.
"""

UNKNOWN = "unknown"
NEVER = float("inf")


class Operation:
    __slots__ = ("kind", "value", "over", "answer", "called", "answered", "client")

    def __init__(self, kind, called, answered, answer, value=None, over=None, client=None):
        self.kind, self.value, self.over, self.answer = kind, value, over, answer
        self.called, self.answered, self.client = called, answered, client

    def __repr__(self):
        over = "" if self.over is None else f" over {self.over}"
        return f"[{self.called:.3f}..{self.answered:.3f}] {self.client}: {self.kind} {self.value}{over} -> {self.answer}"


ABSENT = (None, 0)  # value and version; version 0 of something that is there: not known yet


def written(state, value, answer):
    """The state after a write of `value`, if the answer may be its answer."""
    if answer == UNKNOWN:
        return (value, 0)
    version = answer[1]
    return (value, version) if version > state[1] else None


def step(state, operation):
    """The states after `operation` took effect in `state`; none when it cannot have got its answer there."""
    kind, answer = operation.kind, operation.answer
    value, version = state
    if kind == "read":
        if answer is None:
            return [state] if value is None else []
        if answer[0] != value or version not in (0, answer[1]):
            return []
        return [answer]
    if kind == "delete":
        if answer == "absent":
            return [state] if value is None else []
        return [ABSENT] if value is not None else ([state] if answer == UNKNOWN else [])
    if kind == "create":
        if answer == "exists":
            return [state] if value is not None else []
        if value is not None:
            return [state] if answer == UNKNOWN else []
    if kind in ("put", "swap"):
        if answer == "absent":
            return [state] if value is None else []
        if value is None:
            return [state] if answer == UNKNOWN else []
    if kind == "swap":
        same = version == operation.over
        if answer == "conflict":
            return [state] if not same else []
        if version != 0 and not same:
            return [state] if answer == UNKNOWN else []
    after = written(state, operation.value, answer)
    return [] if after is None else [after]


def known_version(operation):
    """Of a write that is known to have taken effect, else 0."""
    wrote = operation.kind in ("create", "put", "swap") and isinstance(operation.answer, tuple)
    return operation.answer[1] if wrote else 0


def resolved(history, log):
    """The history with what the log of committed events tells about operations without an answer: a value that is in it
    was written, under that version, and one that is not never was. `log`: version -> (event, name, value); a removal shows
    the last value once more."""
    versions = {value: version for version, (event, name, value) in log.items() if event != "DELETED"}
    out = []
    for one in history:
        if one.answer == UNKNOWN and one.kind in ("create", "put", "swap"):
            if one.value not in versions:
                continue
            one = Operation(one.kind, one.called, NEVER, ("ok", versions[one.value]), one.value, one.over, one.client)
        out.append(one)
    return out


def linearizable(history, limit=2_000_000):
    """None when some order explains the history, else the operations that no order got past. Raises when the search
    takes more than `limit` steps."""
    operations = sorted(history, key=lambda one: one.called)
    count = len(operations)
    must = 0  # those with an answer must take effect
    for index, one in enumerate(operations):
        if one.answer != UNKNOWN:
            must |= 1 << index
    # Versions rise: a write waits for those with lower ones.
    before, lower = [0] * count, 0
    for index in sorted((i for i in range(count) if known_version(operations[i])), key=lambda i: known_version(operations[i])):
        before[index] = lower
        lower |= 1 << index
    tried = set()
    stack = [(0, ABSENT)]
    furthest, steps = 0, 0
    while stack:
        done, state = stack.pop()
        if done & must == must:
            return None
        if (done, state) in tried:
            continue
        tried.add((done, state))
        steps += 1
        if steps > limit:
            raise RuntimeError(f"no verdict after {limit} steps on {count} operations")
        if bin(done & must).count("1") > bin(furthest & must).count("1"):
            furthest = done
        # Whatever was called after another one was answered comes after it.
        earliest_answer = min(operations[i].answered for i in range(count) if not done >> i & 1)
        next_steps = []
        for index, one in enumerate(operations):
            if done >> index & 1 or before[index] & ~done:
                continue
            if one.called > earliest_answer:
                break
            after = step(state, one)
            if after == [state]:
                if one.answer == UNKNOWN:
                    continue  # as good as never
                # What changes nothing and may come now, may as well come first.
                next_steps = [(done | 1 << index, state)]
                break
            next_steps.extend((done | 1 << index, reached) for reached in after)
        stack.extend(next_steps)
    left = [one for index, one in enumerate(operations) if not furthest >> index & 1]
    return left[:8]
