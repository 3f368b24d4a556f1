"""Definitions of custom kinds as conformant clusters have them. Needs the controllers."""
from api import *
from spaces import new_space

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
AGGREGATED = "application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList"
FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def version(name, schema=None, served=True, storage=True):
    return {"name": name, "served": served, "storage": storage, "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": schema or FREE}}


def definition(plural, group="e2e.example.com", versions=None, labels=None):
    kind = plural.capitalize().rstrip("s")
    return {"metadata": {"name": f"{plural}.{group}", "labels": labels or {}}, "spec": {
        "group": group, "scope": "Namespaced", "names": {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": kind + "List"},
        "versions": versions or [version("v1")]}}


def define(plural, group="e2e.example.com", versions=None, labels=None):
    code, made = post(CRDS, definition(plural, group, versions, labels))
    check(f"{plural}: defined", code == 201, made)
    name = f"{plural}.{group}"
    check(f"{plural}: established", wait_until(lambda: any(
        c["type"] == "Established" and c["status"] == "True" for c in get(f"{CRDS}/{name}")[1]["status"].get("conditions") or [])))
    return f"{CRDS}/{name}"


def undefine(*paths):
    for path in paths:
        delete(path)
    for path in paths:
        check(f"{path}: gone", wait_until(lambda: get(path)[0] == 404))


def instances(plural, space="default", group="e2e.example.com", of="v1"):
    return f"/apis/{group}/{of}/namespaces/{space}/{plural}"


def objects_are_watched():
    path = define("watcheds")
    here = instances("watcheds")
    seen = Watcher(here + "?watch=1")
    post(here, {"apiVersion": "e2e.example.com/v1", "kind": "Watched", "metadata": {"name": "w"}})
    patch(here + "/w", {"spec": {"a": 1}})
    delete(here + "/w")
    same("events of custom objects", ["ADDED", "MODIFIED", "DELETED"], seen.types(3))
    undefine(path)


def a_watch_ends_with_its_definition():
    path = define("endeds")
    events = []
    over = threading.Event()

    def follow():
        code, seen = watch(instances("endeds") + "?watch=1", 20)
        events.extend(seen)
        over.set()
    threading.Thread(target=follow, daemon=True).start()
    time.sleep(0.5)
    undefine(path)
    check("an idle watch ends soon after its kind", over.wait(5) and events[-1:] == [None], events)


def status_of_a_definition():
    path = define("statused")
    shown = get(path + "/status")[1]
    check("read", shown["status"]["acceptedNames"]["plural"] == "statused", shown)
    condition = {"type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "m", "lastTransitionTime": "2024-01-01T00:00:00Z"}
    shown["status"]["conditions"].append(condition)
    code, updated = put(path + "/status", shown)
    check("updated", code == 200 and any(c["type"] == "StatusUpdate" for c in updated["status"]["conditions"]), updated)
    code, patched = patch(path + "/status", {"metadata": {"annotations": {"a": "b"}}, "status": {"conditions": updated["status"]["conditions"] + [dict(condition, type="StatusPatched")]}})
    check("patched", any(c["type"] == "StatusPatched" for c in get(path)[1]["status"]["conditions"]), patched)
    undefine(path)


def collections_of_definitions():
    labelled = [define(f"listed{letter}s", labels={"set": "ten"}) for letter in "abcdefghij"]
    other = define("others")
    same("ten of them", 10, len(get(CRDS + "?labelSelector=set%3Dten")[1]["items"]))
    delete(CRDS + "?labelSelector=set%3Dten")
    check("a collection goes", wait_until(lambda: not get(CRDS + "?labelSelector=set%3Dten")[1]["items"], 20))
    same("the others stay", 200, get(other)[0])
    undefine(other)


def defaults_come_and_go():
    spec = lambda **fields: {"type": "object", "properties": fields}
    text = {"type": "string"}
    path = define("defaulteds", versions=[version("v1", spec(a=text, b=text))])
    here = instances("defaulteds")
    post(here, {"apiVersion": "e2e.example.com/v1", "kind": "Defaulted", "metadata": {"name": "one"}})

    def serve(**fields):
        now = get(path)[1]
        now["spec"]["versions"] = [version("v1", spec(**fields))]
        same("the definition is updated", 200, put(path, now)[0])
    serve(a=dict(text, default="A"), b=text)
    check("a default shows in what is stored", wait_until(lambda: get(here + "/one")[1].get("a") == "A"), get(here + "/one"))
    code, two = post(here, {"apiVersion": "e2e.example.com/v1", "kind": "Defaulted", "metadata": {"name": "two"}})
    same("and is written with a new object", "A", two.get("a"))
    serve(a=text, b=dict(text, default="B"))
    check("another default", wait_until(lambda: get(here + "/two")[1].get("b") == "B"), get(here + "/two"))
    same("what was written stays", "A", get(here + "/two")[1].get("a"))
    check("what was only shown does not", "a" not in get(here + "/one")[1], get(here + "/one"))
    undefine(path)


def discovery_names_definitions():
    group = next(g for g in get("/apis")[1]["groups"] if g["name"] == "apiextensions.k8s.io")
    check("/apis has the group", any(v["version"] == "v1" for v in group["versions"]), group)
    same("the group has its version", "v1", get("/apis/apiextensions.k8s.io")[1]["preferredVersion"]["version"])
    check("the version has the resource", any(r["name"] == "customresourcedefinitions" for r in get("/apis/apiextensions.k8s.io/v1")[1]["resources"]))


def aggregated(root):
    document = get(root, accept=AGGREGATED)[1]
    return {(item["metadata"].get("name", ""), v["version"], r["resource"]) for item in document["items"] for v in item["versions"] for r in v["resources"]}


def aggregated_discovery():
    check("built-in kinds of the core", ("", "v1", "pods") in aggregated("/api"))
    check("built-in kinds of groups", {("apps", "v1", "deployments"), ("batch", "v1", "jobs")} <= aggregated("/apis"))
    path = define("discovereds", "disco.example.com")
    check("a custom kind", wait_until(lambda: ("disco.example.com", "v1", "discovereds") in aggregated("/apis"), 5))
    undefine(path)
    check("no more", wait_until(lambda: ("disco.example.com", "v1", "discovereds") not in aggregated("/apis"), 5))


def published(kind, of="v1", group="e2e.example.com"):
    """The schema of a kind in both forms of OpenAPI, or None where it is missing."""
    name = ".".join(reversed(group.split("."))) + f".{of}.{kind}"
    two = get("/openapi/v2")[1]["definitions"].get(name)
    index = get("/openapi/v3")[1]["paths"].get(f"apis/{group}/{of}")
    three = get(index["serverRelativeURL"])[1]["components"]["schemas"].get(name) if index else None
    return two, three


def is_published(*kind):
    return wait_until(lambda: all(published(*kind)), 5)


def is_not_published(*kind):
    return wait_until(lambda: not any(published(*kind)), 5)


def openapi_of_groups_kinds_and_versions():
    paths = [define("ones", "a.example.com"), define("twos", "b.example.com"), define("threes", "b.example.com"),
             define("fours", "b.example.com", [version("v2"), version("v3", storage=False)])]
    for kind in (("One", "v1", "a.example.com"), ("Two", "v1", "b.example.com"), ("Three", "v1", "b.example.com"), ("Four", "v2", "b.example.com"),
                 ("Four", "v3", "b.example.com")):
        check(f"{kind} is published", is_published(*kind))
    now = get(paths[3])[1]
    now["spec"]["versions"][1]["served"] = False
    put(paths[3], now)
    check("a version that is not served is not", is_not_published("Four", "v3", "b.example.com") and is_published("Four", "v2", "b.example.com"))
    patch(paths[3], [{"op": "replace", "path": "/spec/versions/1/name", "value": "v4"}, {"op": "replace", "path": "/spec/versions/1/served", "value": True}], kind=JSON_PATCH)
    check("a renamed version is", is_published("Four", "v4", "b.example.com"))
    undefine(*paths)
    check("what is not defined is not", is_not_published("Four", "v2", "b.example.com"))


def unknown_fields_of_custom_objects():
    body = lambda kind, text: json.dumps({"apiVersion": "e2e.example.com/v1", "kind": kind, "metadata": {"name": "o"}})[:-1] + text + "}"
    spec = {"type": "object", "properties": {"spec": {"type": "object", "required": ["known"], "properties": {"known": {"type": "string"}}},
                                             "pod": {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}}}
    paths = [define("frees"), define("stricts", versions=[version("v1", spec)])]
    free, strict = instances("frees"), instances("stricts")
    with_checks = "?fieldValidation=Strict&fieldManager=m"
    same("without a schema all is known", 201, patch(free + "/o" + with_checks, body("Free", ', "spec": {"x": 1}'), kind=APPLY)[0])
    same("with a schema what it knows", 201, patch(strict + "/o" + with_checks, body("Strict", ', "spec": {"known": "a"}'), kind=APPLY)[0])
    code, refused = patch(strict + "/o" + with_checks, body("Strict", ', "spec": {"known": "a", "x": 1}'), kind=APPLY)
    check("and no more", code >= 400 and "spec.x" in refused["message"], refused)
    code, refused = post(free + "?fieldValidation=Strict", body("Free", ', "spec": {"x": 1, "x": 2}'))
    check("nothing twice", code == 400 and 'duplicate field "spec.x"' in refused["message"], refused)
    code, refused = post(free + "?fieldValidation=Strict", {"apiVersion": "e2e.example.com/v1", "kind": "Free", "metadata": {"name": "m", "unknownMeta": 1}})
    check("unknown metadata", code == 400 and 'unknown field "metadata.unknownMeta"' in refused["message"], refused)
    code, refused = post(strict + "?fieldValidation=Strict", {
        "apiVersion": "e2e.example.com/v1", "kind": "Strict", "metadata": {"name": "m"}, "spec": {"known": "a"},
        "pod": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "unknownSubMeta": 1}}})
    check("unknown metadata of an embedded object", code == 400 and 'unknown field "pod.metadata.unknownSubMeta"' in refused["message"], refused)
    undefine(*paths)


if __name__ == "__main__":
    objects_are_watched()
    a_watch_ends_with_its_definition()
    status_of_a_definition()
    collections_of_definitions()
    defaults_come_and_go()
    discovery_names_definitions()
    aggregated_discovery()
    openapi_of_groups_kinds_and_versions()
    unknown_fields_of_custom_objects()
    finish()
