"""Pods on the workers of a cluster under fault: whatever happens to servers and connections, their containers go on."""

import http.client
import json

from telling import condition

PODS = "/api/v1/namespaces/default/pods"


def pod(name, node):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"nodeName": node, "terminationGracePeriodSeconds": 1,
                     "containers": [{"name": "web", "image": "hello:1",
                                     "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}}]}}


class Pods:
    """A pod that stays on each worker, and in each `check` one that comes and goes."""

    def __init__(self, cluster, image, workers):
        self.cluster, self.checks = cluster, 0
        for number in range(11, 11 + workers):
            worker = cluster.add_machine(number, "worker")
            cluster.join(worker)
        for worker in cluster.working():
            cluster.wait_until(f"{worker.name} to be ready", 40, lambda: self.node_is_ready(worker))
            cluster.actctl(cluster.serving()[0], "image", "load", image, "--node", worker.name)
            self.create(f"on-{worker.name}", worker)
        self.containers = {}
        for worker in cluster.working():
            self.wait_ready(f"on-{worker.name}")
            self.containers[worker] = self.container(worker)

    def get(self, path):
        """Through any server that answers; None when none does or there is no such object."""
        for server in self.cluster.serving():
            try:
                status, text = self.cluster.ask(server, "GET", path, timeout=5)
            except (OSError, http.client.HTTPException):
                continue
            if status == 200:
                return json.loads(text)
        return None

    def create(self, name, worker):
        status, text = self.cluster.ask(self.cluster.serving()[0], "POST", PODS, pod(name, worker.name))
        if status != 201:
            raise SystemExit(f"pod {name}: {status} {text}")

    def wait_ready(self, name):
        self.cluster.wait_until(f"pod {name} to be ready", 40,
                                lambda: condition(self.get(f"{PODS}/{name}") or {}, "Ready") == "True")

    def node_is_ready(self, worker):
        return condition(self.get(f"/api/v1/nodes/{worker.name}") or {}, "Ready") == "True"

    def container(self, worker):
        status = self.get(f"{PODS}/on-{worker.name}")["status"]["containerStatuses"][0]
        return status["containerID"], status["restartCount"]

    def check(self):
        """Once servers and network are well: what is wrong, or None."""
        for worker in self.cluster.working():
            try:
                self.cluster.wait_until(f"{worker.name} to be ready again", 30, lambda: self.node_is_ready(worker))
            except SystemExit as why:
                return f"{why}: {json.dumps(self.get(f'/api/v1/nodes/{worker.name}'))}"
            self.wait_ready(f"on-{worker.name}")
            if self.container(worker) != self.containers[worker]:
                return f"on-{worker.name} was {self.containers[worker]} and is {self.container(worker)}"
        self.checks += 1
        worker = self.cluster.working()[self.checks % len(self.cluster.working())]
        name = f"check-{self.checks}"
        self.create(name, worker)
        self.wait_ready(name)
        status, text = self.cluster.ask(self.cluster.serving()[0], "DELETE", f"{PODS}/{name}")
        if status != 200:
            return f"deleting pod {name}: {status} {text}"
        self.cluster.wait_until(f"pod {name} to be gone", 20, lambda: self.get(f"{PODS}/{name}") is None)
        return None
