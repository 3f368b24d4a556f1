"""Well-formed requests that ask for what cannot be."""

import json
from urllib.parse import quote

from corpus import DEPLOYMENTS, KUBERNETES_SAYS_500, MAPS, PODS, SERVICES, STRICT, TARGET, Request, config_map, deployment, pod, service, with_value


def kinds():
    for kind, version in (("ConfigMap", "v2"), ("ConfigMap", "apps/v1"), ("configmap", "v1"), ("Secret", "v1"), ("Pod", "v1"), ("List", "v1"), ("ConfigMapList", "v1"), ("ConfigMap", "v1/v1/v1"),
                          ("ConfigMap", " v1"), ("Con figMap", "v1"), ("X" * 1000, "v1"), ("ConfigMap", "x" * 1000)):
        changed = {**config_map(), "kind": kind, "apiVersion": version}
        body = json.dumps(changed).encode()
        yield Request(f"create {version[:20]} {kind[:20]}", body=body, codes=(400,))
        yield Request(f"update {version[:20]} {kind[:20]}", method="PUT", path=TARGET, body=body)
    for path, sample in ((PODS, deployment()), (SERVICES, pod()), (DEPLOYMENTS, service()), (MAPS, pod()), (PODS, config_map())):
        yield Request(f"{sample['kind']} at {path[-12:]}", path=path, body=json.dumps(sample).encode(), codes=(400,))


def names_and_places():
    for where, value in ((("metadata", "namespace"), "kube-system"), (("metadata", "name"), ""), (("metadata",), {}), (("metadata", "uid"), 7), (("metadata", "generateName"), "A_"), (("metadata", "namespace"), "Bad Name")):
        sample = config_map()
        sample["metadata"].setdefault(where[-1], "")
        if where == ("metadata", "generateName"):
            sample["metadata"].pop("name")
        yield Request(f"{'.'.join(where)} {value!r}", body=json.dumps(with_value(sample, where, value) if len(where) > 1 else {**sample, "metadata": value}).encode())
    yield Request("update of another name", method="PUT", path=TARGET, body=json.dumps(config_map("other")).encode(), codes=(400,))
    yield Request("update of what is not there", method="PUT", path=SERVICES + "/absent", body=json.dumps({**service("absent"), "metadata": {"name": "absent", "resourceVersion": "1"}}).encode(), codes=KUBERNETES_SAYS_500)
    yield Request("update of an old version", method="PUT", path=TARGET, body=json.dumps(config_map(metadata={"name": "corpus-target", "resourceVersion": "1"})).encode(), codes=(409,))
    yield Request("update of another uid", method="PUT", path=TARGET, body=json.dumps(config_map(metadata={"name": "corpus-target", "uid": "0"})).encode(), codes=(409,))
    for version in ("abc", "-1", "1.5", "0x1", "99999999999999999999", "1 "):
        yield Request(f"update of version {version}", method="PUT", path=TARGET, body=json.dumps(config_map(metadata={"name": "corpus-target", "resourceVersion": version})).encode())
    yield Request("create that exists", body=json.dumps(config_map("corpus-target")).encode(), codes=(409,))
    yield Request("create with a version", body=json.dumps(config_map(metadata={"name": "corpus", "resourceVersion": "1"})).encode(), codes=KUBERNETES_SAYS_500)
    for space in ("absent", "Bad", "a" * 300, "%20"):
        yield Request(f"create in {space[:10]}", path=f"/api/v1/namespaces/{space}/configmaps", body=json.dumps(config_map()).encode())
    for method in ("GET", "DELETE", "PATCH"):
        for path in (MAPS + "/absent", PODS + "/absent", DEPLOYMENTS + "/absent", "/api/v1/nodes/absent", "/api/v1/namespaces/absent", "/apis/batch/v1/namespaces/default/jobs/absent"):
            yield Request(f"{method} {path}", method=method, path=path, body=b"{}" if method == "PATCH" else b"", type="application/merge-patch+json" if method == "PATCH" else None, codes=(404,))


