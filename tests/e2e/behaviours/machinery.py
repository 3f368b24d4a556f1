"""What conformant clusters do around objects: quotas, limits, priorities, namespaces, unknown fields, stored webhooks. Needs
the controllers."""
from api import *
from spaces import new_space, pod

QUOTA_COUNTS = {"configmaps": "1", "secrets": "1", "services": "1", "replicationcontrollers": "1", "count/replicasets.apps": "1",
                "resourcequotas": "1", "pods": "2", "requests.cpu": "1", "requests.memory": "1Gi"}


def used(space, name="q"):
    return get(f"{space}/resourcequotas/{name}")[1].get("status", {}).get("used", {})


def uses(space, what, wanted, name="q"):
    check(f"quota {what} is {wanted}", wait_until(lambda: used(space, name).get(what) == wanted), used(space, name))


def quotas_count_objects():
    space = new_space("quota-counts")
    wait_until(lambda: get(space + "/configmaps/kube-root-ca.crt")[0] == 200)
    hard = dict(QUOTA_COUNTS, configmaps="2")
    same("a quota", 201, post(space + "/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": hard}})[0])
    check("its status is filled in", wait_until(lambda: get(space + "/resourcequotas/q")[1]["status"].get("hard") == hard),
          get(space + "/resourcequotas/q"))
    uses(space, "configmaps", "1")
    uses(space, "resourcequotas", "1")
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    made = {"configmaps": ("/configmaps", {"data": {}}),
            "secrets": ("/secrets", {"data": {}}),
            "services": ("/services", {"spec": {"ports": [{"port": 80}]}}),
            "replicationcontrollers": ("/replicationcontrollers", {"spec": {"replicas": 0, "selector": {"a": "b"}, "template": template}})}
    sets = space.replace("/api/v1", "/apis/apps/v1")
    for what, (path, body) in made.items():
        before = used(space).get(what, "0")
        same(f"{what}: created", 201, post(space + path, dict(body, metadata={"name": "one"}))[0])
        uses(space, what, str(int(before) + 1))
        code, refused = post(space + path, dict(body, metadata={"name": "two"}))
        check(f"{what}: no more", code == 403 and "exceeded quota: q" in refused["message"], refused)
        delete(space + path + "/one")
        uses(space, what, before)
    set_of = {"metadata": {"name": "one"}, "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template}}
    same("replicasets: created", 201, post(sets + "/replicasets", set_of)[0])
    uses(space, "count/replicasets.apps", "1")
    delete(sets + "/replicasets/one")
    uses(space, "count/replicasets.apps", "0")
    code, refused = post(space + "/resourcequotas", {"metadata": {"name": "q2"}, "spec": {"hard": {"pods": "1"}}})
    check("quotas are counted too", code == 403 and "exceeded quota: q" in refused["message"], refused)


def quotas_count_pods():
    space = new_space("quota-pods")
    post(space + "/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": {
        "pods": "5", "requests.cpu": "1", "requests.memory": "500Mi", "requests.ephemeral-storage": "50Gi",
        "requests.example.com/dongle": "3"}}})
    uses(space, "pods", "0")
    wants = {"cpu": "500m", "memory": "252Mi", "ephemeral-storage": "30Gi", "example.com/dongle": "2"}
    sized = lambda name, **more: pod(name, resources={"requests": dict(wants, **more), "limits": {"example.com/dongle": dict(wants, **more)["example.com/dongle"]}})
    same("a pod within the quota", 201, post(space + "/pods", sized("fits"))[0])
    for what, amount in (("pods", "1"), ("requests.cpu", "500m"), ("requests.memory", "252Mi"), ("requests.ephemeral-storage", "30Gi"),
                         ("requests.example.com/dongle", "2")):
        uses(space, what, amount)
    for more in ({"cpu": "600m"}, {"memory": "300Mi"}, {"ephemeral-storage": "21Gi"}, {"example.com/dongle": "2"}):
        small = dict({"cpu": "1m", "memory": "1Mi", "ephemeral-storage": "1Gi", "example.com/dongle": "1"}, **more)
        code, refused = post(space + "/pods", sized("more", **small))
        check(f"no pod with {more}", code == 403 and "exceeded quota: q" in refused["message"], refused)
    code, updated = patch(space + "/pods/fits", {"metadata": {"labels": {"x": "y"}}})
    same("a pod within may be changed", 200, code)
    uses(space, "requests.cpu", "500m")
    delete(space + "/pods/fits?gracePeriodSeconds=0")
    uses(space, "pods", "0")
    uses(space, "requests.cpu", "0")


