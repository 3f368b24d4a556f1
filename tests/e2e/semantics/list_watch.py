"""LIST and WATCH: pages at one revision, versions, selectors, initial events, bookmarks, transitions, forms."""
from api import *

MAPS = "/api/v1/namespaces/lists/configmaps"

post("/api/v1/namespaces", {"metadata": {"name": "lists"}})
post("/api/v1/namespaces/lists/serviceaccounts", {"metadata": {"name": "default"}})
wait_until(lambda: get(MAPS + "/kube-root-ca.crt")[0] == 200)
for number in range(25):
    labels = {"even": "true" if number % 2 == 0 else "false"}
    post(MAPS, {"metadata": {"name": f"cm{number:02}", "labels": labels}, "data": {"i": str(number)}})


def pages_at_one_revision():
    code, first = get(MAPS + "?limit=10")
    same("a page", 10, len(first["items"]))
    same("what remains", 16, first["metadata"].get("remainingItemCount"))
    at, token = first["metadata"]["resourceVersion"], first["metadata"]["continue"]
    post(MAPS, {"metadata": {"name": "cm05a"}})
    post(MAPS, {"metadata": {"name": "cm15a"}})
    delete(MAPS + "/cm20")
    code, second = get(f"{MAPS}?limit=10&continue={token}")
    same("all pages at one revision", at, second["metadata"]["resourceVersion"])
    check("what came later is not there", "cm15a" not in names(second), names(second))
    code, third = get(f"{MAPS}?limit=10&continue={second['metadata']['continue']}")
    check("what went later is there", "cm20" in names(third), names(third))
    check("the last page says so", not {"continue", "remainingItemCount"} & third["metadata"].keys(), third["metadata"])
    code, half = get(MAPS + "?limit=5&labelSelector=even%3Dtrue")
    check("no count with a selector", "remainingItemCount" not in half["metadata"], half["metadata"])
    code, rest = get(f"{MAPS}?limit=50&labelSelector=even%3Dtrue&continue={half['metadata']['continue']}")
    same("pages of a selection", 12, len(set(names(half) + names(rest))))
    code, refused = get(f"{MAPS}?continue={token}&resourceVersion=5")
    same("a token has its revision", (400, "specifying resource version is not allowed when using continue"),
         (code, refused["message"]))
    same("a token and any version", 200, get(f"{MAPS}?continue={token}&resourceVersion=0")[0])
    same("garbage as token", 400, get(MAPS + "?continue=zzzz")[0])
    return at


def versions(at):
    code, exact = get(f"{MAPS}?resourceVersion={at}&resourceVersionMatch=Exact")
    same("exact", at, exact["metadata"]["resourceVersion"])
    check("exact shows what was", "cm20" in names(exact) and "cm05a" not in names(exact), names(exact))
    code, newer = get(f"{MAPS}?resourceVersion={at}&resourceVersionMatch=NotOlderThan")
    check("not older", int(newer["metadata"]["resourceVersion"]) > int(at))
    code, paged = get(f"{MAPS}?resourceVersion={at}&limit=5")
    same("a version with a limit is exact", at, paged["metadata"]["resourceVersion"])
    for options, code in [("resourceVersionMatch=Exact", 422), ("resourceVersionMatch=Foo&resourceVersion=1", 422),
                          ("resourceVersion=0&resourceVersionMatch=Exact", 422), ("resourceVersion=abc", 400),
                          ("limit=abc", 400), ("sendInitialEvents=true", 422), ("resourceVersion=99999999", 504)]:
        same(f"list ?{options}", code, get(f"{MAPS}?{options}")[0])


