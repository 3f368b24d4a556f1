"""Clients of a cluster under fault: what they do, what they are told and when; and watches, that go to another server when
theirs fails."""

import http.client
import itertools
import json
import random
import threading
import time

from linearizable import NEVER, UNKNOWN, Operation

MAPS = "/api/v1/namespaces/default/configmaps"
FAILURES = (OSError, http.client.HTTPException, json.JSONDecodeError)


class Refused(str):
    """What a server said that did nothing."""


class Client(threading.Thread):
    """Creates, overwrites, swaps, deletes and reads a few objects through one server, one operation after the other."""

    serial = itertools.count(1)

    def __init__(self, cluster, server, keys, seed, stop, pause_s=0.0):
        super().__init__(daemon=True)
        self.cluster, self.server, self.keys, self.stop_event = cluster, server, keys, stop
        self.dice = random.Random(seed)
        self.pause_s = pause_s
        self.name = f"client {next(self.serial)} of {server.name}"
        self.history = {key: [] for key in keys}
        self.seen = {}
        self.last_answer = {}
        self.refused = {}  # value -> what was said; of reads too
        self.answered_at = []
        self.failure = None  # an answer that nothing explains
        self.connection = None

    def run(self):
        while not self.stop_event.is_set():
            self.operate(self.dice.choice(self.keys))
            if self.pause_s:
                time.sleep(self.dice.random() * self.pause_s)

    def ask(self, method, path, body=None, content_type="application/json"):
        if self.connection is None:
            self.connection = self.cluster.connect(self.server, 12)
        try:
            self.connection.request(method, path, None if body is None else json.dumps(body),
                                    {"content-type": content_type})
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except FAILURES:
            self.connection.close()
            self.connection = None
            raise

    def operate(self, key):
        kind = self.dice.choices(["read", "put", "swap", "create", "delete"], [4, 3, 3, 2, 1])[0]
        value = f"{self.name}/{next(self.serial)}"
        over = self.seen.get(key, 1) if kind == "swap" else None
        called = time.monotonic()
        try:
            answer = self.perform(kind, key, value, over)
        except FAILURES:
            time.sleep(0.05)
            answer = UNKNOWN
        answered = time.monotonic()
        if isinstance(answer, Refused):
            self.refused[value] = f"{kind} {key}: {answer}"
            return
        if answer == UNKNOWN and kind == "read":
            return
        if answer == UNKNOWN:
            answered = NEVER
        elif kind != "read":
            self.answered_at.append(answered)
        if kind == "read" and answer is not None:
            self.seen[key] = answer[1]
        self.history[key].append(Operation(kind, called, answered, answer, value, over, self.name))

    def perform(self, kind, key, value, over):
        path = f"{MAPS}/{key}"
        thing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": key}, "data": {"v": value}}
        if kind == "read":
            status, body = self.ask("GET", path)
        elif kind == "create":
            status, body = self.ask("POST", MAPS, thing)
        elif kind == "put":
            status, body = self.ask("PATCH", path, {"data": {"v": value}}, "application/merge-patch+json")
        elif kind == "swap":
            thing["metadata"]["resourceVersion"] = str(over)
            status, body = self.ask("PUT", path, thing)
        else:
            status, body = self.ask("DELETE", path)
        if status in (200, 201):
            if kind == "delete":
                return "ok"
            version = int(body["metadata"]["resourceVersion"])
            self.seen[key] = version
            return (body["data"]["v"], version) if kind == "read" else ("ok", version)
        if status == 404:
            return None if kind == "read" else "absent"
        if status == 409:
            return "exists" if kind == "create" else "conflict"
        if status in (429, 503):  # nothing was done, says the server
            return Refused(f"{status} {body}")
        if status == 504:
            return UNKNOWN
        self.failure = self.failure or f"{self.name}: {kind} {key} was answered {status}: {body}"
        return UNKNOWN


class Watcher(threading.Thread):
    """Follows all ConfigMaps from a version on, and goes on at another server where one fails it."""

    def __init__(self, cluster, servers, version, seed, stop):
        super().__init__(daemon=True)
        self.cluster, self.servers, self.stop_event = cluster, servers, stop
        self.dice = random.Random(seed)
        self.first = self.version = version
        self.events = []  # (version, type, name, value)
        self.moves = 0
        self.failure = None

    def run(self):
        while not self.stop_event.is_set():
            try:
                self.follow(self.dice.choice(self.servers))
            except FAILURES:
                pass
            self.moves += 1
            time.sleep(0.02)

    def follow(self, server):
        connection = self.cluster.connect(server, 3)
        try:
            seconds = self.dice.randint(2, 6)
            connection.request("GET", f"{MAPS}?watch=1&allowWatchBookmarks=true&resourceVersion={self.version}"
                                      f"&timeoutSeconds={seconds}")
            answer = connection.getresponse()
            if answer.status != 200:
                answer.read()
                return
            while line := answer.readline():
                event = json.loads(line)
                if not self.take(event):
                    return
        finally:
            connection.close()

    def take(self, event):
        kind, thing = event["type"], event["object"]
        if kind == "ERROR":
            # A server that was rebuilt from a snapshot has no history from before: another one has.
            if thing.get("code") != 410:
                self.failure = self.failure or f"a watch ended with {thing}"
            return False
        version = int(thing["metadata"]["resourceVersion"])
        if kind == "BOOKMARK":
            self.version = max(self.version, version)
            return True
        if version <= self.version:
            self.failure = self.failure or f"version {version} was delivered after {self.version}"
        self.version = version
        self.events.append((version, kind, thing["metadata"]["name"], thing.get("data", {}).get("v")))
        return True


def log_of(watchers):
    """What was committed, as the watches showed it: version -> (event, name, value). And what is wrong with them, or None:
    every watch delivered the same events in the same order, none left out."""
    log = {}
    for one in watchers:
        if one.failure:
            return log, one.failure
        for version, *what in one.events:
            if log.setdefault(version, what) != what:
                return log, f"version {version} was delivered as {what} and as {log[version]}"
    for one in watchers:
        mine = {event[0] for event in one.events}
        missing = [version for version in log if one.first < version <= one.version and version not in mine]
        if missing:
            return log, f"a watch that reached {one.version} never delivered {sorted(missing)[:5]}"
    return log, None


def check_refusals(clients, log):
    """Nothing that was refused is in the log. Returns what is wrong, or None."""
    for version, (event, name, value) in log.items():
        for one in clients:
            if value in one.refused:
                return f"version {version} is of a write that was refused: {one.refused[value]}"
    return None


def check_writes(watchers, log, history):
    """Everything that was acknowledged is in the log. Returns what is wrong, or None."""
    reached = min((one.version for one in watchers), default=0)
    for operation in history:
        if operation.kind in ("create", "put", "swap") and isinstance(operation.answer, tuple):
            version = operation.answer[1]
            if watchers[0].first < version <= reached and log.get(version, (0, 0, None))[2] != operation.value:
                return f"an acknowledged write is not in the log: {operation}; there is {log.get(version)}"
    return None