def quotas_of_scopes():
    space = new_space("quota-scopes")
    for name, scopes in (("best", ["BestEffort"]), ("not-best", ["NotBestEffort"]), ("ends", ["Terminating"]), ("stays", ["NotTerminating"])):
        same(f"quota {name}", 201, post(space + "/resourcequotas", {"metadata": {"name": name}, "spec": {"hard": {"pods": "5"}, "scopes": scopes}})[0])
        uses(space, "pods", "0", name)
    counts = lambda: {name: used(space, name).get("pods") for name in ("best", "not-best", "ends", "stays")}

    def shows(what, **wanted):
        check(what, wait_until(lambda: counts() == {name.replace("_", "-"): count for name, count in wanted.items()}), counts())
    post(space + "/pods", pod("plain"))
    shows("a pod without requests", best="1", not_best="0", ends="0", stays="1")
    delete(space + "/pods/plain?gracePeriodSeconds=0")
    shows("it is gone", best="0", not_best="0", ends="0", stays="0")
    post(space + "/pods", pod("sized", resources={"requests": {"cpu": "1m"}, "limits": {"cpu": "2m"}}, activeDeadlineSeconds=3600))
    shows("a pod with requests and an end", best="0", not_best="1", ends="1", stays="0")
    delete(space + "/pods/sized?gracePeriodSeconds=0")
    shows("it is gone too", best="0", not_best="0", ends="0", stays="0")


def quotas_change():
    space = new_space("quota-changes")
    quotas = space + "/resourcequotas"
    post(quotas, {"metadata": {"name": "q", "labels": {"kind": "test"}}, "spec": {"hard": {"cpu": "1", "memory": "500Mi"}}})
    check("hard values of the status follow", wait_until(lambda: get(quotas + "/q")[1].get("status", {}).get("hard", {}).get("cpu") == "1"))
    code, now = get(quotas + "/q")
    now["spec"]["hard"] = {"cpu": "2", "memory": "1Gi"}
    code, updated = put(quotas + "/q", now)
    same("an update", (200, {"cpu": "2", "memory": "1Gi"}), (code, updated["spec"]["hard"]))
    check("the status follows", wait_until(lambda: get(quotas + "/q")[1]["status"]["hard"] == {"cpu": "2", "memory": "1Gi"}), get(quotas + "/q"))
    code, patched = patch(quotas + "/q/status", {"status": {"hard": {"cpu": "3"}}})
    same("the status can be patched", (200, "3"), (code, patched["status"]["hard"]["cpu"]))
    check("and is put right again", wait_until(lambda: get(quotas + "/q")[1]["status"]["hard"]["cpu"] == "2"), get(quotas + "/q"))
    check("a list of all namespaces has it", "q" in names(get("/api/v1/resourcequotas?labelSelector=kind%3Dtest")[1]))
    delete(quotas + "?labelSelector=kind%3Dtest")
    same("it is gone", 404, get(quotas + "/q")[0])


def limits_apply():
    space = new_space("limits")
    limits = space + "/limitranges"
    item = {"type": "Container", "default": {"cpu": "500m", "memory": "500Mi"}, "defaultRequest": {"cpu": "100m", "memory": "200Mi"},
            "min": {"cpu": "50m", "memory": "100Mi"}, "max": {"cpu": "500m", "memory": "500Mi"}}
    same("a limit range", 201, post(limits, {"metadata": {"name": "l"}, "spec": {"limits": [item]}})[0])
    code, made = post(space + "/pods", pod("plain"))
    same("defaults", {"requests": {"cpu": "100m", "memory": "200Mi"}, "limits": {"cpu": "500m", "memory": "500Mi"}},
         made["spec"]["containers"][0]["resources"])
    code, made = post(space + "/pods", pod("some", resources={"requests": {"cpu": "150m"}}))
    same("defaults for the rest", {"requests": {"cpu": "150m", "memory": "200Mi"}, "limits": {"cpu": "500m", "memory": "500Mi"}},
         made["spec"]["containers"][0]["resources"])
    for what, resources in (("too little", {"requests": {"cpu": "10m"}}), ("too much", {"limits": {"cpu": "600m"}})):
        code, refused = post(space + "/pods", pod("wrong", resources=resources))
        check(what, code == 403 and "cpu usage per Container is" in refused["message"], refused)
    code, now = get(limits + "/l")
    now["spec"]["limits"][0]["min"] = {"cpu": "9m", "memory": "9Mi"}
    same("an update", 200, put(limits + "/l", now)[0])
    same("less is enough now", 201, post(space + "/pods", pod("small", resources={"requests": {"cpu": "10m"}}))[0])
    delete(limits + "/l")
    code, made = post(space + "/pods", pod("free"))
    same("without it nothing is filled in", {}, made["spec"]["containers"][0]["resources"])