def watches(at):
    since = ["ADDED", "ADDED", "DELETED"]
    types = lambda events: [event["type"] for event in events if event]
    for start in ("watch=1&resourceVersion=0", "watch=1"):
        code, events = watch(f"{MAPS}?{start}")
        same(f"?{start} begins with the state", 27, types(events).count("ADDED"))
    same("from a version", since, types(watch(f"{MAPS}?watch=1&resourceVersion={at}")[1]))
    listed = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    for accept, kind in [("application/json", "ConfigMap"), (METADATA, "PartialObjectMetadata"), (TABLE, "Table")]:
        code, events = watch(f"{MAPS}?{listed}", accept=accept)
        check(f"initial events as {kind}", events and all(e["object"]["kind"] == kind for e in events), events[-1:])
        last = events[-1]["object"]
        if kind == "Table":
            last = last["rows"][0]["object"]
        same(f"the end of initial events as {kind}", ("BOOKMARK", "true"),
             (events[-1]["type"], last["metadata"].get("annotations", {}).get("k8s.io/initial-events-end")))
    later = f"watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion={at}"
    same("without initial events", since, types(watch(f"{MAPS}?{later}")[1]))
    same("initial events need a match", 422, watch(MAPS + "?watch=1&sendInitialEvents=true")[0])
    same("a match needs initial events", 422, watch(MAPS + "?watch=1&resourceVersionMatch=NotOlderThan")[0])
    start = time.time()
    code, events = watch(f"{MAPS}?watch=1&timeoutSeconds=1&resourceVersion={at}", 8)
    check("timeoutSeconds ends the stream", events[-1] is None and time.time() - start < 6, events[-1:])
    code, events = watch(MAPS + "?watch=1&resourceVersion=0", accept=TABLE)
    check("columns come once", events[0]["object"]["columnDefinitions"] and
          not events[1]["object"]["columnDefinitions"], events[1])


def transitions(at):
    seen = Watcher(f"{MAPS}?watch=1&labelSelector=colour%3Dred&resourceVersion={at}")
    one = MAPS + "/cm01"
    patch(one, {"metadata": {"labels": {"colour": "red"}}})
    patch(one, {"data": {"x": "1"}})
    code, left = patch(one, {"metadata": {"labels": {"colour": "blue"}}})
    patch(one, {"metadata": {"labels": {"colour": "red"}}})
    delete(one)
    same("in and out of a selector", ["ADDED", "MODIFIED", "DELETED", "ADDED", "DELETED"], seen.types(5))
    gone = seen.events[2]["object"]["metadata"]
    same("the last matching form at the revision of the change", ("red", left["metadata"]["resourceVersion"]),
         (gone["labels"]["colour"], gone["resourceVersion"]))


def one_order_for_all():
    versions = [post(MAPS, {"metadata": {"name": f"order-{i}"}})[1]["metadata"]["resourceVersion"] for i in range(10)]
    seen = [[event["object"]["metadata"]["name"] for event in watch(f"{MAPS}?watch=1&resourceVersion={version}")[1] if event]
            for version in versions]
    check("watches from any version see the same order", all(seen[i] == seen[0][i:] for i in range(10)) and len(seen[0]) == 9, seen)
    for prefix in ("", "/order-3"):
        code, events = watch(f"/api/v1/watch/namespaces/lists/configmaps{prefix}?resourceVersion=0")
        check(f"the old path of watches{prefix}", code == 200 and events[0]["type"] == "ADDED", events[:1])


def selected(path, selector, wanted):
    code, listed = get(f"{path}?{query(fieldSelector=selector)}")
    same(f"{path.split('/')[-1]} with {selector}", (200, wanted), (code, names(listed) if code == 200 else listed))


