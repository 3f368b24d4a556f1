#!/usr/bin/env python3
"""Machines that only run pods: two workers join a server, run an application, are reached through the API, fall silent and
come back.

    workers.py PROGRAMS FOLDER NAMESPACE IMAGE.tar
"""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time

from cluster import Cluster, run
from telling import condition, expect, say

PODS = "/api/v1/namespaces/default/pods"


def get(cluster, path):
    status, text = cluster.ask(cluster.servers[1], "GET", path)
    return json.loads(text) if status == 200 else None


def node_is(cluster, worker, ready):
    node = get(cluster, f"/api/v1/nodes/{worker.name}")
    return node is not None and condition(node, "Ready") == ready


def pod(name, node):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
            "spec": {"nodeName": node, "terminationGracePeriodSeconds": 1,
                     "containers": [{"name": "web", "image": "hello:1",
                                     "env": [{"name": "GREETING", "valueFrom": {
                                         "configMapKeyRef": {"name": "greeting", "key": "text"}}}],
                                     "volumeMounts": [{"name": "secret", "mountPath": "/secret"}],
                                     "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}}],
                     "volumes": [{"name": "secret", "secret": {"secretName": "word"}}]}}


def create(cluster, path, body):
    status, text = cluster.ask(cluster.servers[1], "POST", path, body)
    expect(status == 201, f"POST {path}: {status} {text}")


def workers_join(cluster):
    say("two workers join, and are ready")
    workers = []
    for number in (2, 3):
        worker = cluster.add_machine(number, "worker")
        cluster.join(worker)
        workers.append(worker)
    for worker in workers:
        cluster.wait_until(f"{worker.name} to be ready", 40, lambda: node_is(cluster, worker, "True"))
    ranges = {get(cluster, f"/api/v1/nodes/{one.name}")["spec"]["podCIDR"] for one in workers}
    expect(len(ranges) == 2, f"each node has pod addresses of its own: {ranges}")
    roles = [get(cluster, f"/api/v1/nodes/{one.name}")["metadata"]["labels"] for one in workers]
    expect("node-role.kubernetes.io/control-plane" not in str(roles), "and none passes for a server")
    return workers


def pods_run(cluster, workers, image):
    say("pods run there, with what they name and nothing else")
    space = "/api/v1/namespaces/default"
    create(cluster, f"{space}/configmaps", {"metadata": {"name": "greeting"}, "data": {"text": "Good day"}})
    create(cluster, f"{space}/secrets", {"metadata": {"name": "word"}, "stringData": {"text": "open sesame"}})
    create(cluster, f"{space}/secrets", {"metadata": {"name": "other"}, "stringData": {"text": "none of yours"}})
    for worker in workers:
        print(cluster.actctl(cluster.servers[1], "image", "load", image, "--node", worker.name).strip())
        create(cluster, PODS, pod(f"on-{worker.name}", worker.name))
    for worker in workers:
        path = f"{PODS}/on-{worker.name}"
        cluster.wait_until(f"on-{worker.name} to be ready", 40, lambda: condition(get(cluster, path), "Ready") == "True")
    for worker in workers:
        held = cluster.actctl(worker, "debug", "store", f"{worker.data}/replica", "--table", "objects")
        expect("greeting" in held, f"{worker.name} holds what its pod names")
        expect("other" not in held, f"{worker.name} holds nothing else")


def pods_are_reached(cluster, workers):
    say("logs and commands through the server")
    server = cluster.servers[1]
    for worker in workers:
        log = cluster.actctl(server, "logs", f"on-{worker.name}")
        expect("serving on port 8080" in log, log)
        said = cluster.actctl(server, "exec", f"on-{worker.name}", "--", "cat", "/secret/text", "/www/index.html")
        expect("open sesame" in said and f"Good day from on-{worker.name}" in said, said)


def pods_meet(cluster, workers):
    say("pods of different machines reach each other, by address and by Service; nobody else speaks into their network")
    server = cluster.servers[1]
    here, there = (f"on-{worker.name}" for worker in workers)
    address = get(cluster, f"{PODS}/{there}")["status"]["podIP"]
    fetch = lambda host, port: cluster.actctl(server, "exec", here, "--", "sh", "-c",
                                              f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {host} {port}")
    expect(f"Good day from {there}" in fetch(address, 8080), "by address")
    create(cluster, "/api/v1/namespaces/default/services",
           {"metadata": {"name": "there"}, "spec": {"selector": {"app": there}, "ports": [{"port": 80, "targetPort": 8080}]}})
    service = get(cluster, "/api/v1/namespaces/default/services/there")["spec"]["clusterIP"]

    def served():
        try:
            return f"Good day from {there}" in fetch(service, 80)
        except RuntimeError:
            return False

    cluster.wait_until("the Service to lead to the other machine", 10, served)
    worker = workers[0]
    expect(f"Good day from {there}" in worker.run("wget", "-q", "-T", "5", "-O", "-", f"http://{address}:8080/"), "from the machine itself")
    chain = next(line.split()[1] for line in worker.run("iptables", "-S").splitlines() if line.startswith("-N ACTORD-actordt"))

    def dropped():
        rule = next(line for line in worker.run("iptables", "-w", "-nvxL", chain).splitlines() if "DROP" in line)
        return int(rule.split()[0])

    before = dropped()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"\x08" + bytes(60), (worker.address, 4789))
    cluster.wait_until("a stranger's packet to be dropped", 5, lambda: dropped() > before)


def requests_are_passed_on(cluster, workers):
    say("the server, which runs no pods, passes requests on to pods of other machines")
    server = cluster.servers[1]
    for worker in workers:
        name = f"on-{worker.name}"
        said = run(*kubectl(server, "get", "--raw", f"{PODS}/{name}:8080/proxy/"))
        expect(f"Good day from {name}" in said, said)
    there = f"on-{workers[1].name}"
    said = run(*kubectl(server, "get", "--raw", "/api/v1/namespaces/default/services/there/proxy/"))
    expect(f"Good day from {there}" in said, said)
    made = cluster.actctl(server, "exec", there, "--", "sh", "-c", "dd if=/dev/urandom of=/www/blob bs=1M count=3 2>/dev/null; md5sum /www/blob")
    connection = cluster.connect(server, 20)
    connection.request("GET", f"{PODS}/{there}:8080/proxy/blob")
    blob = connection.getresponse().read()
    connection.close()
    expect(hashlib.md5(blob).hexdigest() == made.split()[0], f"3 MB arrive as they are, not {len(blob)} bytes")
    said = run(*kubectl(server, "get", "--raw", f"{PODS}/{there}:81/proxy/"), check=False)
    expect("error trying to reach service" in said and "Connection refused" in said, said)


def kubectl(server, *words):
    program = [os.environ["KUBECTL"], "--cache-dir", f"{server.data}-cache", "--kubeconfig", f"{server.data}/admin.kubeconfig"]
    return server.inside(*program, *words)


def said_by(server, words, text, seconds, look=None, stdin=None):
    """Runs kubectl until what it says, or what `look` finds, contains the text; then ends it."""
    with open(f"{server.data}-said", "w+") as said:
        running = subprocess.Popen(kubectl(server, *words), stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT)
        try:
            if stdin:
                running.stdin.write(stdin)
                running.stdin.flush()

            def found():
                said.seek(0)
                return text in (look() if look else said.read())

            Cluster.wait_until(f"'{text}' of kubectl {' '.join(words)}", seconds, found)
        finally:
            running.kill()
            running.wait()
            running.stdin.close()


def streams_lead_to_other_machines(cluster, workers):
    say("kubectl attach, port-forward and cp through the server")
    server = cluster.servers[1]
    blob, back = f"{cluster.folder}/blob", f"{cluster.folder}/back"
    with open(blob, "wb") as out:
        out.write(os.urandom(3_000_000))
    for worker in workers:
        echo = f"echo-{worker.name}"
        create(cluster, PODS, {"metadata": {"name": echo}, "spec": {
            "nodeName": worker.name, "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "echo", "image": "hello:1", "stdin": True,
                            "command": ["sh", "-c", "while read line; do echo got $line; done; sleep 1000"]}]}})
        cluster.wait_until(f"{echo} to be ready", 30, lambda: condition(get(cluster, f"{PODS}/{echo}"), "Ready") == "True")
        said_by(server, ["attach", "-i", echo], f"got word for {worker.name}", 20,
                stdin=f"word for {worker.name}\n".encode())
        port = 18080 + worker.number
        said_by(server, ["port-forward", f"pod/on-{worker.name}", f"{port}:8080"], f"Good day from on-{worker.name}", 20,
                look=lambda: server.run("curl", "-s", "-m", "2", f"http://127.0.0.1:{port}/", check=False))
        said = run(*kubectl(server, "cp", blob, f"on-{worker.name}:/tmp/blob"), check=False)
        for _ in range(5):
            said += run(*kubectl(server, "cp", f"on-{worker.name}:/tmp/blob", back), check=False)
            expect(os.path.exists(back), f"a copy came back: {said}")
            with open(blob, "rb") as sent, open(back, "rb") as got:
                expect(sent.read() == got.read(), f"what was copied there and back is the same: {said}")
            os.remove(back)
        status, text = cluster.ask(server, "DELETE", f"{PODS}/{echo}")
        expect(status == 200, text)
    for worker in workers:
        cluster.wait_until("the echo to be gone", 20, lambda: get(cluster, f"{PODS}/echo-{worker.name}") is None)


