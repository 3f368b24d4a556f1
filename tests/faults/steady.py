#!/usr/bin/env python3
"""Three servers and a worker on a machine whose cores are never idle: nobody is to take anybody for dead. Clients write and
read through every server, and programs that do nothing but compute take what processor time is left.

    steady.py PROGRAMS FOLDER NAMESPACE [--minutes M] [--loaded N] [--busy N]

Fails when the term or the leader changed, when the worker's node was not Ready for a moment, or when a connection between
machines broke."""

import argparse
import json
import os
import re
import subprocess
import sys
import time

from clients import FAILURES
from cluster import Cluster

SCRIPT = """
local count = {seed}
function request()
  count = count + 1
  local number = math.floor(count / 2) % 500
  local path = "/api/v1/namespaces/default/configmaps/steady-" .. number
  local headers = {{["Authorization"] = "Bearer {token}", ["Content-Type"] = "application/apply-patch+yaml"}}
  if count % 2 == 1 then return wrk.format("GET", path .. "?resourceVersion=0", headers) end
  local body = string.format('{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"steady-%d"}},"data":{{"v":"%d"}}}}',
                             number, count)
  return wrk.format("PATCH", path .. "?fieldManager=steady&force=true", headers, body)
end
"""


def begin_load(cluster, server, seconds):
    with open(f"{server.data}/admin.kubeconfig") as config:
        token = re.search(r'"token": *"([^"]+)"', config.read()).group(1)
    script = f"{cluster.folder}/{server.name}.lua"
    with open(script, "w") as out:
        out.write(SCRIPT.format(seed=server.number * 100, token=token))
    # More clients wait than could ever be served at once; how long each waits is not the question here.
    return subprocess.Popen(server.inside("wrk", "-t1", "-c32", f"-d{seconds}s", "--timeout", "30s", "-s", script,
                                          f"https://{server.address}:6443"), stdout=subprocess.PIPE, text=True)


def waits(servers):
    """How long the threads of consensus and of the wire, and all others, waited for a core each time: nanoseconds, times."""
    urgent, others = [0, 0], [0, 0]
    for server in servers:
        for task in os.scandir(f"/proc/{server.process.pid}/task"):
            try:
                with open(f"{task.path}/comm") as name, open(f"{task.path}/schedstat") as stat:
                    sums = urgent if name.read().strip() in ("store", "peers") else others
                    _, waited, times = map(int, stat.read().split())
            except OSError:
                continue
            sums[0] += waited
            sums[1] += times
    return urgent, others


def node_state(cluster, server, worker):
    """The worker's Ready condition, and since when; None when the server does not answer in time."""
    try:
        status, text = cluster.ask(server, "GET", f"/api/v1/nodes/{worker.name}?resourceVersion=0", timeout=5)
    except FAILURES:
        return None
    ready = [one for one in json.loads(text).get("status", {}).get("conditions", []) if one["type"] == "Ready"] if status == 200 else []
    return (ready[0]["status"], ready[0]["lastTransitionTime"]) if ready else None


def broken_connections(cluster, sizes):
    """Lines of the logs, beyond what they had, that say that a connection between machines broke."""
    lines = []
    for server in cluster.servers.values():
        with open(server.log) as log:
            log.seek(sizes[server.number])
            lines += [f"{server.name}: {line.strip()}" for line in log if "is not connected" in line]
    return lines


def observe(cluster, worker, seconds):
    """Looks at everybody twice a second. Returns what was wrong."""
    wrong = set()
    leader = cluster.wait_leader()
    term = cluster.metric(leader, "actord_store_term")
    first = node_state(cluster, leader, worker)
    sizes = {one.number: os.path.getsize(one.log) for one in cluster.servers.values()}
    end, looks, slowest = time.monotonic() + seconds, 0, 0.0
    servers = [one for one in cluster.servers.values() if one.role == "server"]
    before = waits(servers)
    while time.monotonic() < end:
        for server in servers:
            began = time.monotonic()
            seen = cluster.metric(server, "actord_store_term")
            slowest = max(slowest, time.monotonic() - began)
            if seen is not None and seen != term:
                wrong.add(f"{server.name} is in term {seen:g} after {term:g}")
            if not server.alive():
                wrong.add(f"{server.name} ended")
        state = node_state(cluster, servers[looks % len(servers)], worker)
        if state is not None and state != first:
            wrong.add(f"{worker.name} was {first}, then {state}")
        looks += 1
        time.sleep(0.5)
    if cluster.wait_leader() is not leader:
        wrong.add("another server leads")
    wrong.update(broken_connections(cluster, sizes))
    urgent, others = [[b - a for a, b in zip(*two)] for two in zip(before, waits(servers))]
    print(f"looked {looks} times; {leader.name} led in term {term:g}; the slowest answer about a term took "
          f"{1000 * slowest:.0f} ms; load {os.getloadavg()[0]:.1f}; each wait for a core: consensus and wire "
          f"{urgent[0] / max(1, urgent[1]) / 1e6:.2f} ms, all other threads {others[0] / max(1, others[1]) / 1e6:.2f} ms", flush=True)
    return sorted(wrong)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("programs")
    options.add_argument("folder")
    options.add_argument("namespace")
    options.add_argument("--minutes", type=float, default=30)
    options.add_argument("--loaded", type=int, default=3, help="servers whose clients write and read")
    options.add_argument("--busy", type=int, default=2 * os.cpu_count(), help="programs that only compute")
    chosen = options.parse_args()
    seconds = max(10, int(60 * chosen.minutes))
    cluster = Cluster(chosen.programs, chosen.folder, chosen.namespace)
    helpers, wrong = [], []
    try:
        cluster.begin(3)
        worker = cluster.add_machine(4, "worker")
        cluster.join(worker)
        cluster.wait_until("the worker to be ready", 60,
                           lambda: (node_state(cluster, cluster.servers[1], worker) or [None])[0] == "True")
        servers = [one for one in cluster.servers.values() if one.role == "server"]
        loads = [begin_load(cluster, server, seconds + 5) for server in servers[:chosen.loaded]]
        helpers += loads
        helpers += [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(chosen.busy)]
        time.sleep(3)
        wrong = observe(cluster, worker, seconds)
        for load in loads:
            text = load.communicate(timeout=120)[0]
            print(" ".join(re.findall(r"\d+ requests in [^,]+|Requests/sec: *\S+|Non-2xx.*|Socket errors.*", text)))
    finally:
        for one in helpers:
            one.kill()
            one.wait()
        cluster.end()
    for line in wrong:
        print(f"WRONG: {line}")
    print(f"{seconds} s at full load: " + ("nobody was taken for dead" if not wrong else "FAILED"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
