#!/usr/bin/env python3
"""Three servers and those they ask: admission webhooks and converters of custom kinds, whichever server a client talks to.

    asking.py PROGRAMS FOLDER NAMESPACE ADDRESS CERTIFICATE KEY AUTHORITY

Webhooks listen at ADDRESS, in the network this program runs in.
"""

import base64
import json
import os
import socket
import subprocess
import sys
import time

from cluster import Cluster
from telling import expect, say

programs, folder, space, address, certificate, key, authority = sys.argv[1:]
here = os.path.dirname(os.path.abspath(__file__))
MAPS = "/api/v1/namespaces/asked/configmaps"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def bundle():
    with open(authority, "rb") as file:
        return base64.b64encode(file.read()).decode()


def client(port, path):
    return {"url": f"https://{address}:{port}{path}", "caBundle": bundle()}


def hook(kind, name, path, resources, group="", timeout=10):
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": f"{kind}WebhookConfiguration", "metadata": {"name": name},
            "webhooks": [{"name": f"{name}.hooks.example.com", "clientConfig": client(9443, path), "sideEffects": "None",
                          "admissionReviewVersions": ["v1"], "timeoutSeconds": timeout,
                          "rules": [{"apiGroups": [group], "apiVersions": ["*"], "resources": resources, "operations": ["CREATE"]}],
                          "namespaceSelector": {}}]}


def definition():
    def version(name, fields, stored):
        text = {"type": "string"}
        spec = {"type": "object", "properties": {field: text for field in fields}}
        return {"name": name, "served": True, "storage": stored,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
                "selectableFields": [{"jsonPath": f".spec.{field}"} for field in fields]}

    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "hosts.conversion.example.com"},
            "spec": {"group": "conversion.example.com", "scope": "Namespaced",
                     "names": {"plural": "hosts", "singular": "host", "kind": "Host", "listKind": "HostList"},
                     "conversion": {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": client(9444, "/convert")}},
                     "versions": [version("v1", ["hostPort"], True), version("v2", ["host", "port"], False)]}}


def hosts(version, rest=""):
    return f"/apis/conversion.example.com/{version}/namespaces/asked/hosts{rest}"


def host(version, name, **spec):
    return {"apiVersion": f"conversion.example.com/{version}", "kind": "Host", "metadata": {"name": name}, "spec": spec}


def ask(cluster, server, method, path, body=None, code=200, **options):
    status, text = cluster.ask(server, method, path, body, **options)
    expect(status == code, f"{method} {path} through {server.name}: {status} {text}")
    return json.loads(text)


