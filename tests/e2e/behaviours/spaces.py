"""Namespaces to work in, pods without a machine, and somebody who says that they run."""
import threading
import time

from api import get, patch, post, request, wait_until


def new_space(name):
    """The path of a new namespace that is ready for pods."""
    post("/api/v1/namespaces", {"metadata": {"name": name}})
    space = f"/api/v1/namespaces/{name}"
    wait_until(lambda: get(space + "/serviceaccounts/default")[0] == 200)
    return space


def pod(name, labels=None, resources=None, **spec):
    container = {"name": "c", "image": "i"}
    if resources:
        container["resources"] = resources
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": dict(spec, containers=[container])}


def ready(space, name, address=None):
    """Says of a pod what its node would."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    status = {"phase": "Running", "startTime": now, "conditions": [
        {"type": kind, "status": "True", "lastTransitionTime": now} for kind in ("Ready", "ContainersReady", "PodScheduled")]}
    if address:
        status.update(podIP=address, podIPs=[{"ip": address}])
    return patch(f"{space}/pods/{name}/status", {"status": status})


class Node(threading.Thread):
    """Makes each new pod of a namespace ready, except those whose image is "broken"."""

    def __init__(self, space):
        super().__init__(daemon=True)
        self._space = space
        self._over = False
        self.start()

    def run(self):
        while not self._over:
            for one in get(self._space + "/pods")[1].get("items", []):
                waits = one["status"].get("phase") == "Pending" and "deletionTimestamp" not in one["metadata"]
                if waits and one["spec"]["containers"][0]["image"] != "broken":
                    ready(self._space, one["metadata"]["name"])
            time.sleep(0.05)

    def stop(self):
        self._over = True
        self.join()
