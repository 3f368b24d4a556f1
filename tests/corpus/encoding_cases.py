"""Texts that are no UTF-8 or no names, in bodies, paths and queries."""

import json
from urllib.parse import quote

from corpus import MAPS, PODS, YAML, Request, config_map, invalid_utf8

NAMES = ["", ".", "..", "...", "-a", "a-", ".a", "a.", "A", "aB", "a_b", "a b", "a/b", "a%b", "a\\b", "a:b", "a;b", "a?b", "a#b", "a@b", "a*b", "a'b", 'a"b', "a<b", "a|b", "a,b", "a..b", "a.-b",
         "ä", "日本", "a\u202eb", "a\u200bb", "\ufeffa", "a\u0000b", "a\nb", "a\tb", "a\x7fb", "a" * 254, "a" * 5000, "😀", "a\u0301", "ａ", "/", "//", "a/../b", "..%2f", "%2e%2e", "%00", "{}", "[]", "$(x)", "`x`", "../../etc/passwd"]


def body_with(value, place):
    marked = {"value": config_map(data={"k": "@@"}), "key": config_map(data={"@@": "v"}), "name": config_map("@@"),
              "label": config_map(metadata={"name": "corpus", "labels": {"l": "@@"}}), "annotation": config_map(metadata={"name": "corpus", "annotations": {"a": "@@"}})}[place]
    return json.dumps(marked).encode().replace(b"@@", value)


def cases():
    for name, value in invalid_utf8():
        for place in ("value", "key", "name", "label", "annotation"):
            yield Request(f"{name} as {place}", body=body_with(value, place), codes=(400,))
        yield Request(f"{name} in yaml", body=b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: corpus\ndata:\n  k: \"a" + value + b"\"\n", type=YAML, codes=(400,))
        escaped = "".join(f"%{byte:02x}" for byte in value)
        yield Request(f"{name} in a path", method="GET", path=f"{MAPS}/{escaped}", type=None)
        yield Request(f"{name} as a namespace", method="GET", path=f"/api/v1/namespaces/{escaped}/configmaps/x", type=None)
        yield Request(f"{name} in a label selector", method="GET", path=f"{MAPS}?labelSelector=a%3D{escaped}", type=None)
    for name in NAMES:
        text = json.dumps(config_map(name), ensure_ascii=False).encode("utf-8", "surrogatepass")
        if name != "":
            yield Request(f"body name {name[:20]!r}", body=text)
        yield Request(f"pod name {name[:20]!r}", path=PODS, body=text.replace(b"ConfigMap", b"Pod"))
        escaped = quote(name, safe="")
        if name not in ("",):
            yield Request(f"path name {name[:20]!r}", method="PUT", path=f"{MAPS}/{escaped}", body=text)
            yield Request(f"path namespace {name[:20]!r}", path=f"/api/v1/namespaces/{escaped}/configmaps", body=json.dumps(config_map()).encode())
        label = config_map(metadata={"name": "corpus", "labels": {"key": name}})
        if name not in ("", "A", "aB", "a_b", "a..b", "a.-b"):
            yield Request(f"label value {name[:20]!r}", body=json.dumps(label).encode())
    for path in ("/api/v1/namespaces/a/pods/..%2f..%2fsecrets", "/api/v1/../../etc/passwd", "/api/v1/namespaces/%2e%2e/pods", "/api//v1/pods", "//api/v1/pods", "/api/v1/pods//", "/api/v1/namespaces/%00/pods/x",
                 "/api/v1/namespaces/a%2fb/pods/x", "/api/v1/pods%", "/api/v1/pods%2", "/api/v1/pods%zz", "/api/v1/%70ods%00", "/api/v1/namespaces/default/configmaps/a%0d%0aSet-Cookie:x", "/api/v1/nope;a=b",
                 "/" + "a/" * 500, "/" + "a" * 8000, "/%ff%fe", "/api/v1/namespaces/default/configmaps/%F0%9F%98%80", "/apis/%2e%2e/v1", "/apis/apps%2fv1/deployments"):
        yield Request(f"path {path[:40]}", method="GET", path=path, type=None)
