#!/usr/bin/env python3
"""Sends some thousand wrong requests to a running API server and judges the answers.

Each must be answered with 4xx (or the connection ended, where that is right) within 100 ms; meanwhile slow clients are cut off
after their time; afterwards nothing is stored, the process has not grown and still answers.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter

import body_cases
import encoding_cases
import http1_cases
import http2_cases
import json_cases
import semantics_cases
import slow
import wire
import yaml_cases
from corpus import TARGET

ANSWER_LIMIT_S = 0.1
# Other programs share the machine: slow is what is slow each time, by as much as the processors are wanted more than once.
TRIES = 4


def answer_limit_s():
    return ANSWER_LIMIT_S * max(1.0, os.getloadavg()[0] / os.cpu_count())


GROWTH_LIMIT_KIB = 32 * 1024
TRIM_PATIENCE_S = 25
GOAWAY_LIMIT_S = 1.0


class Corpus:
    def __init__(self, options):
        self.port = options.port
        self.token = options.token
        self.pid = options.pid
        self.auth = f"Authorization: Bearer {options.token}\r\n".encode()
        self.kept = None
        self.failures = []
        self.counts = Counter()
        self.times = []

    # --- one case ---
    def ask(self, method, path, body=b"", type=None, headers=None):
        """One request on the kept connection: (code, headers, body) or None, and how long it took."""
        lines = {"Host": "a", **(headers or {})}
        if "Authorization" not in lines:
            lines["Authorization"] = f"Bearer {self.token}"
        if type is not None:
            lines["Content-Type"] = type
        if body or method not in ("GET",):
            lines["Content-Length"] = str(len(body))
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n"
        if self.kept is None or self.kept.closed:
            self.kept = wire.Connection(self.port)
        connection = self.kept
        connection.received = b""
        start = time.monotonic()
        connection.send(head.encode("latin-1") + body)
        connection.wait(lambda text: wire.split_answers(text))
        took = time.monotonic() - start
        answers = wire.split_answers(connection.received)
        if connection.closed or not answers or answers[0][1].get("connection") == "close":
            connection.close()
            self.kept = None
        return (answers[0] if answers else None), took

    def judge_request(self, case):
        for attempt in range(TRIES):
            answer, took = self.ask(case.method, case.path, case.body, case.type, case.headers)
            if answer is None:
                return "no answer", took
            code = answer[0]
            if not (code in case.codes if case.codes else 400 <= code < 500):
                self.undo(case, answer)
                return f"{code}: {answer[2][:300].decode('utf-8', 'replace')}", took
            if took <= answer_limit_s():
                return None, took
        return f"took {took * 1000:.0f} ms", took

    def undo(self, case, answer):
        """What should not have been stored must not hide what else would be."""
        if answer[0] == 201 and case.method == "POST":
            self.ask("DELETE", case.path.partition("?")[0] + "/" + json.loads(answer[2])["metadata"]["name"])
        if case.method == "DELETE":
            self.prepare()

    def judge_raw(self, case):
        connection = wire.Connection(self.port)
        start = time.monotonic()
        for piece in case.send:
            if piece is None:
                connection.end_output()
            else:
                connection.send(piece)
        done = (lambda text: False) if case.must_close else (lambda text: wire.split_answers(text))
        connection.wait(done, seconds=2)
        took = time.monotonic() - start
        connection.close()
        answers = wire.split_answers(connection.received)
        if not connection.closed and case.must_close:
            return f"the connection is kept, after {[a[0] for a in answers][:5]}", took
        if len(answers) > case.answers:
            return f"{len(answers)} answers: {[a[0] for a in answers][:5]}", took
        if answers and answers[0][0] in case.codes or not answers and case.closes:
            return None, took
        return f"answered {[a[0] for a in answers][:5]}", took

    def judge_http2(self, case):
        connection = wire.Connection(self.port, wire.HTTP2)
        connection.send(http2_cases.PREFACE + http2_cases.frame(http2_cases.SETTINGS))
        start = time.monotonic()
        for piece in case.send:
            connection.send(piece)
            if connection.closed:
                break
        connection.wait(lambda text: bool(self.endings(text, case)), seconds=GOAWAY_LIMIT_S)
        took = time.monotonic() - start
        connection.close()
        seen = self.endings(connection.received, case)
        if seen or connection.closed and "close" in case.ends:
            return None, took
        what = [(f[0], wire.status_of(f[3]) if f[0] == 1 else f[3][:8].hex()) for f in wire.frames(connection.received)]
        return f"saw {what[-5:]}", took

    @staticmethod
    def endings(text, case):
        seen = set()
        for type, _, _, payload in wire.frames(text):
            if type == http2_cases.GOAWAY:
                seen.add("goaway")
            elif type == http2_cases.RST:
                seen.add("reset")
            elif type == http2_cases.HEADERS:
                seen.add(wire.status_of(payload))
        return seen & set(case.ends)

    # --- the whole ---
    def run(self, name, cases, judge):
        start = time.monotonic()
        for case in cases:
            try:
                wrong, took = judge(case)
            except OSError as failure:
                wrong, took = f"{type(failure).__name__}: {failure}", 0
            self.counts[name] += 1
            self.times.append(took)
            if wrong:
                self.failures.append(f"{case.name}: {wrong}")
        print(f"{name}: {self.counts[name]} cases in {time.monotonic() - start:.1f} s, memory {self.resident_kib()} KiB", flush=True)

    def objects(self):
        """Every stored object with its version, but for what the server renews by itself."""
        found = {}
        roots = [("/api/v1", "")] + [(f"/apis/{g['preferredVersion']['groupVersion']}", g["name"]) for g in self.document("/apis")["groups"]]
        for root, _ in roots:
            for resource in self.document(root).get("resources", []):
                if "/" in resource["name"] or "list" not in resource["verbs"] or resource["name"] in ("events", "leases"):
                    continue
                for item in self.document(f"{root}/{resource['name']}").get("items") or []:
                    meta = item["metadata"]
                    found[f"{resource['name']} {meta.get('namespace', '')}/{meta['name']}"] = meta.get("resourceVersion")
        return found

    def document(self, path):
        answer, _ = self.ask("GET", path)
        return json.loads(answer[2]) if answer and answer[0] == 200 else {}

    def resident_kib(self):
        with open(f"/proc/{self.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))

    def growth(self, before):
        """Free memory is given back every few seconds."""
        end = time.monotonic() + TRIM_PATIENCE_S
        while self.resident_kib() - before > GROWTH_LIMIT_KIB and time.monotonic() < end:
            time.sleep(0.5)
        return self.resident_kib() - before

    def prepare(self):
        target = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "corpus-target"}, "data": {"k": "v"}}
        answer, _ = self.ask("POST", TARGET.rpartition("/")[0], json.dumps(target).encode(), "application/json")
        assert answer and answer[0] in (201, 409), answer

    def all(self):
        self.prepare()
        before = self.objects()
        slow_clients = slow.SlowClients(self.port, self.auth)
        # The largest bodies come first: what the process needs for them it may keep.
        self.run("bodies", body_cases.cases(), self.judge_request)
        self.run("json", json_cases.cases(), self.judge_request)
        resident = self.resident_kib()
        self.run("yaml", yaml_cases.cases(), self.judge_request)
        self.run("encoding", encoding_cases.cases(), self.judge_request)
        self.run("semantics", semantics_cases.cases(), self.judge_request)
        self.run("http1", http1_cases.cases(self.auth), self.judge_raw)
        self.run("http2", http2_cases.cases(f"Bearer {self.token}".encode()), self.judge_http2)
        self.failures += slow_clients.judge()
        self.counts["slow"] = slow_clients.count
        grown = self.growth(resident)
        if grown > GROWTH_LIMIT_KIB:
            self.failures.append(f"the process has grown by {grown} KiB")
        after = self.objects()
        for key in before.keys() | after.keys():
            if before.get(key) != after.get(key):
                self.failures.append(f"stored: {key}: {before.get(key)} became {after.get(key)}")
        answer, _ = self.ask("GET", "/readyz")
        if not answer or answer[2] != b"ok":
            self.failures.append("the server does not answer any more")
        self.times.sort()
        print(f"load {os.getloadavg()[0]:.1f}; {sum(self.counts.values())} cases, {len(self.failures)} failed; p50 {self.times[len(self.times) // 2] * 1000:.1f} ms, "
              f"p99 {self.times[len(self.times) * 99 // 100] * 1000:.1f} ms; memory {grown:+d} KiB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--pid", type=int, required=True)
    corpus = Corpus(parser.parse_args())
    corpus.all()
    for failure in corpus.failures:
        print("FAILED:", failure[:400])
    if sum(corpus.counts.values()) < 2000:
        print("FAILED: fewer than 2,000 cases")
        return 1
    return 1 if corpus.failures else 0


sys.exit(main())
