"""Sizes, content types and encodings of bodies; patches and options that make no sense."""

import gzip
import json
import zlib

from corpus import JSON, KUBERNETES_SAYS_500, MAPS, PODS, TARGET, YAML, Request, config_map

LIMIT = 3 * 1024 * 1024
JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


def sized(size):
    empty = json.dumps(config_map(data={"k": ""}))
    return json.dumps(config_map(data={"k": "x" * (size - len(empty))})).encode()


def sizes():
    yield Request("body of the limit", body=sized(LIMIT))
    yield Request("body just below the limit", body=sized(LIMIT - 1))
    for more in (1, 2, 1000, 65_536, 1_000_000, 10_000_000):
        for type in (JSON, YAML, "application/vnd.kubernetes.protobuf"):
            yield Request(f"body {more} over the limit as {type}", body=sized(LIMIT + more), type=type, codes=(413,))
    for method, path, type in (("PUT", TARGET, JSON), ("PATCH", TARGET, MERGE), ("PATCH", TARGET, JSON_PATCH), ("DELETE", TARGET, JSON)):
        yield Request(f"{method} body over the limit", method=method, path=path, body=sized(LIMIT + 1), type=type, codes=(413,))
    yield Request("zeros", body=bytes(1_000_000))
    yield Request("0xff", body=b"\xff" * 1_000_000)


def encodings():
    bomb = gzip.compress(bytes(50_000_000), 9)
    plain = json.dumps(config_map()).encode()
    packed = {"gzip": gzip.compress(plain), "x-gzip": gzip.compress(plain), "deflate": zlib.compress(plain), "br": b"\x0b\x02\x80ab\x03", "zstd": b"\x28\xb5\x2f\xfd", "compress": b"\x1f\x9d\x90"}
    for name, body in packed.items():
        for type in (JSON, YAML):
            yield Request(f"content-encoding {name} as {type}", body=body, type=type, headers={"Content-Encoding": name}, codes=(415,))
    for name in ("gzip, gzip", "gzip,identity", "GZIP", "aws-chunked", "*", "gzip;q=1", "x" * 1000):
        yield Request(f"content-encoding {name[:20]}", body=bomb, headers={"Content-Encoding": name}, codes=(415,))
    yield Request("gzip bomb", body=bomb, headers={"Content-Encoding": "gzip"}, codes=(415,))
    yield Request("gzip bomb that says nothing", body=bomb, codes=(400,))
    yield Request("gzip patch", method="PATCH", path=TARGET, body=gzip.compress(b"{}"), type=MERGE, headers={"Content-Encoding": "gzip"}, codes=(415,))


def types():
    body = json.dumps(config_map()).encode()
    for type in ("text/plain", "text/html", "application/xml", "application/octet-stream", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "image/png",
                 "application/jsonx", "application/json+x", "json", "*/*", "application/*", "application/cbor", "application/msgpack", "text/yaml2", "application/x-yaml2", "a/b/c", "/",
                 "application", ";", "application /json", "x" * 2000, JSON_PATCH, MERGE, STRATEGIC):
        yield Request(f"create with {type[:40]}", body=body, type=type, codes=(415,))
        yield Request(f"update with {type[:40]}", method="PUT", path=TARGET, body=body, type=type, codes=(415,))
    for type in (JSON, YAML, "text/plain", "application/patch", "application/json-patch", "application/vnd.kubernetes.protobuf", "application/apply-patch+json", ""):
        yield Request(f"patch with {type}", method="PATCH", path=TARGET, body=b"{}", type=type, codes=(415,))
    yield Request("protobuf without its magic", body=b"\x0a\x02v1", type="application/vnd.kubernetes.protobuf")
    for cut in range(1, 40, 3):
        whole = b"k8s\x00\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12\x0a\x0a\x08\x0a\x06corpus\x1a\x00\x22\x00"
        broken = whole[:cut] + b"\xff\xff\xff\xff\x0f"
        yield Request(f"protobuf cut after {cut}", body=broken, type="application/vnd.kubernetes.protobuf")
    for name, body in (("endless varint", b"k8s\x00" + b"\xff" * 20), ("length of 2^63", b"k8s\x00\x12" + b"\xff" * 8 + b"\x7f"), ("groups", b"k8s\x00" + b"\x0b" * 1000),
                       ("field zero", b"k8s\x00\x00\x00"), ("wire type 7", b"k8s\x00\x0f"), ("nested to the ground", b"k8s\x00" + b"\x12\xff\x7f" * 5000)):
        yield Request("protobuf " + name, body=body, type="application/vnd.kubernetes.protobuf")


