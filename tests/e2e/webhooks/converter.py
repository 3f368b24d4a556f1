#!/usr/bin/env python3
"""A conversion webhook for the tests: v1 of a Host says hostPort, replicas and phase, v2 says host and port, count and state.
Every review is written down. The file MODE says what is wrong with the next answers; empty or missing: nothing.

usage: converter.py ADDRESS PORT CERTIFICATE KEY LOG MODE [API-URL CLIENT-CERTIFICATE CLIENT-KEY]
"""
import http.server, json, os, ssl, sys, threading, time, urllib.request

address, port, certificate, key, log_path, mode_path = sys.argv[1:7]
api = sys.argv[7:]
log_lock = threading.Lock()


def mode():
    try:
        with open(mode_path) as file:
            return file.read().strip()
    except OSError:
        return ""


def rename(fields, old, new):
    if old in fields:
        fields[new] = fields.pop(old)


def convert(obj, wanted):
    if obj["apiVersion"] == wanted:
        return obj
    spec, status = obj.get("spec", {}), obj.get("status", {})
    if wanted.endswith("/v2"):
        if "hostPort" in spec:
            spec["host"], spec["port"] = spec.pop("hostPort").split(":")
        rename(spec, "replicas", "count")
        rename(status, "phase", "state")
    else:
        if "host" in spec or "port" in spec:
            spec["hostPort"] = spec.pop("host", "") + ":" + spec.pop("port", "")
        rename(spec, "count", "replicas")
        rename(status, "state", "phase")
    labels = obj["metadata"].setdefault("labels", {})
    labels["shown-as"] = wanted.split("/")[1]
    obj["apiVersion"] = wanted
    obj["metadata"]["finalizers"] = ["not/the.webhooks.to.set"]
    return obj


def ask_the_api():
    """As a webhook does that has to look something up, in the middle of a conversion."""
    context = ssl._create_unverified_context()
    context.load_cert_chain(api[1], api[2])
    urllib.request.urlopen(api[0], context=context, timeout=10).read()


def response_to(request, how):
    wanted = request["desiredAPIVersion"]
    if how == "failure":
        return {"result": {"status": "Failure", "message": "these hosts are not for converting"}}
    if how == "callback":
        ask_the_api()
    objects = [convert(obj, wanted) for obj in request["objects"]]
    if how == "renamed":
        objects[0]["metadata"]["name"] = "another"
    elif how == "version":
        objects[0]["apiVersion"] = "conversion.example.com/v9"
    elif how == "short":
        objects = objects[1:]
    elif how == "reversed":
        objects.reverse()
    elif how == "labels":
        objects[0]["metadata"]["labels"] = {"no key": "v"}
    elif how.startswith("spare "):  # fails for the object of that name only
        if any(obj["metadata"]["name"] == how.split()[1] for obj in objects):
            return {"result": {"status": "Failure", "message": "not this one"}}
    return {"result": {"status": "Success"}, "convertedObjects": objects}


class handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with log_lock, open(log_path, "a") as log:
            log.write(json.dumps({"path": self.path, "review": review}) + "\n")
        how = mode()
        if how == "slow":
            time.sleep(45)
        if how == "late":
            time.sleep(3)
        if how == "garbage":
            return self.reply(200, b"<html>")
        if how == "huge":
            return self.reply(200, b" " * (9 << 20))
        if how == "error":
            return self.reply(500, b"out of order")
        response = response_to(review["request"], how)
        response["uid"] = "another" if how == "uid" else review["request"]["uid"]
        self.reply(200, json.dumps({"kind": "ConversionReview", "apiVersion": review["apiVersion"], "response": response}).encode())

    def do_GET(self):
        self.reply(200, b"up")

    def reply(self, code, body):
        try:
            self.send_response(code)
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
        pass  # who called broke the connection off


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
listening = server((address, int(port)), handler)
listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
listening.serve_forever()
