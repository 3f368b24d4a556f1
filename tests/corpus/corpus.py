"""What the case files are written with.

A file of cases is a module with `cases()`, a generator of Request (one HTTP request, sent as it is over a kept connection)
or Raw (bytes sent on a connection of their own). The runner sends each and judges the answer.
"""

from dataclasses import dataclass, field

JSON = "application/json"
YAML = "application/yaml"
STRICT = "?fieldValidation=Strict"
MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
SERVICES = "/api/v1/namespaces/default/services"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
# There before the run, and to be found unchanged after it.
TARGET = MAPS + "/corpus-target"
# Recorded: where a v1.36 API server blames itself for the client's mistake, and clients may match on it.
KUBERNETES_SAYS_500 = (500,)


@dataclass
class Request:
    name: str
    method: str = "POST"
    path: str = MAPS
    body: bytes = b""
    type: str | None = JSON
    headers: dict = field(default_factory=dict)
    codes: tuple = ()  # empty: any 4xx


@dataclass
class Raw:
    """Bytes on a TLS connection. `codes` are those the first answer may have; `closes` says that ending the connection
    without an answer is right too. More than `answers` answers mean that something was taken for a request of its own."""

    name: str
    send: list  # of bytes; sent one after the other
    codes: tuple = (400,)
    closes: bool = False
    answers: int = 1
    must_close: bool = True


@dataclass
class Http2:
    """Frames behind the preface and SETTINGS. `ends`: how it may be answered: "goaway", "reset", "close", or a code."""

    name: str
    send: object  # a function of the request block's authorization that gives a list of bytes
    ends: tuple = ("goaway", "close")


def config_map(name="corpus", **extra):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": "v"}, **extra}


def pod(name="corpus"):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "a"}, "annotations": {"note": "n"}},
        "spec": {
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "hostNetwork": False,
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [{"key": "k", "operator": "Exists", "effect": "NoSchedule"}],
            "containers": [
                {
                    "name": "main",
                    "image": "hello",
                    "command": ["/bin/sh", "-c"],
                    "env": [{"name": "A", "value": "1"}],
                    "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}],
                    "resources": {"limits": {"cpu": "1", "memory": "64Mi"}},
                    "volumeMounts": [{"name": "data", "mountPath": "/data", "readOnly": True}],
                    "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5},
                    "securityContext": {"runAsUser": 1000, "readOnlyRootFilesystem": True},
                }
            ],
            "volumes": [{"name": "data", "emptyDir": {}}],
        },
    }


def service(name="corpus"):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {
            "type": "ClusterIP",
            "selector": {"app": "a"},
            "sessionAffinity": "None",
            "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}],
        },
    }


def deployment(name="corpus"):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "minReadySeconds": 0,
            "revisionHistoryLimit": 3,
            "paused": False,
            "selector": {"matchLabels": {"app": "a"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "hello"}]}},
        },
    }


def places(tree, path=()):
    """Every place in a document with what stands there, the root left out."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        yield path + (key,), value
        if isinstance(value, (dict, list)):
            yield from places(value, path + (key,))


def with_value(tree, path, value):
    """A copy of the document with another value at a place."""
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = with_value(tree[path[0]], path[1:], value)
    return copy


def invalid_utf8():
    """The ill-formed classes of RFC 3629, with a name each."""
    for byte in (0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF):
        yield f"lone continuation {byte:02x}", bytes([byte])
    for byte in (0xC0, 0xC1):
        for second in (0x80, 0xAF, 0xBF):
            yield f"overlong two {byte:02x}{second:02x}", bytes([byte, second])
    for second in (0x80, 0x8F, 0x9F):
        yield f"overlong three e0{second:02x}80", bytes([0xE0, second, 0x80])
    for second in (0x80, 0x8F):
        yield f"overlong four f0{second:02x}8080", bytes([0xF0, second, 0x80, 0x80])
    for second in (0xA0, 0xAF, 0xB0, 0xBF):
        yield f"surrogate ed{second:02x}80", bytes([0xED, second, 0x80])
    for second in (0x90, 0xA0, 0xBF):
        yield f"above the last f4{second:02x}8080", bytes([0xF4, second, 0x80, 0x80])
    for byte in range(0xF5, 0x100):
        yield f"no such lead {byte:02x}", bytes([byte, 0x80, 0x80, 0x80])
    for text in ("é", "€", "😀"):
        encoded = text.encode()
        for length in range(1, len(encoded)):
            yield f"truncated {encoded[:length].hex()}", encoded[:length]
            yield f"broken off {encoded[:length].hex()}", encoded[:length] + b"a"
    yield "utf-16", "a".encode("utf-16")
    yield "latin-1", "Grüße".encode("latin-1")