def metadata():
    long_text = "v" * 64
    for labels in ({"a b": "c"}, {"": "c"}, {"a/b/c": "d"}, {"/a": "b"}, {"a/": "b"}, {"-a": "b"}, {"a": "-b"}, {"a": long_text}, {"k" * 64: "v"}, {"d" * 254 + "/k": "v"}, {"A.B/c": "d"}, {"a": "ä"}, {"ä": "a"}, {"a": "b,c"}, {"a=b": "c"}):
        for target, path, sample in (("configmap", MAPS, config_map()), ("pod", PODS, pod()), ("service", SERVICES, service())):
            yield Request(f"{target} labels {str(labels)[:30]}", path=path, body=json.dumps({**sample, "metadata": {"name": "corpus", "labels": labels}}).encode(), codes=(422,))
    many = {f"k{i}": "v" for i in range(100_000)}
    many["bad key"] = "v"
    yield Request("a hundred thousand labels", body=json.dumps(config_map(metadata={"name": "corpus", "labels": many})).encode())
    for annotations in ({"a b": "c"}, {"": "c"}, {"a/b/c": "d"}, {"k" * 64: "v"}, {"a": "x" * 300_000}):
        yield Request(f"annotations {str(annotations)[:30]}", body=json.dumps(config_map(metadata={"name": "corpus", "annotations": annotations})).encode(), codes=(422,))
    for owner in ({}, {"kind": "Pod"}, {"apiVersion": "v1", "kind": "Pod", "name": "x"}, {"apiVersion": "v1", "kind": "Pod", "uid": "1"}, {"apiVersion": "", "kind": "Pod", "name": "x", "uid": "1"},
                  {"apiVersion": "v1", "kind": "", "name": "x", "uid": "1"}, {"apiVersion": "a/b/c", "kind": "Pod", "name": "x", "uid": "1"}, {"apiVersion": "v1", "kind": "Event", "name": "x", "uid": "1"}):
        yield Request(f"owner {owner}", body=json.dumps(config_map(metadata={"name": "corpus", "ownerReferences": [owner]})).encode(), codes=(422,))
    two = [{"apiVersion": "v1", "kind": "Pod", "name": n, "uid": n, "controller": True} for n in "ab"]
    yield Request("two controllers", body=json.dumps(config_map(metadata={"name": "corpus", "ownerReferences": two})).encode(), codes=(422,))
    for finalizer in ("plain", "a b/c", "", "a/b/c", "/x", "x" * 300 + "/y"):
        yield Request(f"finalizer {finalizer[:20]!r}", body=json.dumps(config_map(metadata={"name": "corpus", "finalizers": [finalizer]})).encode(), codes=(422,))
    for data in ({"a/b": "c"}, {"": "c"}, {"..": "c"}, {"a b": "c"}, {"k" * 254: "v"}, {"a": "x" * 1_100_000}):
        yield Request(f"data {str(data)[:30]}", body=json.dumps(config_map(data=data)).encode(), codes=(422,))
    yield Request("key in data and binaryData", body=json.dumps(config_map(binaryData={"k": "AA=="})).encode(), codes=(422,))
    for text in ("!", "A", "AA", "AA=", "A===", "AAAA\n!"):
        yield Request(f"base64 {text!r}", body=json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "corpus"}, "data": {"k": text}}).encode(), path="/api/v1/namespaces/default/secrets", codes=(400,))