def admission(cluster, servers):
    say("a mutating and a validating webhook are asked about writes through each server")
    ask(cluster, servers[0], "POST", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
        hook("Mutating", "third", "/third", ["configmaps"]), 201)
    ask(cluster, servers[0], "POST", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
        hook("Validating", "policy", "/policy", ["configmaps"]), 201)
    for server in servers:
        made = ask(cluster, server, "POST", MAPS, {"metadata": {"name": f"by-{server.name}"}}, 201)
        expect(made["data"] == {"third": "yes"}, f"mutated: {made}")
        refused = ask(cluster, server, "POST", MAPS, {"metadata": {"name": f"bad-{server.name}"}, "data": {"bad": "yes"}}, 418)
        expect("unwanted key and value" in refused["message"], str(refused))
    ask(cluster, servers[1], "DELETE", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/third")
    ask(cluster, servers[2], "DELETE", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/policy")

    say("a webhook may think for longer than servers wait for each other")
    ask(cluster, servers[0], "POST", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
        hook("Validating", "thoughtful", "/thoughtful", ["configmaps"], timeout=30), 201)
    leader = cluster.wait_leader()
    follower = next(one for one in servers if one is not leader)
    began = time.monotonic()
    ask(cluster, follower, "POST", MAPS, {"metadata": {"name": "thought-about"}}, 201, timeout=40)
    expect(time.monotonic() - began >= 17, "it was asked")
    ask(cluster, leader, "DELETE", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/thoughtful")

    say("reviews are shown to webhooks by the server that answers them")
    ask(cluster, servers[0], "POST", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
        hook("Validating", "reviews", "/deny", ["subjectaccessreviews"], "authorization.k8s.io"), 201)
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
              "spec": {"user": "eve", "resourceAttributes": {"verb": "get", "resource": "pods"}}}
    for server in servers:
        def refused():
            status, text = cluster.ask(server, "POST", REVIEWS, review)
            return status == 400 and "no CREATE of subjectaccessreviews" in text

        cluster.wait_until(f"{server.name} to know the webhook", 10, refused)
    ask(cluster, servers[0], "DELETE", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/reviews")


def conversion(cluster, servers):
    say("each server shows and takes custom objects in each version")
    ask(cluster, servers[0], "POST", DEFINITIONS, definition(), 201)
    for server in servers:
        cluster.wait_until(f"{server.name} to serve the kind", 20, lambda: cluster.ask(server, "GET", hosts("v2"))[0] == 200)
    for server in servers:
        one, two = f"one-{server.name}", f"two-{server.name}"
        made = ask(cluster, server, "POST", hosts("v2"), host("v2", two, host=server.name, port="2"), 201)
        expect(made["spec"] == {"host": server.name, "port": "2"} and made["apiVersion"].endswith("/v2"), str(made))
        ask(cluster, server, "POST", hosts("v1"), host("v1", one, hostPort=f"{server.name}:1"), 201)
        ask(cluster, server, "PATCH", hosts("v2", f"/{one}"), {"spec": {"port": "7"}}, content_type="application/merge-patch+json")
        for other in servers:
            shown = ask(cluster, other, "GET", hosts("v2", f"/{one}"))
            expect(shown["spec"] == {"host": server.name, "port": "7"}, f"{other.name} shows {shown}")
            shown = ask(cluster, other, "GET", hosts("v1", f"/{two}"))
            expect(shown["spec"] == {"hostPort": f"{server.name}:2"}, f"{other.name} shows {shown}")
            listed = ask(cluster, other, "GET", hosts("v2", f"?fieldSelector=spec.host%3D{server.name}"))
            expect([item["metadata"]["name"] for item in listed["items"]] == [one, two], f"{other.name} lists {listed}")
    leader = cluster.wait_leader()

    say("and so does whoever leads next")
    cluster.kill(leader)
    next_leader = cluster.wait_leader()
    survivor = next(one for one in servers if one not in (leader, next_leader))
    for server in (next_leader, survivor):
        change = {"spec": {"port": server.name[-1]}}
        cluster.wait_until(f"{server.name} to write", 20, lambda: cluster.ask(
            server, "PATCH", hosts("v2", f"/one-{leader.name}"), change, content_type="application/merge-patch+json")[0] == 200)
        shown = ask(cluster, server, "GET", hosts("v1", f"/one-{leader.name}"))
        expect(shown["spec"] == {"hostPort": f"{leader.name}:{server.name[-1]}"}, str(shown))


def listens(port):
    try:
        socket.create_connection((address, port), 2).close()
        return True
    except OSError:
        return False


def main():
    asked = [subprocess.Popen([sys.executable, f"{here}/../e2e/webhooks/hooks.py", address, "9443", certificate, key, f"{folder}/reviews"]),
             subprocess.Popen([sys.executable, f"{here}/../e2e/webhooks/converter.py", address, "9444", certificate, key, f"{folder}/conversions", f"{folder}/mode"])]
    cluster = Cluster(programs, folder, space)
    try:
        say("a server begins, two join")
        cluster.begin(3)
        for port in (9443, 9444):
            cluster.wait_until("the webhooks", 20, lambda: listens(port))
        servers = list(cluster.servers.values())
        ask(cluster, servers[0], "POST", "/api/v1/namespaces", {"metadata": {"name": "asked"}}, 201)
        admission(cluster, servers)
        conversion(cluster, servers)
    finally:
        cluster.end()
        for one in asked:
            one.kill()
            one.wait()


main()
