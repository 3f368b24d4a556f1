#!/usr/bin/env python3
"""Runs clients against three servers while faults happen to them, and checks what the clients saw. Every run prints the
parameters that repeat it: the same faults at the same times on the same clients; what the kernel does between them is its
own affair.

    run.py PROGRAMS FOLDER NAMESPACE [--runs N] [--seed S] [--fault NAME] [--seconds T] [--servers N] [--image hello.tar]

With an image there are two workers with pods beside the servers; what happens to the servers may not be felt there.
"""

import argparse
import json
import random
import statistics
import sys
import threading
import time

from clients import MAPS, Client, Watcher, check_refusals, check_writes, log_of
from cluster import Cluster
from linearizable import linearizable, resolved
from pods import Pods


def others(cluster, server):
    return [one for one in cluster.serving() if one is not server]


def follower(cluster, dice):
    return dice.choice(others(cluster, cluster.wait_leader()))


def killed(cluster, server, down_s):
    cluster.kill(server)
    time.sleep(down_s)
    cluster.start(server)


def kill_leader(cluster, dice):
    killed(cluster, cluster.wait_leader(), dice.uniform(0, 2))


def kill_follower(cluster, dice):
    killed(cluster, follower(cluster, dice), dice.uniform(0, 2))


def kill_all(cluster, dice):
    servers = cluster.serving()
    dice.shuffle(servers)
    for server in servers:
        cluster.kill(server)
    time.sleep(dice.uniform(0, 1))
    for server in servers:
        cluster.start(server)


def paused(cluster, server, dice):
    cluster.pause(server)
    time.sleep(dice.uniform(0.5, 4))
    cluster.resume(server)


def pause_leader(cluster, dice):
    paused(cluster, cluster.wait_leader(), dice)


def pause_follower(cluster, dice):
    paused(cluster, follower(cluster, dice), dice)


def cut(cluster, server, dice, way="both"):
    cluster.cut(server, others(cluster, server), way)
    time.sleep(dice.uniform(1, 4))
    cluster.heal()


def leader_alone(cluster, dice):
    cut(cluster, cluster.wait_leader(), dice)


def follower_alone(cluster, dice):
    cut(cluster, follower(cluster, dice), dice)


