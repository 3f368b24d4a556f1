#!/usr/bin/env python3
"""Who belongs, and where they are: the service `kubernetes` leads to every server that lives, a server whose address changed
is found again although it does not lead, and one that was removed knows it.

    belonging.py PROGRAMS FOLDER NAMESPACE
"""

import json
import sys
import time

from clients import MAPS
from cluster import NETWORK, Cluster
from telling import condition, expect, say


def listed(cluster, server):
    """Where the service `kubernetes` leads, by its Endpoints and by its EndpointSlice."""
    found = []
    for path in ("/api/v1/namespaces/default/endpoints/kubernetes",
                 "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"):
        status, text = cluster.ask(server, "GET", path)
        if status != 200:
            return None
        thing = json.loads(text)
        found.append(sorted([one["ip"] for part in thing.get("subsets", []) for one in part["addresses"]]
                            + [address for one in thing.get("endpoints", []) for address in one["addresses"]]))
    return found


def wait_listed(cluster, servers, seconds):
    wanted = sorted(one.address for one in servers)
    cluster.wait_until(f"the service to lead to {wanted}", seconds, lambda: listed(cluster, servers[0]) == [wanted, wanted])


def service_follows_servers(cluster):
    say("the service kubernetes leads to all servers, and not to one that is gone")
    servers = list(cluster.servers.values())
    wait_listed(cluster, servers, 10)
    gone = cluster.wait_leader()
    cluster.kill(gone)
    wait_listed(cluster, [one for one in servers if one is not gone], 15)
    cluster.start(gone)
    cluster.wait_ready(gone)
    wait_listed(cluster, servers, 15)


def ready_of(cluster, server, node):
    status, text = cluster.ask(server, "GET", f"/api/v1/nodes/{node}")
    return condition(json.loads(text), "Ready")


def silent_servers_are_missed(cluster):
    say("the node of a server lives while the leader hears that server, and is missed within 3 s when it does not")
    leader = cluster.wait_leader()
    gone = next(one for one in cluster.servers.values() if one is not leader)
    status, text = cluster.ask(leader, "POST", "/api/v1/nodes", {"metadata": {"name": gone.name}})
    expect(status == 201, text)
    status, text = cluster.ask(leader, "PATCH", f"/api/v1/nodes/{gone.name}/status", {
        "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Test", "message": ""}]}},
        content_type="application/merge-patch+json")
    expect(status == 200, text)
    cluster.kill(gone)
    began = time.monotonic()
    expect(ready_of(cluster, leader, gone.name) == "True", "it lived until then")
    cluster.wait_until(f"{gone.name} to be missed", 10, lambda: ready_of(cluster, leader, gone.name) == "Unknown")
    print(f"noticed after {time.monotonic() - began:.1f} s")
    expect(time.monotonic() - began < 3.5, "noticed in time")
    cluster.start(gone)
    cluster.wait_ready(gone)
    cluster.ask(leader, "DELETE", f"/api/v1/nodes/{gone.name}")


def address_changes(cluster):
    say("a server that does not lead comes back with another address")
    leader = cluster.wait_leader()
    moved, stays = [one for one in cluster.servers.values() if one is not leader]
    cluster.kill(moved)
    old, moved.address = moved.address, f"{NETWORK}.{100 + moved.number}"
    moved.run("ip", "addr", "del", f"{old}/24", "dev", "eth0")
    moved.run("ip", "addr", "add", f"{moved.address}/24", "dev", "eth0")
    moved.run("ip", "route", "replace", "default", "via", f"{NETWORK}.1", "dev", "eth0")
    cluster.start(moved)
    cluster.wait_ready(moved, 20)
    expect(cluster.wait_leader() is leader, "it was found without an election")
    status, text = cluster.ask(moved, "POST", MAPS, {"metadata": {"name": "from-elsewhere"}})
    expect(status == 201, f"it takes writes: {status} {text}")
    cluster.wait_until("the record to say so", 10,
                       lambda: f"{moved.address}:7443" in cluster.actctl(stays, "cluster", "members"))
    wait_listed(cluster, list(cluster.servers.values()), 15)
    # Both that stay go on with the new address when the one that wrote it down is gone.
    cluster.kill(leader)
    cluster.wait_until("another leader", 10, lambda: cluster.leader() not in (None, leader))
    status, text = cluster.ask(stays, "POST", MAPS, {"metadata": {"name": "after-that"}})
    expect(status == 201, f"the two form a majority: {status} {text}")
    cluster.start(leader)
    cluster.wait_ready(leader)


def removed_server_knows(cluster):
    say("a server that was removed while it was down knows it when it comes back")
    leader = cluster.wait_leader()
    removed = next(one for one in cluster.servers.values() if one is not leader)
    cluster.kill(removed)
    cluster.actctl(leader, "cluster", "remove", removed.name)
    cluster.start(removed)

    def says_so():
        try:
            status, text = cluster.ask(removed, "GET", "/readyz", timeout=2)
        except OSError:
            return False
        return status != 200 and "removed from the cluster" in text

    cluster.wait_until("/readyz to say so", 15, says_so)
    with open(removed.log) as log:
        lines = [line for line in log if "was removed from the cluster" in line]
    expect(len(lines) == 1 and " error " in lines[0], f"the log says so once: {lines}")
    term = cluster.metric(leader, "actord_store_term")
    wait_listed(cluster, [one for one in cluster.servers.values() if one is not removed], 15)
    expect(cluster.metric(leader, "actord_store_term") == term, "it disturbs nobody")
    cluster.kill(removed)
    cluster.remove_machine(removed)


def main():
    cluster = Cluster(sys.argv[1], sys.argv[2], sys.argv[3])
    try:
        say("a server begins, two join")
        cluster.begin(3)
        service_follows_servers(cluster)
        silent_servers_are_missed(cluster)
        address_changes(cluster)
        removed_server_knows(cluster)
    finally:
        cluster.end()
    say("done")


main()