def fields():
    space = "/api/v1/namespaces/lists"
    pod = {"metadata": {"name": "a"}, "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]}}
    post(space + "/pods", pod)
    post(space + "/pods", {"metadata": {"name": "b"}, "spec": {
        "restartPolicy": "Never", "schedulerName": "other", "hostNetwork": True,
        "containers": [{"name": "c", "image": "i"}]}})
    patch(space + "/pods/a/status", {"status": {"phase": "Running", "podIP": "10.1.2.3", "podIPs": [{"ip": "10.1.2.3"}],
                                                "nominatedNodeName": "nn"}})
    for selector, wanted in {
            "spec.nodeName=n1": ["a"], "spec.nodeName=": ["b"], "spec.nodeName!=n1": ["b"], "spec.host=n1": ["a"],
            "status.phase=Running": ["a"], "status.phase!=Running": ["b"], "spec.restartPolicy=Never": ["b"],
            "spec.schedulerName=other": ["b"], "spec.serviceAccountName=default": ["a", "b"],
            "spec.hostNetwork=true": ["b"], "spec.hostNetwork=false": ["a"], "status.podIP=10.1.2.3": ["a"],
            "status.podIPs=10.1.2.3": ["a"], "status.nominatedNodeName=nn": ["a"],
            "metadata.name=a,status.phase==Running": ["a"], "metadata.namespace=lists,metadata.name=b": ["b"]}.items():
        selected(space + "/pods", selector, wanted)
    code, refused = get(space + "/pods?fieldSelector=foo%3Dbar")
    same("an unknown field", (400, "field label not supported: foo"), (code, refused["message"]))
    post(space + "/secrets", {"metadata": {"name": "s"}, "type": "example.com/x"})
    selected(space + "/secrets", "type=example.com/x", ["s"])
    selected("/api/v1/namespaces", "status.phase=Active,metadata.name=lists", ["lists"])
    post("/api/v1/nodes", {"metadata": {"name": "n1"}, "spec": {"unschedulable": True}})
    selected("/api/v1/nodes", "spec.unschedulable=true", ["n1"])
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    job = json.loads(json.dumps(template))
    job["spec"]["restartPolicy"] = "Never"
    for path, spec, selector in [
            ("/apis/batch/v1/namespaces/lists/jobs", {"template": job}, "status.successful=0"),
            ("/apis/apps/v1/namespaces/lists/replicasets",
             {"selector": {"matchLabels": {"a": "b"}}, "template": template}, "status.replicas=0"),
            (space + "/replicationcontrollers", {"selector": {"a": "b"}, "template": template}, "status.replicas=0")]:
        post(path, {"metadata": {"name": "w"}, "spec": spec})
        selected(path, selector, ["w"])
        selected(path, selector[:-1] + "7", [])
    code, service = post(space + "/services", {"metadata": {"name": "sv"}, "spec": {"ports": [{"port": 80}]}})
    selected(space + "/services", "spec.type=ClusterIP,spec.clusterIP=" + service["spec"]["clusterIP"], ["sv"])


def events_are_one_kind_in_two_views():
    old, new = "/api/v1/namespaces/lists/events", "/apis/events.k8s.io/v1/namespaces/lists/events"
    post(old, {"metadata": {"name": "e1"}, "reason": "Started", "message": "m", "type": "Normal", "count": 3,
               "involvedObject": {"kind": "Pod", "name": "a", "namespace": "lists", "uid": "u1", "apiVersion": "v1",
                                  "fieldPath": "spec.x", "resourceVersion": "7"},
               "source": {"component": "kubelet", "host": "h1"}, "firstTimestamp": "2026-01-01T00:00:00Z"})
    for selector in ["involvedObject.kind=Pod", "involvedObject.name=a", "involvedObject.namespace=lists",
                     "involvedObject.uid=u1", "involvedObject.apiVersion=v1", "involvedObject.fieldPath=spec.x",
                     "involvedObject.resourceVersion=7", "reason=Started", "type=Normal", "source=kubelet"]:
        selected(old, selector, ["e1"])
    code, seen = get(new + "/e1")
    same("an old event as a new one", ("a", "m", 3, "h1"),
         (seen["regarding"]["name"], seen["note"], seen["deprecatedCount"], seen["deprecatedSource"]["host"]))
    post(new, {"metadata": {"name": "e2"}, "regarding": {"kind": "Node", "name": "b", "namespace": "lists"},
               "reason": "R", "note": "n", "type": "Warning", "action": "Act", "reportingController": "ctl",
               "reportingInstance": "i", "eventTime": "2026-01-01T00:00:00.000000Z"})
    code, seen = get(old + "/e2")
    same("a new event as an old one", ("b", "n", "ctl"),
         (seen["involvedObject"]["name"], seen["message"], seen["reportingComponent"]))
    selected(old, "source=ctl", ["e2"])
    for selector in ["regarding.name=b", "regarding.kind=Node", "reportingController=ctl", "type=Warning"]:
        selected(new, selector, ["e2"])
    same("each view has its names", 400, get(new + "?fieldSelector=involvedObject.name%3Db")[0])
    code, events = watch(new + "?watch=1&resourceVersion=0")
    check("a watch of the new view", len(events) == 2 and all("regarding" in e["object"] for e in events), events)


start = pages_at_one_revision()
versions(start)
watches(start)
transitions(start)
one_order_for_all()
fields()
events_are_one_kind_in_two_views()
finish()
