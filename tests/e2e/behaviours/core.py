"""ConfigMaps, Secrets, pods, events and service accounts as conformant clusters have them. Needs the controllers."""
import time

from api import *
from spaces import new_space, pod, ready


def keys_have_names():
    space = new_space("keys")
    for kind in ("configmaps", "secrets"):
        code, refused = post(f"{space}/{kind}", {"metadata": {"name": "empty"}, "data": {"": "dmFsdWU="}})
        check(f"{kind}: no empty key", code == 422 and refused["details"]["causes"][0]["field"].startswith("data"), refused)


def what_is_immutable_stays():
    space = new_space("immutable")
    for kind in ("configmaps", "secrets"):
        path = f"{space}/{kind}"
        post(path, {"metadata": {"name": "i"}, "data": {"a": "YQ=="}})
        same(f"{kind}: changes", 200, patch(path + "/i", {"data": {"b": "Yg=="}})[0])
        same(f"{kind}: becomes immutable", 200, patch(path + "/i", {"immutable": True})[0])
        for what, change in (("data", {"data": {"c": "Yw=="}}), ("the mark", {"immutable": None})):
            code, refused = patch(path + "/i", change)
            check(f"{kind}: {what} stays", code == 422 and refused["details"]["causes"][0]["reason"] == "FieldValueForbidden", refused)
        same(f"{kind}: labels are free", 200, patch(path + "/i", {"metadata": {"labels": {"a": "b"}}})[0])
        same(f"{kind}: and it may go", 200, delete(path + "/i")[0])


def pods_have_generations():
    space = new_space("generations")
    one = space + "/pods/g"
    generation = lambda answer: answer[1]["metadata"]["generation"]
    same("it begins with 1", 1, generation(post(space + "/pods", pod("g", nodeName="nowhere", terminationGracePeriodSeconds=30))))
    same("labels do not count", 1, generation(patch(one, {"metadata": {"labels": {"a": "b"}}})))
    same("an image does", 2, generation(patch(one, {"spec": {"containers": [{"name": "c", "image": "j"}]}}, kind=STRATEGIC)))
    same("so does a toleration", 3, generation(patch(one, {"spec": {"tolerations": [{"key": "foo", "operator": "Exists"}]}}, kind=STRATEGIC)))
    same("and an end", 4, generation(patch(one, {"spec": {"activeDeadlineSeconds": 5000}})))
    same("nothing new does not", 4, generation(patch(one, {"spec": {"activeDeadlineSeconds": 5000}})))
    for number in range(5, 101):
        patch(one, {"spec": {"activeDeadlineSeconds": 5000 - number}})
    same("a hundred", 100, generation(get(one)))
    same("its end counts", 101, generation(delete(one)))
    delete(one + "?gracePeriodSeconds=0")


def pods_have_a_quality_of_service():
    space = new_space("quality")
    same_of_both = {"cpu": "100m", "memory": "100Mi"}
    for name, resources, wanted in (("g", {"requests": same_of_both, "limits": same_of_both}, "Guaranteed"),
                                    ("b", {"requests": {"cpu": "1m"}}, "Burstable"), ("n", None, "BestEffort")):
        same(wanted, wanted, post(space + "/pods", pod(name, resources=resources))[1]["status"]["qosClass"])


def pods_are_objects():
    space = new_space("pods")
    pods = space + "/pods"
    seen = Watcher(pods + "?watch=1&labelSelector=test%3Dlife")
    post(pods, pod("p", {"test": "life"}, terminationGracePeriodSeconds=1))
    code, patched = patch(pods + "/p", {"metadata": {"labels": {"more": "patched"}}, "spec": {"containers": [{"name": "c", "image": "j"}]}}, kind=STRATEGIC)
    same("a patch", ("patched", "j"), (patched["metadata"]["labels"]["more"], patched["spec"]["containers"][0]["image"]))
    now = get(pods + "/p")[1]
    now["spec"]["activeDeadlineSeconds"] = 30
    same("a deadline may come", 200, put(pods + "/p", now)[0])
    now = get(pods + "/p/status")[1]
    now["status"].update(phase="Running", conditions=[{"type": "Ready", "status": "False"}])
    code, updated = put(pods + "/p/status", now)
    same("an update of its status", (200, "False"), (code, updated["status"]["conditions"][0]["status"]))
    code, patched = patch(pods + "/p/status", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, kind=STRATEGIC)
    same("a patch of its status", "True", next(c["status"] for c in patched["status"]["conditions"] if c["type"] == "Ready"))
    same("found in all namespaces", ["p"], names(get("/api/v1/pods?labelSelector=test%3Dlife")[1]))
    delete(pods + "/p?gracePeriodSeconds=0")
    check("watched from begin to end", wait_until(lambda: [e["type"] for e in seen.events[:1] + seen.events[-1:]] == ["ADDED", "DELETED"]), seen.types(1))
    for name in ("x", "y", "z"):
        post(pods, pod(name, {"set": "some"}))
    delete(pods + "?labelSelector=set%3Dsome&gracePeriodSeconds=0")
    check("a collection goes", wait_until(lambda: names(get(pods)[1]) == []), names(get(pods)[1]))
    inline = pod("inline", volumes=[{"name": "v", "csi": {"driver": "e2e.example.com"}}])
    same("a pod with an inline volume", (201, "e2e.example.com"), (lambda a: (a[0], a[1]["spec"]["volumes"][0]["csi"]["driver"]))(post(pods, inline)))


