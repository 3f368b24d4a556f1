#!/usr/bin/env python3
"""A webhook server for the tests: what it answers depends on the path it is called by. Every review is written down.

usage: hooks.py ADDRESS PORT CERTIFICATE KEY LOG
"""
import base64, http.server, json, ssl, sys, threading, time

address, port, certificate, key, log_path = sys.argv[1:]
log_lock = threading.Lock()


def patch(operations):
    return {"allowed": True, "patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(operations).encode()).decode()}


def deny(message, **more):
    return {"allowed": False, "status": {"message": message, **more}}


def add_data(key, value, needs=None):
    def answer(request):
        data = (request["object"] or {}).get("data") or {}
        if needs and data.get(needs) != "yes":
            return {"allowed": True}
        if not (request["object"] or {}).get("data"):
            return patch([{"op": "add", "path": "/data", "value": {key: value}}])
        return patch([{"op": "add", "path": f"/data/{key}", "value": value}])
    return answer


def policy(request):
    """Pods with a bad name, ConfigMaps with bad data and a pod that makes the server hang."""
    name, kind, shown = request.get("name", ""), request["kind"]["kind"], request["object"] or {}
    if kind == "Pod" and name == "hanging":
        time.sleep(20)
    if kind == "Pod" and any("unwanted" in c["image"] for c in shown["spec"]["containers"]):
        return deny("the pod contains unwanted container image", reason="Forbidden", code=403)
    if (shown.get("data") or {}).get("bad") == "yes":
        return deny("the configmap contains unwanted key and value", code=418, reason="Teapot", details={"kind": "pots"})
    return {"allowed": True, "warnings": [f"looked at {name}"], "auditAnnotations": {"seen": "yes"}}


def attach(request):
    if request["name"] == "guarded" and request["object"].get("stdin") and request["object"].get("container") == "main":
        return deny("attaching to pod 'guarded' is not allowed")
    return {"allowed": True}


def custom(request):
    shown = request["object"] or request["oldObject"]
    bad = (shown.get("spec") or {}).get("bad") == "yes"
    return deny(f"{request['operation']} of a bad thing") if bad else {"allowed": True}


def slow(request):
    time.sleep(3)
    return {"allowed": True}


def thoughtful(request):
    time.sleep(18)
    return {"allowed": True}


def unlabelled(request):
    labels = request["object"]["metadata"].get("labels") or {}
    return patch([{"op": "add", "path": "/metadata/labels", "value": {**labels, "seen": str(int(labels.get("seen", 0)) + 1)}}])


answers = {
    "/policy": policy,
    "/deny": lambda request: deny(f"no {request['operation']} of {request['resource']['resource']}"),
    "/nothing": lambda request: {"allowed": False},
    "/attach": attach,
    "/custom": custom,
    "/slow": slow,
    "/thoughtful": thoughtful,
    "/first": add_data("first", "yes", needs="start"),
    "/second": add_data("second", "yes", needs="first"),
    "/third": add_data("third", "yes"),
    "/count": unlabelled,
    "/init": lambda request: patch([{"op": "add", "path": "/spec/initContainers", "value": [{"name": "added", "image": "hello:1", "resources": {}}]}]),
    "/fields": lambda request: patch([{"op": "add", "path": "/spec/kept", "value": "yes"}, {"op": "add", "path": "/spec/pruned", "value": "yes"}]),
    "/ownership": lambda request: patch([{"op": "replace", "path": "/metadata/managedFields", "value": [{"manager": "x", "operation": "Nothing"}]}]),
    "/broken": lambda request: patch([{"op": "replace", "path": "/none/such", "value": 1}]),
    "/space": lambda request: patch([{"op": "replace", "path": "/metadata/namespace", "value": "elsewhere"}]),
    "/warn": lambda request: {"allowed": True, "warnings": ["mind the gap"]},
    "/allow": lambda request: {"allowed": True},
}


class handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["content-length"])))
        path = self.path.split("?")[0]
        with log_lock, open(log_path, "a") as log:
            log.write(json.dumps({"path": self.path, "review": review}) + "\n")
        if path == "/redirect":
            return self.reply(302, b"", location="/allow")
        if path == "/huge":
            return self.reply(200, b" " * (9 << 20))
        if path == "/garbage":
            return self.reply(200, b"<html>")
        if path not in answers:
            return self.reply(404, b"")
        request = review["request"]
        response = answers[path](request)
        response["uid"] = "another" if request.get("name") == "wrong-uid" else request["uid"]
        self.reply(200, json.dumps({"kind": "AdmissionReview", "apiVersion": review["apiVersion"], "response": response}).encode())

    def do_GET(self):
        self.reply(200, b"up")

    def reply(self, code, body, **headers):
        try:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # who called did not wait

    def log_message(self, *_):
        pass


class server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass  # who called broke the connection off, or did not believe us


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
listening = server((address, int(port)), handler)
listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
listening.serve_forever()
