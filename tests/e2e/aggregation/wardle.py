#!/usr/bin/env python3
"""A small extension API server: flunders (namespaced) and fischers (cluster-wide) of a group of its own, kept in memory.

wardle.py ADDRESS PORT CERTIFICATE KEY PROXY_AUTHORITY LOG [legacy] [slow]
It asks for a client certificate of PROXY_AUTHORITY and believes X-Remote-* of front-proxy-client, and nobody else. Each request is
a line of JSON in LOG. "legacy": without aggregated discovery and OpenAPI. SIGUSR1 makes it answer 500 to everything, and again
what it should.
"""
import hashlib
import http.server
import json
import signal
import ssl
import sys
import threading
import urllib.parse

ADDRESS, PORT, CERTIFICATE, KEY, AUTHORITY, LOG = sys.argv[1:7]
LEGACY = "legacy" in sys.argv[7:]
GROUP, VERSION = "wardle.example.com", "v1alpha1"
ROOT = f"/apis/{GROUP}/{VERSION}"
KINDS = {"flunders": ("Flunder", True), "fischers": ("Fischer", False)}
VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

lock = threading.Condition()
objects = {}  # (plural, namespace, name) -> object
history = []  # (revision, plural, namespace, type, object)
revision = 100
broken = False


def toggle(*_):
    global broken
    broken = not broken


signal.signal(signal.SIGUSR1, toggle)


def note(record):
    with open(LOG, "a") as log:
        log.write(json.dumps(record) + "\n")


def stored(plural, space, item, what):
    global revision
    revision += 1
    item["metadata"]["resourceVersion"] = str(revision)
    key = (plural, space, item["metadata"]["name"])
    if what == "DELETED":
        objects.pop(key, None)
    else:
        objects[key] = item
    history.append((revision, plural, space, what, json.loads(json.dumps(item))))
    lock.notify_all()
    return item


def removed(plural, space, item):
    if item["metadata"].get("finalizers"):
        item["metadata"].setdefault("deletionTimestamp", "2026-01-01T00:00:00Z")
        return stored(plural, space, item, "MODIFIED")
    return stored(plural, space, item, "DELETED")


def merged(target, patch):
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            target[key] = merged(target.get(key) or {}, value)
        else:
            target[key] = value
    return target


def status(code, reason, message):
    return code, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code}


def table(kind, items, revision_text):
    return {
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": revision_text},
        "columnDefinitions": [{"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
                              {"name": "Reference", "type": "string", "format": "", "description": "", "priority": 0}],
        "rows": [{"cells": [item["metadata"]["name"], item.get("spec", {}).get("reference", "")],
                  "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}} for item in items]}


def resource_list():
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/{VERSION}",
            "resources": [{"name": plural, "singularName": plural[:-1], "namespaced": spaced, "kind": kind, "verbs": VERBS, "shortNames": [plural[:2]]}
                          for plural, (kind, spaced) in KINDS.items()]
            + [{"name": "flunders/chat", "singularName": "", "namespaced": True, "kind": "Flunder", "verbs": ["get"]}]}


def aggregated():
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": [{
        "metadata": {"name": GROUP}, "versions": [{"version": VERSION, "freshness": "Current", "resources": [
            {"resource": plural, "responseKind": {"group": GROUP, "version": VERSION, "kind": kind}, "scope": "Namespaced" if spaced else "Cluster",
             "singularResource": plural[:-1], "verbs": VERBS, "shortNames": [plural[:2]]} for plural, (kind, spaced) in KINDS.items()]}]}]}