def pods():
    changes = {
        ("spec", "containers"): [[], None],
        ("spec", "containers", 0, "name"): ["", "A", "a.b", "a" * 64, "-a"],
        ("spec", "containers", 0, "image"): ["", " a"],
        ("spec", "containers", 0, "imagePullPolicy"): ["Sometimes", "always"],
        ("spec", "containers", 0, "resources"): [{"limits": {"cpu": x}} for x in ("-1", "1x", "", "1e", "abc", "--1", "1.2.3", "0x1")] + [{"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}, {"limits": {"bad name": "1"}},
                                                     {"limits": {"nvidia": "1"}}, {"requests": {"memory": "-5Mi"}}, {"limits": {"example.com/gpu": "0.5"}}],
        ("spec", "containers", 0, "ports"): [[{"containerPort": x}] for x in (0, -1, 65536, 1_000_000)] + [[{"containerPort": 1, "protocol": "XYZ"}], [{"containerPort": 1, "name": "toolongportnames"}], [{"containerPort": 1, "hostPort": 70000}],
                                              [{"containerPort": 1, "name": "A"}]],
        ("spec", "containers", 0, "env"): [[{"name": ""}], [{"name": "a=b", "value": "x"}], [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                                            [{"name": "A", "valueFrom": {}}], [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nope"}}}], [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "x"}}}]],
        ("spec", "containers", 0, "volumeMounts"): [[{"name": "nope", "mountPath": "/x"}], [{"name": "data", "mountPath": ""}], [{"name": "data", "mountPath": "/a"}, {"name": "data", "mountPath": "/a"}],
                                                     [{"name": "data", "mountPath": "/a", "subPath": "../x"}], [{"name": "data", "mountPath": "/a", "subPath": "/x"}]],
        ("spec", "containers", 0, "readinessProbe"): [{}, {"httpGet": {"port": 0}}, {"httpGet": {"port": "A_B"}}, {"tcpSocket": {"port": 70000}}, {"exec": {}}, {"httpGet": {"port": 80}, "exec": {"command": ["x"]}}, {"httpGet": {"port": 80}, "periodSeconds": -1},
                                                       {"httpGet": {"port": 80, "scheme": "ftp"}}],
        ("spec", "containers", 0, "securityContext"): [{"runAsUser": -1}, {"procMount": "Nope"}, {"privileged": True, "allowPrivilegeEscalation": False}],
        ("spec", "restartPolicy"): ["Sometimes", "always"],
        ("spec", "activeDeadlineSeconds"): [0, -1],
        ("spec", "dnsPolicy"): ["Nope", "None"],
        ("spec", "nodeSelector"): [{"a b": "c"}, {"a": "b c"}],
        ("spec", "hostname"): ["A_B", "-a", "a" * 64],
        ("spec", "serviceAccountName"): ["A_B"],
        ("spec", "tolerations"): [[{"operator": "Nope"}], [{"key": "a b"}], [{"operator": "Equal"}], [{"key": "a", "operator": "Exists", "value": "b"}], [{"effect": "Nope", "operator": "Exists"}]],
        ("spec", "volumes"): [[{"name": "data"}, {"name": "data"}], [{"name": "A_B", "emptyDir": {}}], [{"name": "data", "emptyDir": {}, "hostPath": {"path": "/"}}], [{"name": "data", "hostPath": {"path": ""}}],
                               [{"name": "data", "hostPath": {"path": "/a/../b"}}], [{"name": "data", "configMap": {}}], [{"name": "data", "secret": {}}], [{"name": "data", "emptyDir": {"sizeLimit": "-1"}}],
                               [{"name": "data", "persistentVolumeClaim": {}}], [{"name": "data", "nfs": {"server": "", "path": "x"}}]],
        ("spec", "affinity"): [{"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}, {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": ""}]}},
                                {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 0, "preference": {}}]}}],
        ("spec", "topologySpreadConstraints"): [[{"maxSkew": 0, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}], [{"maxSkew": 1, "topologyKey": "", "whenUnsatisfiable": "DoNotSchedule"}], [{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "X"}]],
        ("spec", "priority"): [5_000_000_000],
        ("spec", "imagePullSecrets"): ["x"],
        ("spec", "hostAliases"): [[{"ip": "nope", "hostnames": ["a"]}], [{"ip": "1.2.3.4", "hostnames": ["A_B"]}]],
    }
    for where, values in changes.items():
        for value in values:
            sample = pod()
            at = sample
            for key in where[:-1]:
                at = at[key]
            at[where[-1]] = value
            yield Request(f"pod {'.'.join(map(str, where))} {json.dumps(value)[:60]}", path=PODS, body=json.dumps(sample).encode())


