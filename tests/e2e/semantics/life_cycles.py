"""Every kind that can be created lives through what a conformant API supports for it: create, get, list, watch, patch,
update, status, delete, deletecollection. Bodies are the smallest valid ones of the recordings."""
import lzma
import sys

from api import *

SPACE = "lives"
# A second object of these kinds cannot be made by changing its name alone.
ONE_OF_A_NAME = {"customresourcedefinitions", "apiservices"}
# Kinds that are answered, not stored.
NOT_STORED = {"authentication.k8s.io", "authorization.k8s.io"}


def minimal_bodies(path):
    bodies = {}
    with lzma.open(path, "rt") as lines:
        for line in lines:
            case = json.loads(line)
            if case["id"] == "minimal" and case["steps"][0]["status"] == 201:
                step = case["steps"][0]
                body = json.loads(json.dumps(step["body"]).replace('"golden"', f'"{SPACE}"'))
                bodies.setdefault(step["path"].split("?")[0].replace("/golden/", f"/{SPACE}/"), body)
    return bodies


def resource_facts():
    facts = {}
    groups = [f"/apis/{version['groupVersion']}" for group in get("/apis")[1]["groups"] for version in group["versions"]]
    for root in ["/api/v1"] + groups:
        for resource in get(root)[1]["resources"]:
            facts[root, resource["name"]] = resource
    return facts


def named(body, name, labels=None):
    made = json.loads(json.dumps(body))
    made.setdefault("metadata", {})["name"] = name
    if labels:
        made["metadata"].setdefault("labels", {}).update(labels)
    return made


def live_through(path, body, resource, status):
    here = path.split("/")[-1]
    name = body["metadata"]["name"] if here in ONE_OF_A_NAME else "life-1"
    events = Watcher(f"{path}?watch=1&labelSelector=life%3Done")
    code, made = post(path, named(body, name, {"life": "one"}))
    check(f"{path}: create", code == 201 and made["metadata"]["uid"] and made["metadata"]["resourceVersion"], made)
    if code != 201:
        return
    one = f"{path}/{name}"
    code, got = get(one)
    check(f"{path}: get", code == 200 and got["metadata"]["uid"] == made["metadata"]["uid"], got)
    check(f"{path}: list", name in names(get(f"{path}?labelSelector=life%3Done")[1]))
    if f"/namespaces/{SPACE}/" in path:
        everywhere = path.replace(f"/namespaces/{SPACE}", "")
        check(f"{path}: list everywhere", name in names(get(f"{everywhere}?labelSelector=life%3Done")[1]))
    if "patch" in resource["verbs"]:
        code, patched = patch(one, {"metadata": {"annotations": {"patched": "true"}}})
        check(f"{path}: patch", code == 200 and patched["metadata"]["annotations"]["patched"] == "true", patched)
    if "update" in resource["verbs"]:
        code, now = get(one)
        now["metadata"].setdefault("annotations", {})["updated"] = "true"
        code, updated = put(one, now)
        check(f"{path}: update", code == 200 and updated["metadata"]["annotations"]["updated"] == "true", updated)
        now["metadata"]["resourceVersion"] = "1"
        code, refused = put(one, now)
        check(f"{path}: stale update", code == 409 and refused["reason"] == "Conflict", refused)
    if status is not None:
        code, shown = get(one + "/status")
        check(f"{path}: get status", code == 200 and shown["metadata"]["name"] == name, shown)
        code, patched = patch(one + "/status", {"metadata": {"annotations": {"status": "seen"}}})
        check(f"{path}: patch status", code == 200, patched)
        code, updated = put(one + "/status", get(one)[1])
        check(f"{path}: update status", code == 200, updated)
    code, shown = get(one, accept=TABLE)
    check(f"{path}: as table", code == 200 and shown["kind"] == "Table" and name in str(shown["rows"][0]["cells"]), shown)
    code, shown = get(one, accept=METADATA)
    check(f"{path}: as metadata", code == 200 and shown["kind"] == "PartialObjectMetadata", shown)
    code, ended = delete(one + "?gracePeriodSeconds=0")
    check(f"{path}: delete", code in (200, 202), ended)
    patch(one, {"metadata": {"finalizers": None}})
    if here == "namespaces":  # what its controller does once it is empty
        put(one + "/finalize", dict(get(one)[1], spec={"finalizers": []}))
    check(f"{path}: gone", wait_until(lambda: get(one)[0] == 404), get(one))
    # How many MODIFIED lie between depends on what its controller writes meanwhile.
    watched = wait_until(lambda: [event["type"] for event in events.events[:1] + events.events[-1:]] == ["ADDED", "DELETED"])
    check(f"{path}: watched", watched, events.types(1))
    if "deletecollection" not in resource["verbs"] or here in ONE_OF_A_NAME:
        return
    for number in (1, 2, 3):
        post(path, named(body, f"life-{number}", {"life": "many" if number < 3 else "other"}))
    code, ended = delete(f"{path}?labelSelector=life%3Dmany&gracePeriodSeconds=0")
    check(f"{path}: delete a collection", code == 200, ended)
    for number in (1, 2):
        patch(f"{path}/life-{number}", {"metadata": {"finalizers": None}})
    left = names(get(f"{path}?labelSelector=life")[1])
    check(f"{path}: only those of the selector went", left == ["life-3"], left)
    delete(f"{path}/life-3?gracePeriodSeconds=0")
    patch(f"{path}/life-3", {"metadata": {"finalizers": None}})


post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
post(f"/api/v1/namespaces/{SPACE}/serviceaccounts", {"metadata": {"name": "default"}})
facts = resource_facts()
kinds = 0
for path, body in sorted(minimal_bodies(sys.argv[1]).items()):
    parts = path.split("/")
    root = "/".join(parts[:3] if parts[1] == "api" else parts[:4])
    if any(group in root for group in NOT_STORED) or parts[-1] == "bindings":
        continue
    resource = facts.get((root, parts[-1]))
    check(f"{path} is in the discovery document", resource is not None)
    if resource is None:
        continue
    kinds += 1
    live_through(path, body, resource, facts.get((root, parts[-1] + "/status")))
check("kinds lived", kinds > 50, kinds)
finish()
