"""Patches and field ownership as clients see them: conflicts, force, removal, subresources, limits, preconditions."""
from api import *

SPACE = "/api/v1/namespaces/patches"
MAPS = SPACE + "/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/patches/deployments"


def config_map(name, data=None, **metadata):
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}
    if data is not None:
        made["data"] = data
    return made


def deployment(**spec):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


def pod_template(*containers):
    return {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": list(containers)}}


def owners(stored):
    return {(entry["manager"], entry.get("subresource", "")): entry for entry in stored["metadata"]["managedFields"]}


def applying():
    one = MAPS + "/x"
    code, made = apply(one, config_map("x", {"a": "1", "b": "2"}))
    same("apply creates", 201, code)
    code, again = apply(one, config_map("x", {"a": "1", "b": "2"}))
    same("nothing new is no new version", made["metadata"]["resourceVersion"], again["metadata"]["resourceVersion"])
    code, refused = apply(one, config_map("x", {"a": "9"}), "z")
    same("a conflict names manager and field",
         (409, 'Apply failed with 1 conflict: conflict with "a": .data.a',
          [{"reason": "FieldManagerConflict", "message": 'conflict with "a"', "field": ".data.a"}]),
         (code, refused["message"], refused["details"]["causes"]))
    code, forced = apply(one, config_map("x", {"a": "9"}), "z", force=True)
    same("force", {"a": "9", "b": "2"}, forced["data"])
    check("force takes the field", "f:a" not in owners(forced)["a", ""]["fieldsV1"]["f:data"] and
          "f:a" in owners(forced)["z", ""]["fieldsV1"]["f:data"], owners(forced))
    same("what nobody applies goes", {"b": "2"}, apply(one, config_map("x", {"b": "2"}), "z")[1]["data"])
    same("what another applies stays", {"b": "2"}, apply(one, config_map("x"), "a")[1]["data"])
    check("applying nothing gives all up", "data" not in apply(one, config_map("x"), "z")[1])
    for what, body, code in [("another kind", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}, 400),
                             ("another version", {"apiVersion": "v2", "kind": "ConfigMap", "metadata": {"name": "x"}}, 400),
                             ("another name", config_map("y"), 400),
                             ("ownership", config_map("x", managedFields=[{"manager": "q"}]), 400)]:
        same(f"applying {what}", code, apply(one, body)[0])
    code, refused = patch(one, config_map("x"), kind=APPLY)
    same("apply needs a manager", (422, "fieldManager"), (code, refused["details"]["causes"][0]["field"]))
    for manager in ("a", "b"):
        code, merged = apply(MAPS + "/f", config_map("f", finalizers=[f"example.com/{manager}"]), manager)
    same("a set is shared", ["example.com/a", "example.com/b"], sorted(merged["metadata"]["finalizers"]))
    same("a share is given up", ["example.com/b"], apply(MAPS + "/f", config_map("f"), "a")[1]["metadata"]["finalizers"])
    patch(MAPS + "/f", {"metadata": {"finalizers": None}})


def applying_parts():
    main = {"name": "c", "image": "i", "env": [{"name": "E", "value": "1"}]}
    selector = {"matchLabels": {"a": "b"}}
    whole = deployment(replicas=2, selector=selector, template=pod_template(main, {"name": "s", "image": "j"}))
    one = DEPLOYMENTS + "/d"
    apply(one, whole)
    code, scale = patch(one + "/scale", {"spec": {"replicas": 5}})
    table = get(one + "/scale", accept=TABLE)[1]
    same("a scale as a table", (["Name", "Desired", "Available", "Age"], ["d", 5]),
         ([column["name"] for column in table["columnDefinitions"]], table["rows"][0]["cells"][:2]))
    same("a scale's metadata", "PartialObjectMetadata", get(one + "/scale", accept=METADATA)[1]["kind"])
    same("scale", (200, "Scale", 5), (code, scale["kind"], scale["spec"]["replicas"]))
    entry = owners(get(one)[1])["semantics", "scale"]
    same("scale is owned by who scaled", {"f:spec": {"f:replicas": {}}}, entry["fieldsV1"])
    code, refused = apply(one, whole)
    check("a conflict names the subresource", code == 409 and 'with subresource "scale"' in refused["message"], refused)
    scaled = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}, "spec": {"replicas": 4}}
    same("apply to scale", (409, 200), (apply(one + "/scale", scaled, "hpa")[0], apply(one + "/scale", scaled, "hpa", True)[0]))
    status = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "status": {"replicas": 1}}
    code, applied = apply(one + "/status", status, "controller")
    same("apply to status", (200, 1, "Apply"), (code, applied["status"]["replicas"],
                                                owners(applied)["controller", "status"]["operation"]))
    code, fewer = apply(one, deployment(selector=selector, template=pod_template({"name": "c", "image": "i2"})))
    containers = fewer["spec"]["template"]["spec"]["containers"]
    check("items and members left out go", [c["name"] for c in containers] == ["c"] and "env" not in containers[0], fewer)
    code, more = apply(one, deployment(template={"spec": {"containers": [{"name": "side", "image": "k"}]}}), "b")
    same("items merge by key", ["c", "side"], [c["name"] for c in more["spec"]["template"]["spec"]["containers"]])