def events_are_objects():
    space = new_space("events")
    events = space.replace("/api/v1", "/apis/events.k8s.io/v1") + "/events"
    made = {"metadata": {"name": "e", "labels": {"test": "event"}}, "eventTime": "2024-01-01T00:00:00.000000Z", "reportingController": "test.example.com",
            "reportingInstance": "i", "action": "Do", "reason": "Test", "type": "Normal", "note": "first",
            "regarding": {"kind": "Pod", "name": "p", "namespace": "events", "apiVersion": "v1"}}
    same("a new event", 201, post(events, made)[0])
    check("in a list of all namespaces", "e" in names(get("/apis/events.k8s.io/v1/events?labelSelector=test%3Devent")[1]))
    series = {"count": 2, "lastObservedTime": "2024-01-01T00:00:02.000000Z"}
    same("a patched series", 2, patch(events + "/e", {"series": series})[1]["series"]["count"])
    same("what was noted stays", 422, patch(events + "/e", {"note": "second"})[0])
    same("but in the old view", "second", patch(space + "/events/e", {"message": "second"})[1]["message"])
    now = get(events + "/e")[1]
    now["series"] = {"count": 100, "lastObservedTime": "2024-01-01T00:00:05.000000Z"}
    same("a series", 100, put(events + "/e", now)[1]["series"]["count"])
    same("the old view of it", ("second", 100), (lambda e: (e["message"], e["series"]["count"]))(get(space + "/events/e")[1]))
    for number in (1, 2, 3):
        post(events, dict(made, metadata={"name": f"s{number}", "labels": {"set": "events"}}))
    same("three", 3, len(get(events + "?labelSelector=set%3Devents")[1]["items"]))
    delete(events + "?labelSelector=set%3Devents")
    same("a collection goes", ["e"], names(get(events)[1]))
    delete(events + "/e")
    same("one goes", [], names(get(space + "/events")[1]))


def the_root_certificate_is_everywhere():
    space = new_space("trust")
    path = space + "/configmaps/kube-root-ca.crt"
    check("it is there", wait_until(lambda: "BEGIN CERTIFICATE" in get(path)[1].get("data", {}).get("ca.crt", "")))
    delete(path)
    check("it comes back", wait_until(lambda: get(path)[0] == 200))
    patch(path, {"data": {"ca.crt": "other"}})
    check("and is put right", wait_until(lambda: "BEGIN CERTIFICATE" in get(path)[1]["data"]["ca.crt"]), get(path))


def service_accounts_are_objects():
    space = new_space("accounts")
    accounts = space + "/serviceaccounts"
    seen = Watcher(accounts + "?watch=1&labelSelector=test%3Daccount")
    post(accounts, {"metadata": {"name": "a", "labels": {"test": "account"}}})
    same("a patch", False, patch(accounts + "/a", {"automountServiceAccountToken": False})[1]["automountServiceAccountToken"])
    now = get(accounts + "/a")[1]
    same("an update", True, put(accounts + "/a", dict(now, automountServiceAccountToken=True))[1]["automountServiceAccountToken"])
    check("in a list of all namespaces", "a" in names(get("/api/v1/serviceaccounts?labelSelector=test%3Daccount")[1]))
    delete(accounts + "?labelSelector=test%3Daccount")
    same("watched", ["ADDED", "MODIFIED", "MODIFIED", "DELETED"], seen.types(4))