def json_patches():
    def patch(name, operations, **more):
        return Request("json patch " + name, method="PATCH", path=TARGET, type=JSON_PATCH, body=json.dumps(operations).encode(), **more)

    yield patch("of 10,001 operations", [{"op": "test", "path": "/data/k", "value": "v"}] * 10_001)
    doubling = [{"op": "add", "path": "/metadata/annotations", "value": {"a": "x" * 100}}]
    doubling += [{"op": "copy", "from": "/metadata/annotations", "path": f"/metadata/annotations/c{i}"} for i in range(30)]
    yield patch("that copies into itself", doubling)
    grow = [{"op": "add", "path": "/data", "value": {"a": "x" * 100_000}}, *({"op": "copy", "from": "/data", "path": f"/data/b{i}"} for i in range(40))]
    yield patch("that doubles data", grow)
    yield patch("that copies to 100 MiB", [{"op": "add", "path": "/data/a", "value": "x" * 1_000_000}, *({"op": "copy", "from": "/data/a", "path": f"/data/b{i}"} for i in range(100))])
    for op in ("test", "remove", "replace", "move", "copy", "add"):
        for path in ("", "data", "/nope", "/data/nope/deeper", "/data/~2", "/data/~", "/metadata/finalizers/7", "/metadata/finalizers/-1", "/metadata/labels/01", "//", "/data/k/x"):
            operation = {"op": op, "path": path, "value": {"a": "b!"}, "from": "/data/none"}
            if path == "":
                operation["value"] = 17
            if op == "add" and path in ("/nope", "//") or op == "replace" and path == "/nope":
                continue  # adds an unknown field, which is pruned
            yield patch(f"{op} at {path!r}", [operation])
    for name, body in (("no list", {}), ("a number", 1), ("text", "x"), ("no operation", [{}]), ("an unknown operation", [{"op": "increment", "path": "/data/k"}]), ("no path", [{"op": "add", "value": 1}]),
                       ("path is a number", [{"op": "add", "path": 1, "value": "x"}]), ("op is null", [{"op": None, "path": "/data"}]),
                       ("numbers", [1, 2, 3]), ("failed test", [{"op": "test", "path": "/data/k", "value": "other"}]), ("another name", [{"op": "replace", "path": "/metadata/name", "value": "other"}]),
                       ("another kind", [{"op": "replace", "path": "/kind", "value": "Secret"}]), ("data a list", [{"op": "replace", "path": "/data", "value": ["x"]}]),
                       ("a value of the wrong type", [{"op": "add", "path": "/data/n", "value": {"deep": 1}}]), ("bad label", [{"op": "add", "path": "/metadata/labels", "value": {"a b": "c"}}])):
        yield patch(name, body)
    for text in (b"", b"[", b"[{]", b"null", b"[" * 1000, b'[{"op":"add","path":"/data/x","value":' + b"[" * 100_000):
        yield Request(f"json patch text {text[:20]!r}", method="PATCH", path=TARGET, type=JSON_PATCH, body=text)