def other_patches():
    post(MAPS, config_map("p", {"a": "x" * 1000}))
    many = [{"op": "add", "path": "/data/a", "value": "1"}] * 10001
    code, refused = patch(MAPS + "/p", many, kind=JSON_PATCH)
    same("too many operations", (413, "RequestEntityTooLarge"), (code, refused["reason"]))
    bomb = [{"op": "copy", "from": "/data", "path": f"/data/k{i}"} for i in range(60)]
    same("a copy bomb", 422, patch(MAPS + "/p", bomb, kind=JSON_PATCH)[0])
    same("a failed test", 422, patch(MAPS + "/p", [{"op": "test", "path": "/data/a", "value": "n"}], kind=JSON_PATCH)[0])
    same("nothing came of them", {"a": "x" * 1000}, get(MAPS + "/p")[1]["data"])
    post(SPACE + "/services", {"metadata": {"name": "s"}, "spec": {"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}})
    ports = lambda body: [p["port"] for p in patch(SPACE + "/services/s", {"spec": {"ports": body}}, kind=STRATEGIC)[1]["spec"]["ports"]]
    same("$patch delete", [81], ports([{"port": 80, "$patch": "delete"}]))
    same("$patch replace", [99], ports([{"$patch": "replace"}, {"name": "z", "port": 99}]))
    code, kept = patch(DEPLOYMENTS + "/d", {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}, kind=STRATEGIC)
    same("$retainKeys", {"type": "Recreate"}, kept["spec"]["strategy"])
    order = {"$setElementOrder/containers": [{"name": "side"}, {"name": "c"}], "containers": [{"name": "side", "image": "n"}]}
    code, ordered = patch(DEPLOYMENTS + "/d", {"spec": {"template": {"spec": order}}}, kind=STRATEGIC)
    same("$setElementOrder", ["side", "c"], [c["name"] for c in ordered["spec"]["template"]["spec"]["containers"]])
    same("patches are of four kinds", 415, patch(MAPS + "/p", {}, kind="application/json")[0])


def writes():
    code, now = get(DEPLOYMENTS + "/d")
    generation = now["metadata"]["generation"]
    same("labels are no new generation", generation, patch(DEPLOYMENTS + "/d", {"metadata": {"labels": {"q": "r"}}})[1]["metadata"]["generation"])
    same("the spec is", generation + 1, patch(DEPLOYMENTS + "/d", {"spec": {"paused": True}})[1]["metadata"]["generation"])
    code, now = get(MAPS + "/p")
    now["metadata"]["resourceVersion"] = "1"
    code, refused = put(MAPS + "/p", now)
    same("a stale update", (409, 'Operation cannot be fulfilled on configmaps "p": the object has been modified; '
                                 'please apply your changes to the latest version and try again'), (code, refused["message"]))
    same("an update of what is not", 404, put(MAPS + "/q", config_map("q"))[0])
    same("leases may be put", 201, put("/apis/coordination.k8s.io/v1/namespaces/patches/leases/l", {"metadata": {"name": "l"}, "spec": {}})[0])
    check("ownership may be given up", "managedFields" not in patch(MAPS + "/p", {"metadata": {"managedFields": [{}]}})[1]["metadata"])
    code, named = post(MAPS, {"metadata": {"generateName": "gen-"}})
    check("generated names", named["metadata"]["name"].startswith("gen-") and len(named["metadata"]["name"]) == 9, named)
    same("a dry run", (201, 404), (post(MAPS + "?dryRun=All", config_map("dry"))[0], get(MAPS + "/dry")[0]))
    code, refused = post(MAPS + "?fieldValidation=Strict", dict(config_map("strict"), foo=1))
    check("strict", code == 400 and 'strict decoding error: unknown field "foo"' in refused["message"], refused)
    code, made, response = request("POST", MAPS, dict(config_map("warned"), foo=1))
    same("a warning", (201, '299 - "unknown field \\"foo\\""'), (code, response.headers["warning"]))
    code, made = post(MAPS, config_map("held", finalizers=["example.com/f"]))
    for wanted in ({"uid": "other"}, {"resourceVersion": "1"}):
        same(f"precondition {wanted}", 409, delete(MAPS + "/held", {"preconditions": wanted})[0])
    right = {"uid": made["metadata"]["uid"], "resourceVersion": made["metadata"]["resourceVersion"]}
    code, held = delete(MAPS + "/held", {"preconditions": right})
    check("finalizers hold", code == 200 and held["metadata"]["deletionTimestamp"] and
          held["metadata"]["deletionGracePeriodSeconds"] == 0, held)
    code, refused = patch(MAPS + "/held", {"metadata": {"finalizers": ["example.com/f", "example.com/g"]}})
    check("none is added to what goes", code == 422 and "no new finalizers can be added" in refused["message"], refused)
    patch(MAPS + "/held", {"metadata": {"finalizers": None}})
    same("gone", 404, get(MAPS + "/held")[0])


def broken_manifests():
    twice = """apiVersion: v1
kind: ConfigMap
metadata:
  name: twice
data:
  a: "1"
  b: "2"
  a: "3"
"""
    line = 'yaml: unmarshal errors:\n  line 8: key "a" already set in map'
    code, refused = patch(MAPS + "/twice?fieldManager=m&fieldValidation=Strict", twice, kind=APPLY)
    same("apply names the line of a repeated key",
         (400, f"error strict decoding YAML: error converting YAML to JSON: {line}"), (code, refused["message"]))
    code, refused = post(MAPS + "?fieldValidation=Strict", twice, kind="application/yaml")
    check("so does create", code == 400 and refused["message"].endswith(f"strict decoding error: {line}"), refused)
    same("an empty manifest", 400, patch(MAPS + "/twice?fieldManager=m", "", kind=APPLY)[0])


def special_subresources():
    pods = SPACE + "/pods"
    for name in ("bound", "evicted"):
        post(pods, {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "bound"}, "target": {"kind": "Node", "name": "n1"}}
    same("binding", 201, post(pods + "/bound/binding", binding)[0])
    code, bound = get(pods + "/bound")
    check("a bound pod says so", bound["spec"]["nodeName"] == "n1" and any(
        c["type"] == "PodScheduled" and c["status"] == "True" for c in bound["status"]["conditions"]), bound)
    code, refused = post(pods + "/bound/binding", binding)
    same("bound once", (409, 'Operation cannot be fulfilled on pods/binding "bound": pod bound is already assigned to node "n1"'),
         (code, refused["message"]))
    code, refused = patch(pods + "/bound", {"spec": {"nodeName": "n2"}})
    check("a pod stays what it is", code == 422 and "pod updates may not change fields other than" in refused["message"], refused)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "evicted"}}
    same("eviction", (201, 404), (post(pods + "/evicted/eviction", eviction)[0], get(pods + "/evicted")[0]))
    code, kept = patch(DEPLOYMENTS + "/d/status", {"spec": {"replicas": 7}, "status": {"observedGeneration": 1}})
    check("status leaves the spec alone", kept["spec"]["replicas"] != 7 and kept["status"]["observedGeneration"] == 1, kept)
    code, kept = patch(DEPLOYMENTS + "/d", {"spec": {"replicas": 7}, "status": {"observedGeneration": 9}})
    same("the spec leaves the status alone", (7, 1), (kept["spec"]["replicas"], kept["status"]["observedGeneration"]))
    services = SPACE + "/services"
    post(services, {"metadata": {"name": "lb"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})
    code, balanced = patch(services + "/lb/status", {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}})
    same("the status of a service", "VIP", balanced["status"]["loadBalancer"]["ingress"][0]["ipMode"])
    code, inner = patch(services + "/lb", {"spec": {"type": "ClusterIP"}})
    check("what a type took it gives back", code == 200 and "nodePort" not in inner["spec"]["ports"][0] and
          inner["status"] == {"loadBalancer": {}}, inner)
    code, outer = patch(services + "/lb", {"spec": {"type": "ExternalName", "externalName": "x.example.com"}})
    check("an external name has no address", code == 200 and "clusterIP" not in outer["spec"], outer)


def graceful_pods():
    pods = SPACE + "/pods"
    for name, spec in (("placed", {"nodeName": "n1"}), ("waiting", {})):
        post(pods, {"metadata": {"name": name}, "spec": dict(spec, containers=[{"name": "c", "image": "i"}])})
    grace = lambda options: delete(pods + "/placed" + options)[1]["metadata"]["deletionGracePeriodSeconds"]
    same("its own grace", 30, grace(""))
    same("shortened", 5, grace("?gracePeriodSeconds=5"))
    same("never lengthened", 5, grace("?gracePeriodSeconds=50"))
    delete(pods + "/placed?gracePeriodSeconds=0")
    delete(pods + "/waiting")
    check("gone", not {"placed", "waiting"} & set(names(get(pods)[1])))


post("/api/v1/namespaces", {"metadata": {"name": "patches"}})
post(SPACE + "/serviceaccounts", {"metadata": {"name": "default"}})
applying()
applying_parts()
other_patches()
writes()
broken_manifests()
special_subresources()
graceful_pods()
finish()