def openapi():
    schemas = {f"com.example.wardle.{VERSION}.{kind}": {
        "description": f"{kind} is a fish.", "type": "object",
        "x-kubernetes-group-version-kind": [{"group": GROUP, "version": VERSION, "kind": kind}],
        "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
                       "spec": {"type": "object", "properties": {"reference": {"type": "string", "description": "The name of another fish."}}}}}
        for kind, _ in KINDS.values()}
    paths = {f"{ROOT}/namespaces/{{namespace}}/flunders" if spaced else f"{ROOT}/{plural}": {"get": {
        "operationId": "list" + kind, "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "list", "x-kubernetes-group-version-kind": {"group": GROUP, "version": VERSION, "kind": kind}}}
        for plural, (kind, spaced) in KINDS.items()}
    return {"openapi": "3.0.0", "info": {"title": "wardle", "version": "1"}, "paths": paths, "components": {"schemas": schemas}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, document, kind="application/json", headers=()):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pieces(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            left = int(self.headers.get("Content-Length") or 0)
            while left:
                piece = self.rfile.read(min(left, 65536))
                left -= len(piece)
                yield piece

    def handle_any(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        subject = dict(pair[0] for pair in (self.connection.getpeercert() or {}).get("subject", ()))
        believed = subject.get("commonName") == "front-proxy-client"
        note({"method": self.command, "path": url.path, "query": query, "proxy": subject.get("commonName"),
              "headers": [[name.lower(), value] for name, value in self.headers.items()]})
        if url.path == f"{ROOT}/namespaces/tried/flunders/big/blob":
            size, digest = 0, hashlib.sha256()
            for piece in self.pieces():
                size += len(piece)
                digest.update(piece)
            return self.answer(200, {"size": size, "sha256": digest.hexdigest()})
        body = b"".join(self.pieces())
        if not believed:
            return self.answer(*status(401, "Unauthorized", "who are you?"))
        if broken:
            return self.answer(*status(500, "InternalError", "broken"))
        try:
            document = json.loads(body) if body else None
        except ValueError:
            return self.answer(*status(415, "UnsupportedMediaType", "only JSON"))
        accept = self.headers.get("Accept", "")
        if url.path == "/apis":
            if LEGACY or "as=APIGroupDiscoveryList" not in accept:
                return self.answer(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": []})
            return self.answer(200, aggregated(), "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
        if url.path == ROOT:
            return self.answer(200, resource_list())
        if url.path == "/openapi/v3" and not LEGACY:
            return self.answer(200, {"paths": {f"apis/{GROUP}/{VERSION}": {"serverRelativeURL": f"/openapi/v3{ROOT}?hash=42"},
                                               "apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=EVIL"}}})
        if url.path == "/openapi/v2" and not LEGACY:
            document = openapi()
            return self.answer(200, {"swagger": "2.0", "paths": document["paths"], "definitions": document["components"]["schemas"]})
        if url.path == f"/openapi/v3{ROOT}" and not LEGACY:
            return self.answer(200, openapi())
        if url.path.startswith(ROOT + "/"):
            return self.resource(url.path[len(ROOT) + 1:].split("/"), query, document, accept)
        return self.answer(*status(404, "NotFound", "nothing here"))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def resource(self, parts, query, document, accept):
        space = ""
        if parts[0] == "namespaces" and len(parts) > 2:
            space, parts = parts[1], parts[2:]
        plural, name, part = (parts + ["", ""])[:3]
        if plural not in KINDS:
            return self.answer(*status(404, "NotFound", "no such kind"))
        kind = KINDS[plural][0]
        if part == "chat":
            return self.chat()
        if part == "elsewhere":
            return self.answer(302, {}, headers=[("Location", "https://elsewhere.example.com/")])
        as_table = "as=Table" in accept
        with lock:
            if query.get("watch") in ("1", "true"):
                since = int(query.get("resourceVersion") or 0)
            elif self.command == "GET" and not name:
                items = [item for (a, b, _), item in sorted(objects.items()) if a == plural and space in ("", b)]
                whole = {"kind": kind + "List", "apiVersion": f"{GROUP}/{VERSION}", "metadata": {"resourceVersion": str(revision)}, "items": items}
                return self.answer(200, table(kind, items, str(revision)) if as_table else whole)
            elif self.command == "DELETE" and not name:
                for item in [item for (a, b, _), item in objects.items() if (a, b) == (plural, space)]:
                    removed(plural, space, item)
                return self.answer(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})
            elif self.command == "POST":
                name = document["metadata"]["name"]
                if (plural, space, name) in objects:
                    return self.answer(*status(409, "AlreadyExists", f'{plural}.{GROUP} "{name}" already exists'))
                document["metadata"]["uid"] = hashlib.md5(f"{plural}/{space}/{name}/{revision}".encode()).hexdigest()
                document["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
                if space:
                    document["metadata"]["namespace"] = space
                return self.answer(201, stored(plural, space, document, "ADDED"))
            else:
                item = objects.get((plural, space, name))
                if item is None:
                    return self.answer(*status(404, "NotFound", f'{plural}.{GROUP} "{name}" not found'))
                if self.command == "GET":
                    return self.answer(200, table(kind, [item], item["metadata"]["resourceVersion"]) if as_table else item)
                if self.command == "DELETE":
                    removed(plural, space, item)
                    return self.answer(200, {"kind": "Status", "apiVersion": "v1", "status": "Success", "details": {"name": name, "kind": plural}})
                changed = document if self.command == "PUT" else merged(json.loads(json.dumps(item)), document)
                gone = item["metadata"].get("deletionTimestamp") and not changed["metadata"].get("finalizers")
                return self.answer(200, stored(plural, space, changed, "DELETED" if gone else "MODIFIED"))
        self.watch(plural, space, since, as_table)

    def watch(self, plural, space, since, as_table):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            with lock:
                news = [one for one in history if one[0] > since and one[1] == plural and space in ("", one[2])]
                if not news:
                    lock.wait(30)
                    continue
            for at, _, _, what, item in news:
                since = at
                shown = table(KINDS[plural][0], [item], str(at)) if as_table else item
                line = json.dumps({"type": what, "object": shown}).encode() + b"\n"
                try:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                    self.wfile.flush()
                except OSError:
                    note({"method": "GONE", "path": self.path})
                    return

    def chat(self):
        """After 101 everything comes back in capitals."""
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", self.headers.get("Upgrade", ""))
        self.end_headers()
        while piece := self.connection.recv(4096):
            self.connection.sendall(piece.upper())
        self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
context.load_verify_locations(AUTHORITY)
context.verify_mode = ssl.CERT_OPTIONAL
server = Server((ADDRESS, int(PORT)), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