def limits_in_two_namespaces():
    one, two = new_space("limits-one"), new_space("limits-two")
    for space in (one, two):
        post(space + "/limitranges", {"metadata": {"name": "l", "labels": {"set": "limits"}}, "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]}})
    selected = "?labelSelector=set%3Dlimits"
    same("both are listed", ["l", "l"], names(get("/api/v1/limitranges" + selected)[1]))
    code, patched = patch(one + "/limitranges/l", {"metadata": {"labels": {"l": "patched"}}, "spec": {"limits": [{"type": "Pod", "max": {"cpu": "2"}}]}})
    same("a patch", (200, "patched", "2"), (code, patched["metadata"]["labels"]["l"], patched["spec"]["limits"][0]["max"]["cpu"]))
    delete(one + "/limitranges?labelSelector=l%3Dpatched")
    same("a collection goes, in one namespace", 1, len(get("/api/v1/limitranges" + selected)[1]["items"]))


def priority_classes():
    classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
    for name, value in (("p1", 1), ("p2", 2)):
        post(classes, {"metadata": {"name": name}, "value": value, "description": "d"})
    check("listed", {"p1", "p2", "system-node-critical", "system-cluster-critical"} <= set(names(get(classes)[1])))
    code, patched = patch(classes + "/p1", {"description": "another"})
    same("what may change", (200, "another"), (code, patched["description"]))
    now = get(classes + "/p1")[1]
    same("what may not", 422, patch(classes + "/p1", {"value": 7})[0])
    same("nor by an update", 422, put(classes + "/p1", dict(now, value=8))[0])
    same("it is what it was", 1, get(classes + "/p1")[1]["value"])
    for name in ("p1", "p2"):
        delete(f"{classes}/{name}")


def namespaces_take_all_along():
    space = new_space("goes")
    post(space + "/pods", pod("p"))
    post(space + "/services", {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}})
    delete(space)
    check("the namespace goes", wait_until(lambda: get(space)[0] == 404, 20))
    new_space("goes")
    same("no pod of the same name's first life", [], names(get(space + "/pods")[1]))
    same("nor service", [], names(get(space + "/services")[1]))


def namespaces_are_objects():
    space = new_space("objects")
    code, patched = patch(space, {"metadata": {"labels": {"l": "patched"}}})
    same("a label", "patched", patched["metadata"]["labels"]["l"])
    code, now = get(space)
    now["metadata"]["labels"]["u"] = "updated"
    same("an update", "updated", put(space, now)[1]["metadata"]["labels"]["u"])
    same("its phase", "Active", get(space + "/status")[1]["status"]["phase"])
    condition = {"type": "StatusPatched", "status": "True", "reason": "E2E", "message": "patched", "lastTransitionTime": "2024-01-01T00:00:00Z"}
    code, patched = patch(space + "/status", {"status": {"conditions": [condition]}})
    check("a patch of its status", any(c["type"] == "StatusPatched" for c in patched["status"]["conditions"]), patched)
    now = get(space)[1]
    now["spec"]["finalizers"].append("e2e.example.com/fake")
    code, finalized = put(space + "/finalize", now)
    check("a finalizer of the namespace", "e2e.example.com/fake" in finalized["spec"]["finalizers"], finalized)
    finalized["spec"]["finalizers"].remove("e2e.example.com/fake")
    code, finalized = put(space + "/finalize", finalized)
    same("and without it", ["kubernetes"], finalized["spec"]["finalizers"])


def fields_of_built_in_kinds():
    space = new_space("fields")
    deployments = space.replace("/api/v1", "/apis/apps/v1") + "/deployments?fieldValidation=Strict"
    good = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {
        "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}}
    code, refused = post(deployments, dict(good, spec=dict(good["spec"], unknownField="x")))
    check("an unknown field", code == 400 and 'unknown field "spec.unknownField"' in refused["message"], refused)
    twice = json.dumps(good).replace('"selector"', '"paused": true, "paused": false, "selector"')
    code, refused = post(deployments, twice)
    check("a field twice", code == 400 and 'duplicate field "spec.paused"' in refused["message"], refused)
    code, refused = post(deployments, dict(good, metadata={"name": "d", "unknownMeta": "x"}))
    check("an unknown field of the metadata", code == 400 and 'unknown field "metadata.unknownMeta"' in refused["message"], refused)


def webhooks_keep_match_conditions():
    for kind in ("validating", "mutating"):
        path = f"/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations"
        hook = {"name": "h.example.com", "clientConfig": {"url": "https://192.0.2.9/"}, "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "namespaceSelector": {"matchLabels": {"nobody": "has-this"}}, "matchConditions": [{"name": "expression-1", "expression": "'a' == 'a'"}]}
        code, made = post(path, {"metadata": {"name": "conditions"}, "webhooks": [hook]})
        same(f"{kind}: conditions are kept", (201, hook["matchConditions"]), (code, made["webhooks"][0].get("matchConditions")))
        made["webhooks"][0]["matchConditions"] = [{"name": "expression-2", "expression": "1 == 1"}]
        put(path + "/conditions", made)
        same(f"{kind}: and updated", "expression-2", get(path + "/conditions")[1]["webhooks"][0]["matchConditions"][0]["name"])
        delete(path + "/conditions")


def webhooks_refuse_conditions_that_do_not_compile():
    for kind in ("validating", "mutating"):
        path = f"/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations"
        hook = {"name": "h.example.com", "clientConfig": {"url": "https://192.0.2.9/"}, "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "namespaceSelector": {"matchLabels": {"nobody": "has-this"}}, "matchConditions": [{"name": "bad", "expression": "... [bad expression"}]}
        code, answer = post(path, {"metadata": {"name": "conditions"}, "webhooks": [hook]})
        same(f"{kind}: a condition that is none is refused", (422, True), (code, "compilation failed" in answer["message"]))
        hook["matchConditions"][0]["expression"] = "object.metadata.name"
        code, answer = post(path, {"metadata": {"name": "conditions"}, "webhooks": [hook]})
        same(f"{kind}: and one that is no condition", (422, True), (code, "must evaluate to bool" in answer["message"]))
        same(f"{kind}: nothing is stored", 404, get(path + "/conditions")[0])


def work_is_counted():
    """What dashboards of an API server draw."""
    stream = Watcher("/api/v1/namespaces?watch=1")
    new_space("counted")
    stream.types(2)
    text = get("/metrics")[1].decode()
    for line in ('workqueue_adds_total{name="namespace"} ', 'workqueue_depth{name="namespace"} ', 'workqueue_queue_duration_seconds_bucket{name="namespace",le="0.001"} ',
                 'workqueue_work_duration_seconds_count{name="namespace"} ', 'workqueue_retries_total{name="namespace"} ',
                 'apiserver_watch_events_total{group="",kind="Namespace",resource="namespaces",version="v1"} '):
        check(f"metric {line}", ("\n" + line) in text)
    open_streams = [line for line in text.splitlines() if line.startswith("apiserver_longrunning_requests{") and 'resource="namespaces"' in line]
    check("the stream is counted", open_streams and int(open_streams[0].split()[-1]) >= 1, open_streams)


if __name__ == "__main__":
    quotas_count_objects()
    quotas_count_pods()
    quotas_of_scopes()
    quotas_change()
    limits_apply()
    limits_in_two_namespaces()
    priority_classes()
    namespaces_take_all_along()
    namespaces_are_objects()
    fields_of_built_in_kinds()
    webhooks_keep_match_conditions()
    webhooks_refuse_conditions_that_do_not_compile()
    work_is_counted()
    finish()