def workloads():
    changes = {
        ("spec", "replicas"): [-1, 1e30, 3_000_000_000],
        ("spec", "minReadySeconds"): [-1],
        ("spec", "revisionHistoryLimit"): [-1],
        ("spec", "progressDeadlineSeconds"): [-1],
        ("spec", "selector"): [{}, {"matchLabels": {"app": "other"}}, {"matchLabels": {"a b": "c"}}, {"matchExpressions": [{"key": "a", "operator": "Nope"}]}, {"matchExpressions": [{"key": "a", "operator": "In", "values": []}]},
                                {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["x"]}]}, {"matchExpressions": [{"key": "", "operator": "Exists"}]}, {"matchLabels": {f"k{i}": "v" for i in range(10_000)}}],
        ("spec", "strategy"): [{"type": "Nope"}, {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}, *({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": x}} for x in (-1, "x", "-5%", "1.5%", "5", "%", "5%%", "101x")),
                                *({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": x}} for x in (-1, "x", "-5%", "101%", "200%", "abc%")), {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}],
        ("spec", "template"): [{}, {"metadata": {"labels": {"app": "other"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}, {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": []}},
                                {"metadata": {"labels": {"app": "a"}}, "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}],
    }
    for where, values in changes.items():
        for value in values:
            sample = deployment()
            sample["spec"][where[-1]] = value
            yield Request(f"deployment {where[-1]} {json.dumps(value)[:60]}", path=DEPLOYMENTS, body=json.dumps(sample).encode())
    ports = [[], *([{"port": x}] for x in (0, -1, 65536)), [{"port": 80, "targetPort": 70000}], [{"port": 80, "targetPort": "A_B"}], [{"port": 80, "targetPort": "toolongportnames"}],
             [{"port": 80, "protocol": "X"}], [{"port": 80}, {"port": 81}], [{"name": "a", "port": 80}, {"name": "a", "port": 81}], [{"name": "A", "port": 80}], [{"name": "a", "port": 80}, {"name": "b", "port": 80}],
             [{"port": 80, "nodePort": 30000}]]
    for value in ports:
        yield Request(f"service ports {json.dumps(value)}", path=SERVICES, body=json.dumps(with_value(service(), ("spec", "ports"), value)).encode())
    for field, values in {"type": ["Nope", "clusterip"], "clusterIP": ["nope", "300.1.1.1", "1.2.3", "8.8.8.8"], "sessionAffinity": ["X"], "externalIPs": [["x"], ["127.0.0.1"], ["0.0.0.0"]], "selector": [{"a b": "c"}, {"a": "b c"}], "ipFamilies": [["IPv5"]],
                          "loadBalancerSourceRanges": [["1.2.3.4/99"]], "externalTrafficPolicy": ["X"], "internalTrafficPolicy": ["X"], "ipFamilyPolicy": ["X"], "externalName": ["A B"]}.items():
        for value in values:
            sample = service()
            sample["spec"][field] = value
            if field == "externalName":
                sample["spec"] = {"type": "ExternalName", "externalName": value}
            if field == "externalTrafficPolicy":
                sample["spec"]["type"] = "NodePort"
            yield Request(f"service {field} {value}", path=SERVICES, body=json.dumps(sample).encode())
    yield Request("service name too long", path=SERVICES, body=json.dumps(service("a" * 64)).encode(), codes=(422,))


def queries():
    for selector in ("a in", "a in (", "a in ()b", "a notin", "=", "==", "!=", "a==b==c", "a=b c", "!", "!!a", "a=b,,", ",", "(a)", "a in (b,c", "a b", "a=!b", "a>b", "a<", "a>1,b<x", "-a", "a/b/c", "a=" + "v" * 64, "k" * 64, "a%00", "a in b", "a notin (b", "ä=b", "a=ä",
                     "d" * 254 + "/a=b"):
        yield Request(f"label selector {selector[:30]}", method="GET", path=f"{MAPS}?labelSelector={quote(selector)}", type=None, codes=(400,))
        yield Request(f"watch label selector {selector[:30]}", method="GET", path=f"{MAPS}?watch=1&labelSelector={quote(selector)}", type=None, codes=(400,))
    for selector in ("nope=x", "metadata.nope=1", "metadata.name", "=", "metadata.name>x", "spec.nodeName", "metadata.name=x,nope=y", "status.phase!", "a=b=c", "metadata.labels.x=y", "\\"):
        yield Request(f"field selector {selector}", method="GET", path=f"{PODS}?fieldSelector={quote(selector)}", type=None, codes=(400,))
    terms = ",".join(f"a{i} in (b" for i in range(300))
    yield Request("selector of many broken terms", method="GET", path=f"{MAPS}?labelSelector={quote(terms)}", type=None)
    for query in ("limit=x", "limit=1.5", "limit=99999999999999999999", "resourceVersion=abc", "resourceVersion=-1", "resourceVersion=1.5", "resourceVersion=99999999999999999999", "continue=x", "continue=%ff", "continue=e30", "continue=" + "A" * 3000,
                  "timeoutSeconds=x", "resourceVersionMatch=Exact", "resourceVersionMatch=Nope&resourceVersion=1", "resourceVersionMatch=Exact&resourceVersion=0", "sendInitialEvents=true", "resourceVersionMatch=NotOlderThan",
                  "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoieCJ9"):
        yield Request(f"list {query[:40]}", method="GET", path=f"{MAPS}?{query}", type=None)
    for query in ("resourceVersion=abc", "resourceVersion=-1", "timeoutSeconds=x", "sendInitialEvents=true", "resourceVersionMatch=Exact&resourceVersion=1", "sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=1"):
        yield Request(f"watch {query}", method="GET", path=f"{MAPS}?watch=true&{query}", type=None)
    for accept in ("text/html", "application/xml", "image/*", "application/json;as=Nope;v=v1;g=meta.k8s.io", "application/json;as=Table;v=v9;g=meta.k8s.io", "application/json;as=Table;v=v1;g=nope", "a/b;q=1", "application/json;q=0", ";;;", "x" * 3000):
        yield Request(f"accept {accept[:40]}", method="GET", path=MAPS, type=None, headers={"Accept": accept}, codes=(406,))


def methods():
    table = {
        "/api/v1/namespaces/default/configmaps": ("PUT", "PATCH"), TARGET: ("POST",), "/api/v1/configmaps": ("POST", "PUT", "PATCH", "DELETE"), "/api/v1/nodes": ("PUT", "PATCH"), "/api/v1/namespaces": ("PUT", "PATCH", "DELETE"),
        "/api/v1/namespaces/default": ("POST",), "/api/v1/namespaces/default/pods/x/log": ("POST", "PUT", "DELETE", "PATCH"), "/api/v1/namespaces/default/pods/x/binding": ("GET", "PUT", "DELETE"), "/api/v1/namespaces/default/pods/x/eviction": ("GET", "PUT", "DELETE"),
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": ("GET", "PUT", "DELETE", "PATCH"), "/apis/authentication.k8s.io/v1/tokenreviews": ("GET", "DELETE"), "/api/v1/componentstatuses": ("POST", "PUT", "DELETE"),
        "/apis/apps/v1/namespaces/default/deployments/x/scale": ("POST", "DELETE"),
    }
    for path, words in table.items():
        for method in words:
            yield Request(f"{method} {path}", method=method, path=path, body=b"{}" if method != "GET" else b"")
    for method in ("TRACE", "OPTIONS", "CONNECT2", "PROPFIND", "FOO", "get", "Get", "POSTS", "M" * 100):
        yield Request(f"method {method[:20]}", method=method, path=TARGET, type=None)
    for path in ("/api/v2/pods", "/apis/apps/v9/deployments", "/apis/nope/v1/x", "/apis/nope.example.com/v1/namespaces/default/things", "/api/v1/namespaces/default/nothings", "/api/v1/namespaces/default/pods/x/nope", "/nope", "/api/v1/namespaces/default/pods/x/log/y",
                 "/apis/apps/v1/pods", "/api/v1/deployments", "/api/v1/namespaces/default/nodes", "/healthz2", "/logs/x", "/debug/pprof", "/.git/config", "/index.php", "/apis/metrics.k8s.io/v1beta1/nodes"):
        yield Request(f"GET {path}", method="GET", path=path, type=None, codes=(404,))
        yield Request(f"POST {path}", path=path, body=b"{}")


def others():
    api = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    # A pattern that is none and bounds that nothing can keep are accepted, as Kubernetes accepts them: no value passes.
    texts = {"type": "string"}
    for schema in ({"type": "nope"}, {}, {"$ref": "#/x"}, {"type": "object", "nope": 1, "x-kubernetes-int-or-string": True}, {"type": "array"},
                   {"type": "array", "items": [texts]}, {"type": "array", "uniqueItems": True, "items": texts}, {"type": "string", "nullable": "x"},
                   {"type": "object", "properties": {"a": texts}, "additionalProperties": texts}, {"type": "integer", "default": "x"},
                   {"type": "array", "x-kubernetes-list-type": "map", "items": {"type": "object"}}, {"type": "object", "x-kubernetes-map-type": "nope"}):
        names = {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"}
        crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.corpus.example.com"},
               "spec": {"group": "corpus.example.com", "scope": "Namespaced", "names": names, "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": schema}}}}]}}
        yield Request(f"definition with {str(schema)[:40]}", path=api + STRICT, body=json.dumps(crd).encode())
    for spec in ({}, {"group": "x"}, {"group": "corpus.example.com", "scope": "Nowhere", "names": {"plural": "things", "kind": "Thing"}, "versions": []}):
        yield Request(f"definition spec {str(spec)[:30]}", path=api, body=json.dumps({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.corpus.example.com"}, "spec": spec}).encode())
    for rules in ([{"verbs": []}], [{"verbs": ["get"]}], [{"verbs": ["get"], "resources": ["pods"]}], [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]):
        yield Request(f"role {rules}", path="/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", body=json.dumps({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "corpus"}, "rules": rules}).encode())
    for subjects, ref in (([{"kind": "Nope", "name": "x"}], "Role"), ([{"kind": "User", "name": ""}], "Role"), ([], "Nope")):
        body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "corpus"}, "subjects": subjects, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": ref, "name": "x"}}
        yield Request(f"binding {subjects} {ref}", path="/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", body=json.dumps(body).encode())
    jobs = "/apis/batch/v1/namespaces/default/jobs"
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}
    for spec in ({}, {"template": {}}, {"parallelism": -1, "template": template}, {"completions": -1, "template": template}, {"backoffLimit": -1, "template": template}, {"activeDeadlineSeconds": -1, "template": template}, {"completionMode": "X", "template": template},
                 {"template": {"spec": {**template["spec"], "restartPolicy": "Always"}}}):
        yield Request(f"job {str(spec)[:40]}", path=jobs, body=json.dumps({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "corpus"}, "spec": spec}).encode())
    for schedule in ("", "x", "* * * *", "60 * * * *", "* 24 * * *", "*/0 * * * *", "* * 32 * *", "@never", "TZ=UTC * * * * *", "1-0 * * * *"):
        body = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "corpus"}, "spec": {"schedule": schedule, "jobTemplate": {"spec": {"template": template}}}}
        yield Request(f"schedule {schedule!r}", path="/apis/batch/v1/namespaces/default/cronjobs", body=json.dumps(body).encode(), codes=(422,))
    for headers in ({"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}, {"Authorization": "Bearer " + "x" * 4000}, {"Authorization": "nonsense"}, {"Authorization": ""}, {"Authorization": "Bearer a.b.c"},
                    {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."}):
        yield Request(f"identity {str(headers)[:40]}", method="GET", path=MAPS, type=None, headers=headers, codes=(401,))
    for headers in ({"Impersonate-Group": "system:masters"}, {"Impersonate-Uid": "x"}, {"Impersonate-User": "nobody"}):
        yield Request(f"impersonation {headers}", method="GET", path="/api/v1/secrets", type=None, headers=headers)


def cases():
    for group in (kinds, names_and_places, metadata, pods, workloads, queries, methods, others):
        yield from group()
