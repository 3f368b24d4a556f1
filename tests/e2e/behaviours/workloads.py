"""Deployments, replica sets and disruption budgets as conformant clusters have them. Needs the controllers; a thread of this test
says of pods that they run."""
from api import *
from spaces import Node, new_space, pod, ready

LABELS = {"app": "web"}


def template(image="i", labels=None):
    return {"metadata": {"labels": labels or LABELS}, "spec": {"containers": [{"name": "c", "image": image}], "terminationGracePeriodSeconds": 0}}


def deployment(name="d", replicas=3, image="i", **spec):
    return {"metadata": {"name": name, "labels": LABELS}, "spec": dict(
        {"replicas": replicas, "selector": {"matchLabels": LABELS}, "template": template(image)}, **spec)}


def apps(space):
    return space.replace("/api/v1", "/apis/apps/v1")


def sets(space):
    return get(apps(space) + "/replicasets")[1]["items"]


def pods(space):
    return [p for p in get(space + "/pods")[1]["items"] if "deletionTimestamp" not in p["metadata"]]


def complete(space, replicas, name="d"):
    def holds():
        now = get(f"{apps(space)}/deployments/{name}")[1]
        status = now["status"]
        return (status.get("observedGeneration") == now["metadata"]["generation"] and status.get("replicas", 0) == replicas and
                status.get("updatedReplicas", 0) == replicas and status.get("availableReplicas", 0) == replicas)
    return wait_until(holds, 20)


def rolling_update():
    space = new_space("rolling")
    node = Node(space)
    path = apps(space) + "/deployments"
    # A replica set that is there already is adopted and becomes the old one.
    mark = {"deployment.kubernetes.io/revision": "7"}
    post(apps(space) + "/replicasets", {"metadata": {"name": "older", "labels": LABELS, "annotations": mark}, "spec": {
        "replicas": 1, "selector": {"matchLabels": LABELS}, "template": template("old")}})
    check("the older set runs", wait_until(lambda: len(pods(space)) == 1))
    post(path, deployment(replicas=1, image="new"))
    check("the deployment completes", complete(space, 1), get(path + "/d"))
    older = get(apps(space) + "/replicasets/older")[1]
    check("it adopted the older set", [o["name"] for o in older["metadata"].get("ownerReferences", [])] == ["d"], older["metadata"])
    same("and scaled it down", 0, older["spec"]["replicas"])
    same("one pod, of the new image", ["new"], [p["spec"]["containers"][0]["image"] for p in pods(space)])
    same("revisions go on from there", "8", get(path + "/d")[1]["metadata"]["annotations"]["deployment.kubernetes.io/revision"])
    node.stop()


def recreate():
    space = new_space("recreate")
    node = Node(space)
    path = apps(space) + "/deployments/d"
    post(apps(space) + "/deployments", deployment(strategy={"type": "Recreate"}))
    check("it completes", complete(space, 3))
    seen = Watcher(space + "/pods?watch=1&labelSelector=app%3Dweb")
    patch(path, {"spec": {"template": template("other")}})
    check("it completes again", complete(space, 3))
    together, images = False, {}
    for event in list(seen.events):
        name = event["object"]["metadata"]["name"]
        images.pop(name, None)
        if event["type"] != "DELETED":
            images[name] = event["object"]["spec"]["containers"][0]["image"]
        together = together or len(set(images.values())) > 1
    check("old and new pods never live at once", not together and set(images.values()) == {"other"}, images)
    node.stop()


def history():
    space = new_space("history")
    node = Node(space)
    post(apps(space) + "/deployments", deployment(replicas=1, revisionHistoryLimit=0))
    check("it completes", complete(space, 1))
    for image in ("two", "three"):
        patch(apps(space) + "/deployments/d", {"spec": {"template": template(image)}})
        check(f"{image} completes", complete(space, 1))
    check("no old sets are kept", wait_until(lambda: len(sets(space)) == 1), [s["metadata"]["name"] for s in sets(space)])
    node.stop()