def halves(cluster, dice):
    """The leader and as many as leave a majority on the other side."""
    leader = cluster.wait_leader()
    rest = others(cluster, leader)
    dice.shuffle(rest)
    for minority in [leader, *rest[:len(rest) // 2 - 1]]:
        cluster.cut(minority, rest[len(rest) // 2 - 1:])
    time.sleep(dice.uniform(1, 4))
    cluster.heal()


def leader_is_not_heard(cluster, dice):
    cut(cluster, cluster.wait_leader(), dice, "out")


def leader_hears_nothing(cluster, dice):
    cut(cluster, cluster.wait_leader(), dice, "in")


def two_do_not_meet(cluster, dice):
    """A ring of three with one link cut: each still meets one of the others."""
    leader = cluster.wait_leader()
    cluster.cut(leader, [follower(cluster, dice)])
    time.sleep(dice.uniform(1, 4))
    cluster.heal()


def kill_worker(cluster, dice):
    killed(cluster, dice.choice(cluster.working()), dice.uniform(0, 3))


def pause_worker(cluster, dice):
    paused(cluster, dice.choice(cluster.working()), dice)


def worker_alone(cluster, dice):
    cut(cluster, dice.choice(cluster.working()), dice)


def worker_without_the_leader(cluster, dice):
    """It meets the other servers: its writes go through one of them."""
    cluster.cut(dice.choice(cluster.working()), [cluster.wait_leader()])
    time.sleep(dice.uniform(1, 4))
    cluster.heal()


def join_and_leave(cluster, dice):
    number = max(cluster.servers) + 1
    server = cluster.add_machine(number)
    cluster.join(server)
    cluster.wait_ready(server, 30)
    time.sleep(dice.uniform(0, 1))
    leader = cluster.wait_leader()
    cluster.actctl(leader, "cluster", "remove", server.name)
    cluster.kill(server)
    cluster.remove_machine(server)


FAULTS = {one.__name__: one for one in [
    kill_leader, kill_follower, kill_all, pause_leader, pause_follower, leader_alone, follower_alone, leader_is_not_heard,
    leader_hears_nothing, halves, two_do_not_meet, join_and_leave]}
WORKER_FAULTS = {one.__name__: one for one in [kill_worker, pause_worker, worker_alone, worker_without_the_leader]}


def one_run(cluster, pods, seed, fault, seconds):
    dice = random.Random(seed)
    servers = cluster.serving()
    stop, watch_stop = threading.Event(), threading.Event()
    keys = [f"run-{seed}-{index}" for index in range(4)]
    status, listed = cluster.ask(servers[0], "GET", MAPS)
    version = int(json.loads(listed)["metadata"]["resourceVersion"])
    clients = [Client(cluster, server, keys, dice.random(), stop, 0.05) for server in servers for _ in range(2)]
    watchers = [Watcher(cluster, servers, version, dice.random(), watch_stop) for _ in range(3)]
    for thread in clients + watchers:
        thread.start()
    time.sleep(dice.uniform(0.3, 1))
    began = time.monotonic()
    {**FAULTS, **WORKER_FAULTS}[fault](cluster, dice)
    time.sleep(max(0.0, seconds - (time.monotonic() - began)))
    for server in servers:
        cluster.wait_ready(server, 20)
    stop.set()
    for thread in clients:
        thread.join(30)
    # What is committed by now reaches every watch.
    status, made = cluster.ask(servers[0], "POST", MAPS, {"metadata": {"name": f"end-{seed}"}})
    if status != 201:
        return f"no write after the fault: {status} {made}", {}
    last = int(json.loads(made)["metadata"]["resourceVersion"])
    cluster.wait_until("the watches to catch up", 20, lambda: all(one.version >= last for one in watchers))
    watch_stop.set()
    history = {key: [operation for one in clients for operation in one.history[key]] for key in keys}
    everything = [operation for rows in history.values() for operation in rows]
    figures = {"operations": len(everything), "unknown": sum(one.answered == float("inf") for one in everything),
               "refused": sum(len(one.refused) for one in clients), "events": len(watchers[0].events),
               "gap_ms": round(1000 * longest_gap(clients, began - 0.3))}
    log, wrong = log_of(watchers)
    wrong = wrong or next((one.failure for one in clients if one.failure), None) or (pods and pods.check()) or check_refusals(clients, log) or check_writes(watchers, log, everything)
    if wrong:
        return wrong, figures
    for key, rows in history.items():
        unexplained = linearizable(resolved(rows, log))
        if unexplained is not None:
            return not_linearizable(key, rows, log, unexplained), figures
    return None, figures


def not_linearizable(key, rows, log, unexplained):
    told = [f"{key} is not linearizable; no order gets past:", *map(str, unexplained), "all of it:"]
    told += map(str, sorted(rows, key=lambda one: one.called))
    told += [f"version {version}: {what[0]} {what[2]}" for version, what in sorted(log.items()) if what[1] == key]
    return "\n".join(told)


def longest_gap(clients, since):
    """The longest time in which no write was acknowledged."""
    moments = sorted(moment for one in clients for moment in one.answered_at if moment >= since)
    return max((b - a for a, b in zip(moments, moments[1:])), default=float("nan"))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("programs")
    options.add_argument("folder")
    options.add_argument("namespace")
    options.add_argument("--runs", type=int, default=1)
    options.add_argument("--seed", type=int, default=20261125)
    options.add_argument("--fault", choices=sorted({**FAULTS, **WORKER_FAULTS}))
    options.add_argument("--image", help="of the pods of two workers; without it there are none")
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--servers", type=int, choices=[3, 5], default=3)
    chosen = options.parse_args()
    cluster = Cluster(chosen.programs, chosen.folder, chosen.namespace, [] if chosen.image else ["--controllers", "none"])
    failed, gaps = 0, {}
    try:
        cluster.begin(chosen.servers)
        pods = Pods(cluster, chosen.image, 2) if chosen.image else None
        names = list({**FAULTS, **WORKER_FAULTS} if pods else FAULTS)
        for number in range(chosen.runs):
            seed = chosen.seed + number
            fault = chosen.fault or names[number % len(names)]
            wrong, figures = one_run(cluster, pods, seed, fault, chosen.seconds)
            gaps.setdefault(fault, []).append(figures.get("gap_ms", float("nan")))
            print(f"{'FAILED' if wrong else 'ok'}: --fault {fault} --seed {seed} --seconds {chosen.seconds:g} "
                  + " ".join(f"{name}={value}" for name, value in figures.items()), flush=True)
            if wrong:
                print(wrong)
                failed += 1
    finally:
        cluster.end()
    for fault, all_ms in gaps.items():
        print(f"no write was acknowledged, {fault}: median {statistics.median(all_ms):.0f} ms, longest {max(all_ms):.0f} ms")
    print(f"{chosen.runs} runs, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