def other_patches():
    for type in (MERGE, STRATEGIC):
        for body in (b"", b"{", b"[]", b"1", b'"x"', b"[1]", b'{"data":[]}', b'{"data":{"k":{}}}', b'{"data":"x"}', b'{"metadata":[]}', b'{"metadata":"x"}', b'{"metadata":{"name":"other"}}',
                     b'{"kind":"Secret"}', b'{"apiVersion":"v2"}', b'{"metadata":{"labels":{"a b":"c"}}}', b'{"metadata":{"labels":{"a":"b c"}}}', b'{"metadata":{"resourceVersion":"1"}}',
                     b'{"metadata":{"uid":"other"}}', b'{"metadata":{"ownerReferences":[{}]}}', b'{"metadata":{"finalizers":["no slash"]}}', b'{"data":{"a/b":"c"}}', b'{"a":' * 1000,
                     b'{"data":{"k":' + b"[" * 100_000):
            yield Request(f"{type} {body[:40]!r}", method="PATCH", path=TARGET, type=type, body=body)
    for body in (b'{"$patch":"bogus"}', b'{"data":{"$patch":"bogus"}}'):
        yield Request(f"strategic {body!r}", method="PATCH", path=TARGET, type=STRATEGIC, body=body, codes=KUBERNETES_SAYS_500)
    for body in (b'{"metadata":{"$setElementOrder/finalizers":"x"}}', b'{"metadata":{"ownerReferences":[{"uid":1}]}}', b'{"$retainKeys":"x"}', b'{"data":{"$retainKeys":"x"}}'):
        yield Request(f"strategic {body!r}", method="PATCH", path=TARGET, type=STRATEGIC, body=body)
    target = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "corpus-target"}}
    for name, query, body in (("no manager", "", target), ("another name", "?fieldManager=c", {**target, "metadata": {"name": "other"}}), ("no kind", "?fieldManager=c", {"metadata": target["metadata"]}),
                              ("another kind", "?fieldManager=c", {**target, "kind": "Secret"}), ("another version", "?fieldManager=c", {**target, "apiVersion": "v9"}),
                              ("managed fields", "?fieldManager=c", {**target, "metadata": {"name": "corpus-target", "managedFields": [{"manager": "x"}]}}),
                              ("list", "?fieldManager=c", []), ("text", "?fieldManager=c", "x"), ("wrong data", "?fieldManager=c", {**target, "data": {"k": []}}),
                              ("long manager", "?fieldManager=" + "m" * 129, target), ("unprintable manager", "?fieldManager=a%07b", target), ("conflict", "?fieldManager=c", {**target, "data": {"k": "other"}})):
        codes = KUBERNETES_SAYS_500 if name == "wrong data" else ()
        yield Request(f"apply {name}", method="PATCH", path=TARGET + query, type=APPLY, body=json.dumps(body).encode(), codes=codes)


def options():
    for body in (b"{", b"[]", b"1", b'"x"', b'{"gracePeriodSeconds":"x"}', b'{"gracePeriodSeconds":1.5}', b'{"propagationPolicy":"Sometimes"}', b'{"propagationPolicy":1}',
                 b'{"orphanDependents":"x"}', b'{"preconditions":{"uid":1}}', b'{"preconditions":{"uid":"00000000-0000-0000-0000-000000000000"}}', b'{"preconditions":{"resourceVersion":"1"}}',
                 b'{"dryRun":["Some"]}', b'{"dryRun":"All"}', b'{"kind":"Pod","apiVersion":"v1"}', b'{"orphanDependents":true,"propagationPolicy":"Orphan"}', b"\xff", b"[" * 10_000):
        yield Request(f"delete with {body[:50]!r}", method="DELETE", path=TARGET, body=body)
    for query in ("dryRun=Some", "dryRun=all", "propagationPolicy=Never", "gracePeriodSeconds=x", "gracePeriodSeconds=1.5", "gracePeriodSeconds=99999999999999999999"):
        yield Request(f"delete with {query}", method="DELETE", path=TARGET + "?" + query, type=None)
    for query in ("dryRun=Some", "fieldValidation=Sometimes", "fieldManager=" + "x" * 129, "fieldManager=%01", "fieldValidation=strict"):
        yield Request(f"create with {query[:30]}", path=MAPS + "?" + query, body=json.dumps(config_map()).encode())
        yield Request(f"update with {query[:30]}", method="PUT", path=TARGET + "?" + query, body=json.dumps(config_map("corpus-target")).encode())
    yield Request("pod without a body", path=PODS, body=b"")


def cases():
    for group in (sizes, encodings, types, json_patches, other_patches, options):
        yield from group()