def reviews_agree_with_requests():
    space = new_space("reviews")
    account = "system:serviceaccount:reviews:default"
    reviews = "/apis/authorization.k8s.io/v1"
    asks = {"namespace": "reviews", "verb": "list", "resource": "configmaps", "version": "v1"}

    def said():
        spec = {"resourceAttributes": asks, "user": account}
        everywhere = post(reviews + "/subjectaccessreviews", {"spec": spec})[1]["status"]["allowed"]
        here = post(reviews + "/namespaces/reviews/localsubjectaccessreviews", {"metadata": {"namespace": "reviews"}, "spec": spec})[1]["status"]["allowed"]
        done = request("GET", space + "/configmaps", headers={"Impersonate-User": account})[0] == 200
        return everywhere, here, done
    same("nobody may", (False, False, False), said())
    roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/reviews"
    post(roles + "/rolebindings", {"metadata": {"name": "v"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
                                   "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "reviews"}]})
    same("until allowed", (True, True, True), said())


def nodes_and_leases_are_objects():
    nodes = "/api/v1/nodes"
    post(nodes, {"metadata": {"name": "made-up"}, "spec": {"unschedulable": True}})
    same("a label", "patched", patch(nodes + "/made-up", {"metadata": {"labels": {"e2e": "patched"}}})[1]["metadata"]["labels"]["e2e"])
    same("listed by it", ["made-up"], names(get(nodes + "?labelSelector=e2e%3Dpatched")[1]))
    code, patched = patch(nodes + "/made-up/status", {"status": {"phase": "Running"}})
    same("its status", (200, "Running"), (code, patched["status"]["phase"]))
    delete(nodes + "?labelSelector=e2e%3Dpatched")
    same("a collection goes", 404, get(nodes + "/made-up")[0])
    space = new_space("leases")
    leases = space.replace("/api/v1", "/apis/coordination.k8s.io/v1") + "/leases"
    spec = {"holderIdentity": "h", "leaseDurationSeconds": 30, "acquireTime": "2024-01-01T00:00:00.000000Z", "renewTime": "2024-01-01T00:00:05.000000Z", "leaseTransitions": 0}
    same("a lease is what was written", spec, post(leases, {"metadata": {"name": "l"}, "spec": spec})[1]["spec"])
    now = get(leases + "/l")[1]
    now["spec"].update(holderIdentity="h2", leaseTransitions=1)
    same("updated", "h2", put(leases + "/l", now)[1]["spec"]["holderIdentity"])
    same("patched", 60, patch(leases + "/l", {"spec": {"leaseDurationSeconds": 60}})[1]["spec"]["leaseDurationSeconds"])


def taints_evict_pods():
    nodes, space = "/api/v1/nodes", new_space("evictions")
    taint = {"spec": {"taints": [{"key": "e2e", "value": "v", "effect": "NoExecute"}]}}
    tolerates = lambda seconds: {"tolerations": [{"key": "e2e", "operator": "Equal", "value": "v", "effect": "NoExecute", "tolerationSeconds": seconds}]}
    for node in ("stays-tainted", "tainted-for-a-moment"):
        post(nodes, {"metadata": {"name": node}})
        for name, seconds in (("soon", 1), ("later", 3)):
            post(space + "/pods", pod(f"{name}.{node}", nodeName=node, **tolerates(seconds)))
    post(space + "/pods", pod("intolerant", nodeName="stays-tainted"))
    is_evicted = lambda name: "deletionTimestamp" in get(f"{space}/pods/{name}")[1].get("metadata", {"deletionTimestamp": 1})
    began = time.monotonic()
    for node in ("stays-tainted", "tainted-for-a-moment"):
        same(f"{node}: tainted", 200, patch(f"{nodes}/{node}", taint)[0])
    same("the taint goes", 200, patch(f"{nodes}/tainted-for-a-moment", {"spec": {"taints": None}})[0])
    check("who does not tolerate it is evicted", wait_until(lambda: is_evicted("intolerant")))
    check("soon is evicted", wait_until(lambda: is_evicted("soon.stays-tainted")))
    check("not before its time", time.monotonic() - began >= 1, began)
    check("later is not yet", time.monotonic() - began >= 3 or not is_evicted("later.stays-tainted"), began)
    check("later is evicted", wait_until(lambda: is_evicted("later.stays-tainted")))
    check("not before its time", time.monotonic() - began >= 3, began)
    for name in ("soon", "later"):
        check(f"{name} stays where the taint went in time", not is_evicted(f"{name}.tainted-for-a-moment"), name)
    delete(space + "/pods?gracePeriodSeconds=0")
    for node in ("stays-tainted", "tainted-for-a-moment"):
        delete(f"{nodes}/{node}")


def options_of_deletions_in_protobuf():
    """What client-go's typed clients send."""
    field = lambda number, raw: bytes([number << 3 | 2, len(raw)]) + raw

    def options(raw):
        return b"k8s\0" + field(1, field(1, b"v1") + field(2, b"DeleteOptions")) + field(2, raw)
    space = new_space("protobuf-deletions")
    kind = "application/vnd.kubernetes.protobuf"
    made = post(space + "/configmaps", {"metadata": {"name": "m"}})[1]
    code, refused = delete(space + "/configmaps/m", options(field(2, field(1, b"another-uid"))), kind=kind)
    same("a precondition", 409, code)
    same("a dry run", (200, 200), (delete(space + "/configmaps/m", options(field(5, b"All")), kind=kind)[0], get(space + "/configmaps/m")[0]))
    code, answer = delete(space + "/configmaps/m", options(field(2, field(1, made["metadata"]["uid"].encode()))), kind=kind)
    same("the right precondition", (200, 404), (code, get(space + "/configmaps/m")[0]))
    post(space + "/pods", pod("p", nodeName="nowhere"))
    same("no grace", (200, 404), (delete(space + "/pods/p", options(b"\x08\x00"), kind=kind)[0], get(space + "/pods/p")[0]))
    same("garbage", 400, delete(space + "/configmaps/kube-root-ca.crt", b"k8s\0\xff\xff", kind=kind)[0])


if __name__ == "__main__":
    keys_have_names()
    what_is_immutable_stays()
    pods_have_generations()
    pods_have_a_quality_of_service()
    pods_are_objects()
    events_are_objects()
    the_root_certificate_is_everywhere()
    service_accounts_are_objects()
    options_of_deletions_in_protobuf()
    reviews_agree_with_requests()
    nodes_and_leases_are_objects()
    taints_evict_pods()
    finish()
