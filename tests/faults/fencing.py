#!/usr/bin/env python3
"""Pods that may run once at most, on machines that nobody hears: their processes are gone before the API lets go of them.

    fencing.py PROGRAMS FOLDER NAMESPACE IMAGE.tar
"""

import hashlib
import json
import os
import sys
import time

from cluster import Cluster
from telling import condition, expect, say

SPACE = "/api/v1/namespaces/default"
PODS = f"{SPACE}/pods"
SPEC = {"terminationGracePeriodSeconds": 1, "containers": [{"name": "web", "image": "hello:1"}]}
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


class Story:
    def __init__(self, cluster, image):
        self.cluster, self.server = cluster, cluster.servers[1]
        self.workers = [cluster.add_machine(number, "worker") for number in (2, 3, 4)]
        for worker in self.workers:
            cluster.join(worker)
        for worker in self.workers:
            cluster.wait_until(f"{worker.name} to be ready", 40, lambda: self.node_ready(worker) == "True")
            cluster.actctl(self.server, "image", "load", image, "--node", worker.name)

    # ---- the API

    def get(self, path):
        status, text = self.cluster.ask(self.server, "GET", path)
        expect(status in (200, 404), text)
        return json.loads(text) if status == 200 else None

    def create(self, path, body):
        status, text = self.cluster.ask(self.server, "POST", path, body)
        expect(status == 201, f"POST {path}: {status} {text}")
        return json.loads(text)

    def patch(self, path, body):
        status, text = self.cluster.ask(self.server, "PATCH", path, body, content_type="application/merge-patch+json")
        expect(status == 200, text)

    def node_ready(self, worker):
        node = self.get(f"/api/v1/nodes/{worker.name}")
        return node and condition(node, "Ready")

    def pod(self, name, worker):
        return self.create(PODS, {"metadata": {"name": name, "labels": {"app": "web"}},
                                  "spec": {"nodeName": worker.name, **SPEC}})["metadata"]["uid"]

    def stateful_set(self, name):
        """A pod on each worker. Returns worker -> (name, uid) of its pod."""
        labels = {"app": name}
        apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"labelSelector": {"matchLabels": labels}, "topologyKey": "kubernetes.io/hostname"}]}}
        self.create("/apis/apps/v1/namespaces/default/statefulsets", {
            "metadata": {"name": name},
            "spec": {"serviceName": name, "replicas": len(self.workers), "podManagementPolicy": "Parallel",
                     "selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels}, "spec": {"affinity": apart, **SPEC}}}})
        names = [f"{name}-{ordinal}" for ordinal in range(len(self.workers))]
        for one in names:
            self.cluster.wait_until(f"{one} to run", 40, lambda: self.running(one))
        pods = {pod["spec"]["nodeName"]: pod["metadata"] for pod in map(self.pod_named, names)}
        return {worker: (pods[worker.name]["name"], pods[worker.name]["uid"]) for worker in self.workers}

    def pod_named(self, name):
        return self.get(f"{PODS}/{name}")

    def is_there(self, name, uid):
        """This very pod, not one that took its place."""
        pod = self.pod_named(name)
        return pod is not None and pod["metadata"]["uid"] == uid

    def running(self, name):
        status = (self.get(f"{PODS}/{name}") or {}).get("status", {})
        return any("running" in one["state"] for one in status.get("containerStatuses", []))

    # ---- the machines

    @staticmethod
    def processes(worker, uid, attempt=0):
        """Of the pod's containers, as the kernel has them."""
        containers = f"{worker.data}/containers"
        parent = "actord-" + hashlib.sha256(containers.encode()).hexdigest()[:8]
        sandbox = hashlib.sha256(f"{containers}\n{uid}\n{attempt}".encode()).hexdigest()[:32]
        found = []
        for root in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup/freezer", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup"):
            for folder, _, files in os.walk(f"{root}/{parent}/{sandbox}"):
                if "cgroup.procs" in files and not folder.endswith("/pause"):
                    with open(f"{folder}/cgroup.procs") as listed:
                        found += listed.read().split()
            if os.path.isdir(f"{root}/{parent}"):
                return found
        return found


def three_ways_to_be_silent(story):
    say("three workers fall silent: one is cut off, one daemon is killed, one is stopped")
    cluster = story.cluster
    fenced, staying = story.stateful_set("db"), story.stateful_set("stay")
    plain = {one: story.pod(f"web-{one.number}", one) for one in story.workers}
    for one in story.workers:
        cluster.wait_until(f"web-{one.number} to run", 40, lambda: story.running(f"web-{one.number}"))
        expect(story.processes(one, fenced[one][1]), f"{fenced[one][0]} is found on its machine")

    cut, killed, stopped = story.workers
    began = time.monotonic()
    cluster.cut(cut, [story.server])
    cluster.kill(killed)
    cluster.pause(stopped)
    for one in story.workers:
        cluster.wait_until(f"{one.name} to be missed", 10, lambda: story.node_ready(one) == "Unknown")
        for name in (fenced[one][0], f"web-{one.number}"):
            status, text = cluster.ask(story.server, "DELETE", f"{PODS}/{name}")
            expect(status == 200 and "deletionTimestamp" in text, text)
    ended, removed = {}, {}
    while len(removed) < len(fenced):
        expect(time.monotonic() - began < 75, f"all are removed in time: {removed}")
        for one, (name, uid) in fenced.items():
            # In this order: what ended just before it was removed is seen to have.
            gone = one not in removed and not story.is_there(name, uid)
            if one not in ended and not story.processes(one, uid):
                ended[one] = time.monotonic() - began
            if gone:
                removed[one] = time.monotonic() - began
        time.sleep(0.05)
    for one in story.workers:
        (name, uid), (stays, its_uid) = fenced[one], staying[one]
        print(f"{name}: processes gone after {ended.get(one, -1):.1f} s, out of the API after {removed[one]:.1f} s")
        expect(one in ended and ended[one] < removed[one], f"{name} ended before it was removed")
        expect(24 < ended[one] < 32, "it ended at its deadline, 30 s after its node was heard")
        expect(removed[one] - ended[one] > 8, "and was removed the grace and the margin later")
        cluster.wait_until(f"another {name}", 5, lambda: story.pod_named(name))
        expect(not story.processes(one, uid), "nothing of it came back")
        expect(not story.processes(one, its_uid), f"{stays} ended too")
        expect(story.is_there(stays, its_uid), f"{stays} is not being deleted, and stays")
        expect(story.processes(one, plain[one]), f"web-{one.number} goes on")
        kept = story.pod_named(f"web-{one.number}")
        expect(kept and kept["metadata"].get("deletionTimestamp"), f"web-{one.number} is Terminating until its node is back")

    say("the nodes come back: what was Terminating ends, what may run runs again")
    cluster.heal()
    cluster.start(killed)
    cluster.resume(stopped)
    for one in story.workers:
        cluster.wait_until(f"{one.name} to be ready", 30, lambda: story.node_ready(one) == "True")
        cluster.wait_until(f"web-{one.number} to be gone", 30, lambda: story.get(f"{PODS}/web-{one.number}") is None)
        expect(not story.processes(one, plain[one]), "its processes too")
        (name, uid), (stays, its_uid) = fenced[one], staying[one]
        cluster.wait_until(f"{stays} to run again", 40, lambda: story.processes(one, its_uid, 1) and story.running(stays))
        now = story.pod_named(stays)
        expect(now["metadata"]["uid"] == its_uid, "the same pod")
        expect(any(each["type"] == "actord.dev/Claimed" for each in now["status"]["conditions"]), "claimed by its node")
        expect(not story.processes(one, uid) and not story.processes(one, uid, 1), f"the removed {name} is not started again")
    for name, uid in fenced.values():
        cluster.wait_until(f"the new {name} to run", 40, lambda: story.running(name))
        expect(not story.is_there(name, uid), "it is another pod")
    return staying


def out_of_service(story, staying):
    say("a node that an administrator says is out of service loses its pods and attachments at once")
    cluster, worker = story.cluster, story.workers[1]
    story.pod("web-late", worker)
    cluster.wait_until("web-late to run", 30, lambda: story.running("web-late"))
    attachments = "/apis/storage.k8s.io/v1/volumeattachments"
    for name, node in (("here", worker.name), ("elsewhere", story.workers[0].name)):
        story.create(attachments, {"metadata": {"name": name}, "spec": {
            "attacher": "example.org", "nodeName": node, "source": {"persistentVolumeName": "any"}}})
    cluster.kill(worker)
    cluster.wait_until(f"{worker.name} to be missed", 10, lambda: story.node_ready(worker) == "Unknown")
    time.sleep(1)
    expect(story.get(f"{PODS}/web-late") is not None, "a plain pod stays")
    began = time.monotonic()
    node = story.get(f"/api/v1/nodes/{worker.name}")
    taints = node["spec"].get("taints", []) + [{"key": OUT_OF_SERVICE, "value": "nodeshutdown", "effect": "NoExecute"}]
    story.patch(f"/api/v1/nodes/{worker.name}", {"spec": {"taints": taints}})
    cluster.wait_until("its pods to go", 10, lambda: story.get(f"{PODS}/web-late") is None
                       and not story.is_there(*staying[worker]))
    cluster.wait_until("its attachment to go", 10, lambda: story.get(f"{attachments}/here") is None)
    print(f"after {time.monotonic() - began:.2f} s")
    expect(story.get(f"{attachments}/elsewhere") is not None, "the attachment of another node stays")


def main():
    cluster = Cluster(sys.argv[1], sys.argv[2], sys.argv[3])
    try:
        cluster.begin(1)
        story = Story(cluster, sys.argv[4])
        staying = three_ways_to_be_silent(story)
        out_of_service(story, staying)
    finally:
        for server in cluster.servers.values():
            if os.path.exists(server.log):
                with open(server.log) as log:
                    print(f"==> {server.name}\n" + "".join(log.readlines()[-8:]), file=sys.stderr)
        cluster.end()
    say("done")


main()
