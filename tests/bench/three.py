#!/usr/bin/env python3
"""What several servers of one cluster do, as whole daemons: each in a network namespace, over TLS, by a person's token.

    three.py PROGRAMS FOLDER NAMESPACE creates|followers|catchup [--seconds T] [--clients N] [--megabytes M]

Prints lines for people, and lines `figures NAME KEY=VALUE...` for the bench."""

import argparse
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from clients import MAPS  # noqa: E402
from cluster import Cluster  # noqa: E402

CREATE = """
local count, filler = 0, string.rep("x", {bytes})
local headers = {{["Authorization"] = "Bearer {token}", ["Content-Type"] = "application/json"}}
function request()
  count = count + 1
  return wrk.format("POST", "{maps}", headers,
                    string.format('{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{prefix}-%d"}},"data":{{"k":"%s"}}}}',
                                  count, filler))
end
"""


def token_of(server):
    with open(f"{server.data}/admin.kubeconfig") as config:
        return re.search(r'"token": *"([^"]+)"', config.read()).group(1)


def cpu_s(server):
    """Processor time that a daemon has used."""
    with open(f"/proc/{server.process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def create(cluster, server, prefix, clients, seconds, size):
    """As many objects as can be made in that time. Returns how many, how many a second, p50 and p99 as printed, failures."""
    script = f"{cluster.folder}/create.lua"
    with open(script, "w") as out:
        out.write(CREATE.format(bytes=size, token=token_of(server), maps=MAPS, prefix=prefix))
    text = subprocess.run(["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "--timeout", "30s", "-s", script,
                           f"https://{server.address}:6443"], stdout=subprocess.PIPE, text=True, check=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return (int(re.search(r"(\d+) requests in", text).group(1)), float(re.search(r"Requests/sec: *(\S+)", text).group(1)),
            re.search(r"50% *(\S+)", text).group(1), re.search(r"99% *(\S+)", text).group(1),
            int(failed.group(1)) if failed else 0)


def bench_creates(cluster, chosen):
    """Each is on the disks of two of three servers before it is answered."""
    cluster.begin(3)
    leader = cluster.wait_leader()
    create(cluster, leader, "warm", chosen.clients, 1, 900)
    before = {one.name: cpu_s(one) for one in cluster.servers.values()}
    count, rate, p50, p99, failed = create(cluster, leader, "made", chosen.clients, chosen.seconds, 900)
    cpu_us = {one.name: 1e6 * (cpu_s(one) - before[one.name]) / max(1, count) for one in cluster.servers.values()}
    print(f"creates at the leader, {chosen.clients} clients: {rate:.0f}/s, p50 {p50}, p99 {p99}, {failed} failed; processor time each: "
          + ", ".join(f"{name} {us:.0f} us" for name, us in cpu_us.items()))
    print(f"figures creates rate={rate:.0f} p99={p99} failed={failed} cpu_us={sum(cpu_us.values()):.0f}")
    follower = next(one for one in cluster.servers.values() if one is not leader)
    count, rate, p50, p99, failed = create(cluster, follower, "sent-on", chosen.clients, chosen.seconds, 900)
    print(f"creates through a follower, {chosen.clients} clients: {rate:.0f}/s, p50 {p50}, p99 {p99}, {failed} failed")
    print(f"figures creates-forwarded rate={rate:.0f} p99={p99} failed={failed}")


def get(server, path, seconds):
    """GETs over HTTP/2 by 8 connections of 32 streams. Returns how many a second succeeded."""
    text = subprocess.run(["h2load", "-c8", "-m32", "-D", str(seconds), "-H", f"Authorization: Bearer {token_of(server)}",
                           f"https://{server.address}:6443{path}"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(re.search(r"status codes: (\d+) 2xx", text).group(1)) / seconds


def bench_followers(cluster, chosen):
    """The same GET from the leader and from a follower, in turn, so that what else the machine does meets both alike."""
    cluster.begin(3)
    leader = cluster.wait_leader()
    follower = next(one for one in cluster.servers.values() if one is not leader)
    status, text = cluster.ask(leader, "POST", MAPS, {"metadata": {"name": "one"}, "data": {"k": "x" * 900}})
    assert status == 201, text
    # What was written is read and checked by everybody now and then; here it is to be read only.
    for what, path in (("any", f"{MAPS}/one?resourceVersion=0"), ("newest", f"{MAPS}/one")):
        rates, cpu_us = {leader: [], follower: []}, {leader: [], follower: []}
        for turn in range(6):
            server = (leader, follower)[turn % 2]
            before = {one: cpu_s(one) for one in cluster.servers.values()}
            rate = get(server, path, max(1, chosen.seconds // 3))
            count = rate * max(1, chosen.seconds // 3)
            rates[server].append(rate)
            cpu_us[server].append([1e6 * (cpu_s(one) - before[one]) / max(1, count) for one in (server, leader)])
        middle = {one: sorted(rates[one])[1] for one in rates}
        each = {one: [sorted(column)[1] for column in zip(*cpu_us[one])] for one in rates}
        percent = 100 * middle[follower] / middle[leader]
        print(f"GET of {what} version: leader {middle[leader]:.0f}/s ({each[leader][0]:.1f} us of its processor time each), follower "
              f"{middle[follower]:.0f}/s ({each[follower][0]:.1f} us, and {each[follower][1]:.1f} us of the leader's): {percent:.0f} %")
        print(f"figures {what} leader={middle[leader]:.0f} follower={middle[follower]:.0f} percent={percent:.0f} "
              f"leader_us={each[leader][0]:.1f} follower_us={each[follower][0]:.1f}")


def folder_bytes(folder):
    return sum(os.stat(os.path.join(path, name)).st_blocks * 512 for path, _, names in os.walk(folder) for name in names)


def time_to_vote(cluster, first, server, began, voters):
    """Until a new member holds everything, and counts."""
    cluster.wait_until(f"{server.name} to vote", 300, lambda: cluster.metric(first, "actord_store_voters") == voters)
    cluster.wait_ready(server, 60)
    return time.monotonic() - began


def bench_catchup(cluster, chosen):
    """A server joins one that holds much; another one is killed half way and goes on."""
    first = cluster.add_machine(1)
    cluster.start(first)
    cluster.wait_ready(first)
    cluster.context = cluster.make_context(first)
    began, made, size, batch = time.monotonic(), 0, 64 << 10, 0
    while made * size < chosen.megabytes << 20:
        batch += 1
        count, _, _, _, failed = create(cluster, first, f"fill-{batch}", 16, 2, size)
        made += count - failed
    state = made * size / 1e6
    print(f"{made} objects of 64 KiB, {state:.0f} MB, were written in {time.monotonic() - began:.0f} s", flush=True)
    joins = cluster.add_machine(2)
    began = time.monotonic()
    cluster.join(joins)
    whole = time_to_vote(cluster, first, joins, began, 2)
    print(f"a new member had {state:.0f} MB and voted after {whole:.1f} s", flush=True)
    resumes = cluster.add_machine(3)
    cluster.join(resumes)
    cluster.wait_until("half of it", 120, lambda: folder_bytes(f"{resumes.data}/store") > state * 1e6 / 2)
    cluster.kill(resumes)
    began = time.monotonic()
    cluster.start(resumes)
    rest = time_to_vote(cluster, first, resumes, began, 3)
    print(f"one that was killed half way voted {rest:.1f} s after it was started again")
    print(f"figures catchup megabytes={state:.0f} seconds={whole:.1f} resumed_s={rest:.1f}")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("programs")
    options.add_argument("folder")
    options.add_argument("namespace")
    options.add_argument("part", choices=["creates", "followers", "catchup"])
    options.add_argument("--seconds", type=int, default=8)
    options.add_argument("--clients", type=int, default=64)
    options.add_argument("--megabytes", type=int, default=1000)
    chosen = options.parse_args()
    cluster = Cluster(chosen.programs, chosen.folder, chosen.namespace, ["--controllers", "none"])
    try:
        {"creates": bench_creates, "followers": bench_followers, "catchup": bench_catchup}[chosen.part](cluster, chosen)
    finally:
        cluster.end()


if __name__ == "__main__":
    main()
