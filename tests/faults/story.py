#!/usr/bin/env python3
"""What a cluster of three is for, told in order: servers join, each takes writes and shows them, the leader dies and nobody
loses anything, and without a majority nothing is promised.

    story.py PROGRAMS FOLDER NAMESPACE
"""

import json
import sys
import threading
import time

from clients import FAILURES, MAPS, Watcher, log_of
from cluster import Cluster
from telling import expect, say


def thing(name, value="1"):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"v": value}}


def version_of(text):
    return int(json.loads(text)["metadata"]["resourceVersion"])


def writes_everywhere(cluster):
    say("each server takes every kind of write, and shows it at once from its own copy")
    for server in cluster.servers.values():
        name = f"by-{server.name}"

        def ask(method, path, body=None, code=200, **options):
            status, text = cluster.ask(server, method, path, body, **options)
            expect(status == code, f"{method} {path} through {server.name}: {status} {text}")
            return text

        ask("POST", MAPS, thing(name), 201)
        expect('"v":"1"' in ask("GET", f"{MAPS}/{name}?resourceVersion=0"), "a client reads its own write")
        ask("PATCH", f"{MAPS}/{name}", {"data": {"v": "2"}}, content_type="application/merge-patch+json")
        expect('"v":"2"' in ask("GET", f"{MAPS}/{name}?resourceVersion=0"), "a client reads its own patch")
        ask("POST", MAPS, thing(name), 409)
        ask("PUT", f"{MAPS}/{name}", thing(name, "3"))
        ask("POST", "/api/v1/namespaces/default/serviceaccounts/default/token",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}, 201)
        ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
             "spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}, 201)
        ask("DELETE", f"{MAPS}/{name}")
        ask("GET", f"{MAPS}/{name}", code=404)
        ask("DELETE", MAPS + "?labelSelector=nothing%3Dhas-it")
        for other in cluster.servers.values():
            ask("POST", MAPS, thing(f"{name}-for-{other.name}"), 201)
            status, text = cluster.ask(other, "GET", f"{MAPS}/{name}-for-{other.name}")
            expect(status == 200, f"{other.name} knows what {server.name} acknowledged: {status} {text}")
        future = version_of(ask("GET", f"{MAPS}?limit=1")) + 1_000_000
        text = ask("GET", f"{MAPS}?resourceVersion={future}", code=504)
        expect("Too large resource version" in text, text)


def leader_dies(cluster):
    say("the leader is killed: writes go on, watches miss nothing, what was acknowledged is there")
    servers = list(cluster.servers.values())
    version = version_of(cluster.ask(servers[0], "GET", MAPS)[1])
    stop, watch_stop = threading.Event(), threading.Event()
    watchers = [Watcher(cluster, servers, version, number, watch_stop) for number in range(3)]
    for one in watchers:
        one.start()
    leader = cluster.wait_leader()
    alive = [one for one in servers if one is not leader]
    acknowledged, gaps = {}, []

    def write(server):
        last, number = time.monotonic(), 0
        while not stop.is_set():
            name, number = f"{server.name}-{number}", number + 1
            try:
                status, text = cluster.ask(server, "POST", MAPS, thing(name), timeout=12)
            except FAILURES:
                continue
            if status == 201:
                acknowledged[name] = version_of(text)
                gaps.append(time.monotonic() - last)
                last = time.monotonic()
            else:
                expect(status in (503, 504), f"{status} {text}")

    writers = [threading.Thread(target=write, args=(server,), daemon=True) for server in alive]
    for one in writers:
        one.start()
    time.sleep(1)
    cluster.kill(leader)
    time.sleep(3)
    next_leader = cluster.wait_leader()
    expect(next_leader is not leader, "another server leads")
    cluster.start(leader)
    cluster.wait_ready(leader)
    stop.set()
    for one in writers:
        one.join()
    last = max(acknowledged.values())
    cluster.wait_until("the watches to catch up", 20, lambda: all(one.version >= last for one in watchers))
    watch_stop.set()
    print(f"the longest wait for a write: {1000 * max(gaps):.0f} ms; {len(acknowledged)} were acknowledged")
    expect(max(gaps) < 2, "writes go on within 2 s, however busy the machine")
    for server in servers:
        names = {one["metadata"]["name"] for one in json.loads(cluster.ask(server, "GET", MAPS)[1])["items"]}
        lost = set(acknowledged) - names
        expect(not lost, f"{server.name} lost {sorted(lost)[:5]}")
    wrong = log_of(watchers)[1]
    expect(wrong is None, wrong)
    seen = {event[0] for event in watchers[0].events}
    expect(set(acknowledged.values()) <= seen, "every acknowledged write was delivered")


def majority_lost(cluster):
    say("without a majority a server says so, in bounded time, and shows nothing as new")
    servers = list(cluster.servers.values())
    for server in servers[1:]:
        cluster.kill(server)
    cluster.wait_until("the last server to notice", 10, lambda: not cluster.is_ready(servers[0]))
    for method, path, body in [("POST", MAPS, thing("lost")), ("GET", MAPS, None), ("GET", MAPS + "?resourceVersion=0", None)]:
        began = time.monotonic()
        status, text = cluster.ask(servers[0], method, path, body, timeout=15)
        expect(status in (503, 504), f"{method} {path}: {status} {text}")
        expect(time.monotonic() - began < 10, f"{method} {path} took {time.monotonic() - began:.1f} s")
    status, text = cluster.ask(servers[0], "GET", "/readyz")
    expect("leader" in text, f"/readyz says what is lacking: {text}")
    for server in servers[1:]:
        cluster.start(server)
    for server in servers:
        cluster.wait_ready(server)
    status, text = cluster.ask(servers[0], "POST", MAPS, thing("again"))
    expect(status == 201, f"writes work again: {status} {text}")


def main():
    cluster = Cluster(sys.argv[1], sys.argv[2], sys.argv[3])
    try:
        say("a server begins, two join")
        cluster.begin(3)
        writes_everywhere(cluster)
        leader_dies(cluster)
        majority_lost(cluster)
    finally:
        cluster.end()
    say("done")


main()
