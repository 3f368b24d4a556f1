#!/usr/bin/env python3
"""How long nobody can write when the leader of three servers is killed, stands still or is cut off one way.

    failover.py PROGRAMS FOLDER NAMESPACE [--times N] [--fault NAME]... [--flags "FLAG..."]

Each server that stays has a client that writes one object after the other over one connection. The gap of one fault is the
longest time between two answers of one of them, around the fault: what the unluckiest client notices. One line for each
fault, and then one for each kind: `figures KIND times=N p50_ms=.. max_ms=..`."""

import argparse
import json
import os
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from clients import FAILURES, MAPS  # noqa: E402
from cluster import Cluster  # noqa: E402


class Writer(threading.Thread):
    """Overwrites one object through one server and notes when each write was acknowledged."""

    def __init__(self, cluster, server, stop):
        super().__init__(daemon=True)
        self.cluster, self.server, self.stop_event = cluster, server, stop
        self.acknowledged = []
        self.refused = 0

    def run(self):
        path = f"{MAPS}/written-by-{self.server.name}?fieldManager=bench&force=true"
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"written-by-{self.server.name}"}}
        connection, count = None, 0
        while not self.stop_event.is_set():
            count += 1
            body["data"] = {"v": str(count)}
            try:
                connection = connection or self.cluster.connect(self.server, 12)
                connection.request("PATCH", path, json.dumps(body), {"content-type": "application/apply-patch+yaml"})
                answer = connection.getresponse()
                answer.read()
            except FAILURES:
                connection.close()
                connection = None
                self.refused += 1
                continue
            if answer.status in (200, 201):
                self.acknowledged.append(time.monotonic())
            else:
                self.refused += 1
            self.stop_event.wait(0.002)


def killed(cluster, leader, writers):
    cluster.kill(leader)
    wait_for_writes(writers)
    cluster.start(leader)


def paused(cluster, leader, writers):
    cluster.pause(leader)
    wait_for_writes(writers)
    cluster.resume(leader)


def cut(way):
    def fault(cluster, leader, writers):
        cluster.cut(leader, [one for one in cluster.servers.values() if one is not leader], way)
        wait_for_writes(writers)
        cluster.heal()

    return fault


FAULTS = {"kill": killed, "pause": paused, "not-heard": cut("out"), "hears-nothing": cut("in"), "alone": cut("both")}


def wait_for_writes(writers):
    """Until every client was answered, well after the fault."""
    since = time.monotonic()
    Cluster.wait_until("writes after the fault", 20,
                       lambda: all(one.acknowledged and one.acknowledged[-1] > since + 0.1 for one in writers)
                       and time.monotonic() > since + 1.5)


def one_fault(cluster, kind):
    leader = cluster.wait_leader()
    stop = threading.Event()
    writers = [Writer(cluster, server, stop) for server in cluster.servers.values() if server is not leader]
    for one in writers:
        one.start()
    Cluster.wait_until("writes", 20, lambda: all(len(one.acknowledged) > 5 for one in writers))
    time.sleep(0.3)
    began = time.monotonic()
    FAULTS[kind](cluster, leader, writers)
    stop.set()
    for one in writers:
        one.join()
    gaps = []
    for one in writers:
        moments = [moment for moment in one.acknowledged if moment > began - 0.2]
        gaps.append(1000 * max(b - a for a, b in zip(moments, moments[1:])))
    for server in cluster.servers.values():
        cluster.wait_ready(server, 30)
    time.sleep(1)
    return max(gaps), sum(one.refused for one in writers)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("programs")
    options.add_argument("folder")
    options.add_argument("namespace")
    options.add_argument("--times", type=int, default=10)
    options.add_argument("--fault", choices=sorted(FAULTS), action="append")
    options.add_argument("--flags", default="")
    chosen = options.parse_args()
    cluster = Cluster(chosen.programs, chosen.folder, chosen.namespace, chosen.flags.split())
    try:
        cluster.begin(3)
        for kind in chosen.fault or FAULTS:
            gaps = []
            for _ in range(chosen.times):
                gap, refused = one_fault(cluster, kind)
                gaps.append(gap)
                print(f"{kind}: no write for {gap:.0f} ms, {refused} refused", flush=True)
            print(f"figures {kind} times={len(gaps)} p50_ms={statistics.median(gaps):.0f} max_ms={max(gaps):.0f}", flush=True)
    finally:
        cluster.end()


if __name__ == "__main__":
    main()
