"""A small client of the API for the semantics tests, and the checks they share. KUBECONFIG names the server."""
import base64
import http.client
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"

_config = json.load(open(os.environ["KUBECONFIG"]))
_server = _config["clusters"][0]["cluster"]
_host, _port = _server["server"].split("//")[1].split(":")
_token = _config["users"][0]["user"]["token"]
_context = ssl.create_default_context(cadata=base64.b64decode(_server["certificate-authority-data"]).decode())
_context.check_hostname = False
_failures = []
_count = 0


def connect(timeout=20):
    return http.client.HTTPSConnection(_host, int(_port), context=_context, timeout=timeout)


def request(method, path, body=None, kind="application/json", accept="application/json", headers=None):
    """Status code, parsed body (bytes when it is no JSON) and response."""
    connection = connect()
    sent = {"Authorization": "Bearer " + _token, "Accept": accept, "User-Agent": "semantics/1"}
    if body is not None:
        sent["Content-Type"] = kind
        body = body if isinstance(body, (str, bytes)) else json.dumps(body)
    sent.update(headers or {})
    connection.request(method, path, body=body, headers=sent)
    response = connection.getresponse()
    raw = response.read()
    connection.close()
    try:
        return response.status, json.loads(raw), response
    except ValueError:
        return response.status, raw, response


def get(path, **more):
    return request("GET", path, **more)[:2]


def post(path, body, **more):
    return request("POST", path, body, **more)[:2]


def put(path, body, **more):
    return request("PUT", path, body, **more)[:2]


def patch(path, body, kind=MERGE, **more):
    return request("PATCH", path, body, kind=kind, **more)[:2]


def apply(path, body, manager="a", force=False):
    return patch(f"{path}?fieldManager={manager}{'&force=true' if force else ''}", body, kind=APPLY)


def delete(path, body=None, **more):
    return request("DELETE", path, body, **more)[:2]


def watch(path, seconds=1.0, accept="application/json"):
    """Status code and the events that come within `seconds`; None marks the server's end of the stream."""
    connection = connect(seconds)
    connection.request("GET", path, headers={"Authorization": "Bearer " + _token, "Accept": accept})
    response = connection.getresponse()
    if response.status != 200:
        return response.status, [json.loads(response.read())]
    events = []
    end = time.time() + seconds
    try:
        while time.time() < end:
            line = response.readline()
            if not line:
                events.append(None)
                break
            events.append(json.loads(line))
    except OSError:
        pass
    connection.close()
    return response.status, events


class Watcher(threading.Thread):
    """Collects events in the background until `want` of them came."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.events = []
        self._path = path
        self.start()
        time.sleep(0.3)

    def run(self):
        connection = connect(30)
        connection.request("GET", self._path, headers={"Authorization": "Bearer " + _token})
        response = connection.getresponse()
        try:
            for line in response:
                self.events.append(json.loads(line))
        except OSError:
            pass

    def types(self, want, seconds=10):
        wait_until(lambda: len(self.events) >= want, seconds)
        return [event["type"] for event in self.events]


def wait_until(condition, seconds=10):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def names(listed):
    return [item["metadata"]["name"] for item in listed.get("items", [])]


def query(**options):
    return urllib.parse.urlencode(options)


def check(what, holds, seen=""):
    global _count
    _count += 1
    if not holds:
        _failures.append(what)
        print(f"FAILED: {what}: {str(seen)[:600]}")


def same(what, wanted, got):
    check(what, wanted == got, f"expected {wanted}, got {got}")


def finish():
    print(f"{_count} checks, {len(_failures)} failed")
    sys.exit(1 if _failures else 0)