def rollover():
    space = new_space("rollover")
    node = Node(space)
    path = apps(space) + "/deployments/d"
    post(apps(space) + "/deployments", deployment(replicas=2, minReadySeconds=0, strategy={
        "type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}))
    check("it completes", complete(space, 2))
    patch(path, {"spec": {"template": template("broken")}})
    check("a broken version hangs", wait_until(lambda: any(p["spec"]["containers"][0]["image"] == "broken" for p in pods(space))))
    same("and takes nothing away", 2, len([p for p in pods(space) if p["spec"]["containers"][0]["image"] == "i"]))
    patch(path, {"spec": {"template": template("third")}})
    check("the next one replaces both", complete(space, 2), get(path))
    check("others are empty", wait_until(lambda: sorted(s["spec"]["replicas"] for s in sets(space)) == [0, 0, 2]), sets(space))
    node.stop()


def proportional_scaling():
    space = new_space("proportional")
    node = Node(space)
    path = apps(space) + "/deployments/d"
    post(apps(space) + "/deployments", deployment(replicas=10, strategy={
        "type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2, "maxSurge": 3}}))
    check("it completes", complete(space, 10))
    patch(path, {"spec": {"template": template("broken")}})
    sizes = lambda: sorted(s["spec"]["replicas"] for s in sets(space))
    check("a broken version stops at its limits", wait_until(lambda: sizes() == [5, 8], 20), sizes())
    patch(path, {"spec": {"replicas": 30}})
    check("more are shared among both", wait_until(lambda: sizes() == [13, 20], 20), sizes())
    node.stop()


def deployments_scale_and_end():
    space = new_space("scaling")
    node = Node(space)
    path = apps(space) + "/deployments/d"
    post(apps(space) + "/deployments", deployment(replicas=1))
    check("it completes", complete(space, 1))
    scale = get(path + "/scale")[1]
    same("its scale", ("Scale", 1, "app=web"), (scale["kind"], scale["spec"]["replicas"], scale["status"]["selector"]))
    scale["spec"]["replicas"] = 2
    same("an update of the scale", 200, put(path + "/scale", scale)[0])
    check("is followed", complete(space, 2))
    same("a patch of the scale", 4, patch(path + "/scale", {"spec": {"replicas": 4}})[1]["spec"]["replicas"])
    check("is followed too", complete(space, 4))
    conditions = {c["type"]: c["status"] for c in get(path + "/status")[1]["status"]["conditions"]}
    same("its conditions", {"Available": "True", "Progressing": "True"}, conditions)
    mine = {"type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "m"}
    code, patched = patch(path + "/status", {"status": {"conditions": [mine]}}, kind=STRATEGIC)
    check("its status takes a condition of others", any(c["type"] == "StatusUpdate" for c in patched["status"]["conditions"]), patched)
    delete(path, {"propagationPolicy": "Background"})
    check("all of it goes", wait_until(lambda: not sets(space) and not pods(space), 20), sets(space))
    post(apps(space) + "/deployments", deployment(replicas=2))
    check("another completes", complete(space, 2))
    delete(path, {"propagationPolicy": "Orphan"})
    check("it goes alone", wait_until(lambda: get(path)[0] == 404, 20))
    check("its set is nobody's", wait_until(lambda: all("ownerReferences" not in s["metadata"] for s in sets(space))), sets(space))
    same("and keeps its pods", (1, 2), (len(sets(space)), len(pods(space))))
    node.stop()


def replica_sets_adopt_and_release():
    space = new_space("adoption")
    node = Node(space)
    post(space + "/pods", pod("orphan", LABELS))
    check("a pod runs", wait_until(lambda: get(space + "/pods/orphan")[1]["status"]["phase"] == "Running"))
    made = {"metadata": {"name": "set", "labels": {"set": "one"}}, "spec": {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": template()}}
    post(apps(space) + "/replicasets", made)
    owner = lambda name: [o["name"] for o in get(f"{space}/pods/{name}")[1]["metadata"].get("ownerReferences", [])]
    check("a pod that fits is adopted", wait_until(lambda: owner("orphan") == ["set"]), get(space + "/pods/orphan"))
    same("and no other made", ["orphan"], names(get(space + "/pods")[1]))
    patch(space + "/pods/orphan", {"metadata": {"labels": {"app": "other"}}})
    check("one that does not fit any more is released", wait_until(lambda: owner("orphan") == []))
    check("and replaced", wait_until(lambda: len(pods(space)) == 2))
    path = apps(space) + "/replicasets"
    same("its scale", 1, get(path + "/set/scale")[1]["spec"]["replicas"])
    patch(path + "/set/scale", {"spec": {"replicas": 2}})
    check("a larger set", wait_until(lambda: get(path + "/set")[1]["status"].get("readyReplicas") == 2), get(path + "/set"))
    same("a list of all namespaces has it", ["set"], names(get("/apis/apps/v1/replicasets?labelSelector=set%3Done")[1]))
    delete(path + "?labelSelector=set%3Done", {"propagationPolicy": "Background"})
    check("a collection goes, pods and all", wait_until(lambda: names(get(space + "/pods")[1]) == ["orphan"]), names(get(space + "/pods")[1]))
    node.stop()


def controller(name, replicas, labels=None):
    labels = labels or LABELS
    return {"metadata": {"name": name}, "spec": {"replicas": replicas, "selector": labels, "template": template(labels=labels)}}


def owned(space, name):
    return [p for p in pods(space) if any(o["name"] == name and o["kind"] == "ReplicationController" for o in p["metadata"].get("ownerReferences", []))]


def replication_controllers_keep_pods():
    space = new_space("controllers")
    node = Node(space)
    path = space + "/replicationcontrollers/rc"
    post(space + "/pods", pod("orphan", LABELS))
    post(space + "/replicationcontrollers", controller("rc", 2))
    check("two pods, one of them adopted", wait_until(lambda: len(owned(space, "rc")) == 2 and len(pods(space)) == 2), names(get(space + "/pods")[1]))
    check("both ready", wait_until(lambda: get(path)[1]["status"].get("readyReplicas") == 2), get(path))
    scale = get(path + "/scale")[1]
    same("its scale", ("app=web", 2), (scale["status"]["selector"], scale["spec"]["replicas"]))
    scale["spec"]["replicas"] = 1
    put(path + "/scale", scale)
    check("one pod", wait_until(lambda: len(pods(space)) == 1 and get(path)[1]["status"]["replicas"] == 1))
    left = pods(space)[0]["metadata"]["name"]
    patch(f"{space}/pods/{left}", {"metadata": {"labels": {"app": "other"}}})
    check("one that does not fit any more is released and replaced", wait_until(
        lambda: len(pods(space)) == 2 and left not in [p["metadata"]["name"] for p in owned(space, "rc")]))
    post(space + "/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "3"}}})
    wait_until(lambda: get(space + "/resourcequotas/q")[1].get("status", {}).get("used", {}).get("pods") == "2")
    patch(path, {"spec": {"replicas": 3}})
    failing = lambda: [c for c in get(path)[1]["status"].get("conditions", []) if c["type"] == "ReplicaFailure"]
    check("more than the quota has", wait_until(lambda: failing() and len(owned(space, "rc")) == 2), get(path))
    patch(path, {"spec": {"replicas": 2}})
    check("as many as it has", wait_until(lambda: not failing()), get(path))
    node.stop()


def replication_controllers_end():
    space = new_space("endings")
    node = Node(space)
    path = space + "/replicationcontrollers"
    for how in ("Background", "Foreground"):
        post(path, controller("rc", 4))
        check(f"{how}: four pods", wait_until(lambda: len(owned(space, "rc")) == 4))
        delete(path + "/rc", {"propagationPolicy": how})
        check(f"{how}: all go", wait_until(lambda: get(path + "/rc")[0] == 404 and not pods(space), 20), names(get(space + "/pods")[1]))
    post(path, controller("rc", 4))
    check("four pods", wait_until(lambda: len(owned(space, "rc")) == 4))
    delete(path + "/rc", {"propagationPolicy": "Orphan"})
    check("orphans stay", wait_until(lambda: get(path + "/rc")[0] == 404 and len(pods(space)) == 4 and not owned(space, "rc")), pods(space))
    delete(space + "/pods?gracePeriodSeconds=0")
    check("no pods", wait_until(lambda: not pods(space)))
    post(path, controller("ends", 4))
    other = post(path, controller("stays", 0, {"app": "stays"}))[1]
    check("four pods of one", wait_until(lambda: len(owned(space, "ends")) == 4))
    kept = sorted(p["metadata"]["name"] for p in owned(space, "ends"))[:2]
    for name in kept:
        patch(f"{space}/pods/{name}", [{"op": "add", "path": "/metadata/ownerReferences/-", "value": {
            "apiVersion": "v1", "kind": "ReplicationController", "name": "stays", "uid": other["metadata"]["uid"]}}], kind=JSON_PATCH)
    delete(path + "/ends", {"propagationPolicy": "Foreground"})
    check("the owner goes", wait_until(lambda: get(path + "/ends")[0] == 404, 20), get(path + "/ends"))
    same("pods with another owner stay", kept, sorted(names(get(space + "/pods")[1])))
    node.stop()


def replica_sets_under_a_quota():
    space = new_space("bounded")
    post(space + "/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "2"}}})
    wait_until(lambda: get(space + "/resourcequotas/q")[1].get("status", {}).get("hard") is not None)
    path = apps(space) + "/replicasets/set"
    post(apps(space) + "/replicasets", {"metadata": {"name": "set"}, "spec": {"replicas": 3, "selector": {"matchLabels": LABELS}, "template": template()}})
    failing = lambda: [c for c in get(path)[1]["status"].get("conditions", []) if c["type"] == "ReplicaFailure"]
    check("more pods than the quota has", wait_until(lambda: failing() and failing()[0]["status"] == "True"), get(path))
    patch(path, {"spec": {"replicas": 2}})
    check("as many as it has", wait_until(lambda: not failing()), get(path))


def disruption_budgets():
    space = new_space("budgets")
    node = Node(space)
    budgets = space.replace("/api/v1", "/apis/policy/v1") + "/poddisruptionbudgets"
    post(apps(space) + "/replicasets", {"metadata": {"name": "set"}, "spec": {"replicas": 3, "selector": {"matchLabels": LABELS}, "template": template()}})
    check("three pods run", wait_until(lambda: get(apps(space) + "/replicasets/set")[1]["status"].get("readyReplicas") == 3, 20))
    budget = lambda least: {"metadata": {"name": "b", "labels": {"set": "b"}}, "spec": {"minAvailable": least, "selector": {"matchLabels": LABELS}}}
    same("a budget", 201, post(budgets, budget(3))[0])
    allowed = lambda: get(budgets + "/b")[1].get("status", {}).get("disruptionsAllowed")
    check("it allows nothing", wait_until(lambda: get(budgets + "/b")[1].get("status", {}).get("currentHealthy") == 3 and allowed() == 0))
    victim = pods(space)[0]["metadata"]["name"]
    evict = lambda: post(f"{space}/pods/{victim}/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": victim}})
    code, refused = evict()
    same("an eviction has to wait", (429, "DisruptionBudget"), (code, refused["details"]["causes"][0]["reason"]))
    patch(budgets + "/b", {"spec": {"minAvailable": 2}})
    check("the budget is changed and allows one", wait_until(lambda: allowed() == 1), get(budgets + "/b"))
    same("an eviction", 201, evict()[0])
    check("a pod takes its place", wait_until(lambda: len(pods(space)) == 3 and allowed() == 1, 20), get(budgets + "/b"))
    code, patched = patch(budgets + "/b/status", {"status": {"disruptedPods": {}, "conditions": [
        {"type": "Mine", "status": "True", "reason": "E2E", "message": "", "lastTransitionTime": "2024-01-01T00:00:00Z"}]}})
    check("its status can be written", code == 200 and any(c["type"] == "Mine" for c in patched["status"]["conditions"]), patched)
    same("listed everywhere", ["b"], names(get("/apis/policy/v1/poddisruptionbudgets?labelSelector=set%3Db")[1]))
    delete(budgets + "?labelSelector=set%3Db")
    same("a collection goes", [], names(get(budgets)[1]))
    node.stop()


def budgets_of_custom_kinds():
    space = new_space("custom-budgets")
    crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    free = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    scale = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"}
    post(crd, {"metadata": {"name": "crews.e2e.example.com"}, "spec": {
        "group": "e2e.example.com", "scope": "Namespaced", "names": {"plural": "crews", "singular": "crew", "kind": "Crew", "listKind": "CrewList"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": free, "subresources": {"status": {}, "scale": scale}}]}})
    crews = "/apis/e2e.example.com/v1/namespaces/custom-budgets/crews"
    check("a kind with a scale", wait_until(lambda: get(crews)[0] == 200))
    crew = post(crews, {"apiVersion": "e2e.example.com/v1", "kind": "Crew", "metadata": {"name": "c"}, "spec": {"size": 4}})[1]
    owner = {"apiVersion": "e2e.example.com/v1", "kind": "Crew", "name": "c", "uid": crew["metadata"]["uid"], "controller": True}
    for number in (1, 2, 3):
        made = pod(f"p{number}", LABELS)
        made["metadata"]["ownerReferences"] = [owner]
        post(space + "/pods", made)
        ready(space, f"p{number}")
    budgets = space.replace("/api/v1", "/apis/policy/v1") + "/poddisruptionbudgets"
    post(budgets, {"metadata": {"name": "b"}, "spec": {"maxUnavailable": 2, "selector": {"matchLabels": LABELS}}})
    status = lambda: get(budgets + "/b")[1].get("status", {})
    check("its scale says how many are expected", wait_until(
        lambda: (status().get("expectedPods"), status().get("currentHealthy"), status().get("disruptionsAllowed")) == (4, 3, 1)), status())
    delete(crd + "/crews.e2e.example.com")


if __name__ == "__main__":
    rolling_update()
    recreate()
    history()
    rollover()
    proportional_scaling()
    deployments_scale_and_end()
    replica_sets_adopt_and_release()
    replication_controllers_keep_pods()
    replication_controllers_end()
    replica_sets_under_a_quota()
    budgets_of_custom_kinds()
    disruption_budgets()
    finish()