def changes_arrive(cluster, workers):
    say("a Secret that changes is seen in the pod")
    server = cluster.servers[1]
    status, text = cluster.ask(server, "PATCH", "/api/v1/namespaces/default/secrets/word",
                               {"stringData": {"text": "other words"}}, content_type="application/merge-patch+json")
    expect(status == 200, text)
    name = f"on-{workers[0].name}"
    cluster.wait_until("the new words", 30, lambda: "other words" in cluster.actctl(server, "exec", name, "--", "cat",
                                                                                    "/secret/text"))


def silence_is_noticed(cluster, worker):
    say("a worker that is killed is not ready within 3 s, its pod goes on, and both are found again")
    path = f"{PODS}/on-{worker.name}"
    before = get(cluster, path)["status"]["containerStatuses"][0]
    cluster.kill(worker)
    began = time.monotonic()
    cluster.wait_until(f"{worker.name} to be missed", 10, lambda: node_is(cluster, worker, "Unknown"))
    print(f"noticed after {time.monotonic() - began:.1f} s")
    expect(time.monotonic() - began < 3.5, "noticed in time")
    cluster.wait_until("its pod to be not ready", 5, lambda: condition(get(cluster, path), "Ready") == "False")
    cluster.wait_until("the taint", 5, lambda: any(
        one["key"] == "node.kubernetes.io/unreachable"
        for one in get(cluster, f"/api/v1/nodes/{worker.name}")["spec"].get("taints", [])))
    cluster.start(worker)
    cluster.wait_until(f"{worker.name} to be ready again", 20, lambda: node_is(cluster, worker, "True"))
    cluster.wait_until("its pod to be ready again", 20, lambda: condition(get(cluster, path), "Ready") == "True")
    after = get(cluster, path)["status"]["containerStatuses"][0]
    expect(before["containerID"] == after["containerID"] and after["restartCount"] == 0, "the same container, never restarted")
    cluster.wait_until("the taints to go", 5, lambda: not get(cluster, f"/api/v1/nodes/{worker.name}")["spec"].get("taints"))


def removed_workers_stay_out(cluster, worker):
    say("a worker that was removed is refused")
    status, text = cluster.ask(cluster.servers[1], "DELETE", f"{PODS}/on-{worker.name}")
    expect(status == 200, text)
    cluster.wait_until("its pod to end", 20, lambda: get(cluster, f"{PODS}/on-{worker.name}") is None)
    cluster.wait_until("its Secret to leave the worker", 10, lambda: "word" not in cluster.actctl(
        worker, "debug", "store", f"{worker.data}/replica", "--table", "objects"))
    cluster.actctl(cluster.servers[1], "cluster", "remove", worker.name)
    cluster.wait_until(f"{worker.name} to be missed", 10, lambda: node_is(cluster, worker, "Unknown"))


def main():
    cluster = Cluster(sys.argv[1], sys.argv[2], sys.argv[3])
    try:
        cluster.begin(1)
        workers = workers_join(cluster)
        pods_run(cluster, workers, sys.argv[4])
        pods_are_reached(cluster, workers)
        pods_meet(cluster, workers)
        requests_are_passed_on(cluster, workers)
        streams_lead_to_other_machines(cluster, workers)
        changes_arrive(cluster, workers)
        silence_is_noticed(cluster, workers[0])
        removed_workers_stay_out(cluster, workers[1])
    finally:
        for server in cluster.servers.values():
            if os.path.exists(server.log):
                with open(server.log) as log:
                    print(f"==> {server.name}\n" + "".join(log.readlines()[-8:]), file=sys.stderr)
        cluster.end()
    say("done")


main()
