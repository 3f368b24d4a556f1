"""Deletion with dependents: background, orphan, foreground, circles, owners that are not there, namespaces. Needs the
controllers."""
from api import *

SPACE = "/api/v1/namespaces/owners"
MAPS = SPACE + "/configmaps"


def made(name, owners=(), finalizers=(), path=MAPS):
    metadata = {"name": name, "ownerReferences": list(owners), "finalizers": list(finalizers)}
    return post(path, {"metadata": metadata})[1]


def owner(of, block=None, kind="ConfigMap", uid=None):
    reference = {"apiVersion": "v1", "kind": kind, "name": of["metadata"]["name"], "uid": uid or of["metadata"]["uid"]}
    return reference if block is None else dict(reference, blockOwnerDeletion=block)


def there(name):
    return get(f"{MAPS}/{name}")[0] == 200


def gone(*named):
    return wait_until(lambda: not any(there(name) for name in named), 15)


def remove(name, how):
    return delete(f"{MAPS}/{name}", {"propagationPolicy": how})


def propagation():
    made("bg-dep", [owner(made("bg"))])
    remove("bg", "Background")
    check("background takes dependents along", gone("bg", "bg-dep"))

    made("orphan", [owner(made("parent"))])
    remove("parent", "Orphan")
    check("the owner of orphans goes", gone("parent"))
    check("an orphan has no owner", "ownerReferences" not in get(MAPS + "/orphan")[1]["metadata"], get(MAPS + "/orphan"))

    made("fg-dep", [owner(made("fg"), True)], ["example.com/hold"])
    remove("fg", "Foreground")
    check("the dependent goes first", wait_until(lambda: "deletionTimestamp" in get(MAPS + "/fg-dep")[1]["metadata"]))
    check("a blocking dependent holds its owner", "foregroundDeletion" in get(MAPS + "/fg")[1]["metadata"]["finalizers"])
    patch(MAPS + "/fg-dep", {"metadata": {"finalizers": None}})
    check("foreground ends", gone("fg", "fg-dep"))

    made("free-dep", [owner(made("free"), False)], ["example.com/hold"])
    remove("free", "Foreground")
    check("a dependent that does not block holds nobody", gone("free"))
    patch(MAPS + "/free-dep", {"metadata": {"finalizers": None}})


def several_owners():
    made("shared", [owner(made("one")), owner(made("two"))])
    remove("one", "Background")
    check("an owner that is gone is taken from the list", wait_until(
        lambda: len(get(MAPS + "/shared")[1]["metadata"]["ownerReferences"]) == 1))
    remove("two", "Background")
    check("the last owner takes it along", gone("shared"))
    made("kept", [owner(made("ends"), True), owner(made("stays"))])
    remove("ends", "Foreground")
    check("a valid owner keeps what another waits for", gone("ends"))
    check("kept", there("kept"))


def circles():
    for how in ("Foreground", "Background"):
        a = made("a")
        b = made("b", [owner(a, True)])
        c = made("c", [owner(b, True)])
        patch(MAPS + "/a", {"metadata": {"ownerReferences": [owner(c, True)]}})
        remove("a", how)
        check(f"a circle ends, {how}", gone("a", "b", "c"))


def owners_that_are_not_there():
    post("/api/v1/namespaces", {"metadata": {"name": "elsewhere"}})
    abroad = made("abroad", path="/api/v1/namespaces/elsewhere/configmaps")
    made("stray", [owner(abroad)])
    check("an owner in another namespace is none", gone("stray"))
    found = lambda: [e for e in get(SPACE + "/events")[1]["items"] if e["reason"] == "OwnerRefInvalidNamespace"]
    check("and an Event says so", wait_until(found) and found()[0]["type"] == "Warning")
    same("the other namespace is left alone", 200, get("/api/v1/namespaces/elsewhere/configmaps/abroad")[0])
    living = made("living")
    made("wrong-uid", [owner(living, uid="22222222-1111-1111-1111-111111111111")])
    check("an owner of another uid is none", gone("wrong-uid") and there("living"))
    made("unknown", [{"apiVersion": "nope.example.com/v1", "kind": "Nope", "name": "n", "uid": "3"}])
    node = post("/api/v1/nodes", {"metadata": {"name": "owning"}})[1]
    made("of-node", [owner(node, kind="Node")])
    time.sleep(1)
    check("owners of unknown kinds keep", there("unknown"))
    check("owners outside namespaces keep", there("of-node"))
    delete("/api/v1/nodes/owning")
    check("and take along", gone("of-node"))


def collections():
    sets = "/apis/apps/v1/namespaces/owners/replicasets"
    for number in (1, 2):
        labels = {"set": str(number)}
        post(sets, {"metadata": {"name": f"set-{number}", "labels": {"all": "sets"}}, "spec": {
            "replicas": 2, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}})
    pods = lambda: get(SPACE + "/pods")[1]["items"]
    check("four pods", wait_until(lambda: len(pods()) == 4), len(pods()))
    delete(sets + "?labelSelector=all%3Dsets", {"propagationPolicy": "Orphan"})
    check("a collection goes and leaves orphans", wait_until(lambda: get(sets)[1]["items"] == []))
    check("orphans", len(pods()) == 4 and not any(p["metadata"].get("ownerReferences") for p in pods()))


def namespaces():
    here = "/api/v1/namespaces/ending"
    post("/api/v1/namespaces", {"metadata": {"name": "ending"}})
    wait_until(lambda: get(here + "/serviceaccounts/default")[0] == 200)
    post(here + "/pods", {"metadata": {"name": "p", "finalizers": ["example.com/x"]}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    post(here + "/configmaps", {"metadata": {"name": "plain"}})
    post(here + "/configmaps", {"metadata": {"name": "held", "finalizers": ["example.com/y"]}})
    code, ending = delete(here)
    same("a namespace begins to end", (200, "Terminating"), (code, ending["status"]["phase"]))
    condition = lambda kind: next((c for c in get(here)[1].get("status", {}).get("conditions", []) if c["type"] == kind), {})
    check("what remains is said", wait_until(lambda: condition("NamespaceContentRemaining").get("status") == "True"))
    check("and which finalizers", wait_until(lambda: "example.com/x in 1 resource instances" in
                                             condition("NamespaceFinalizersRemaining").get("message", "")))
    for kind in ("NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure", "NamespaceDeletionContentFailure"):
        same(kind, "False", condition(kind).get("status"))
    same("pods go first", 200, get(here + "/configmaps/plain")[0])
    code, refused = post(here + "/configmaps", {"metadata": {"name": "late"}})
    same("nothing new", (403, "NamespaceTerminating"), (code, refused["details"]["causes"][0]["reason"]))
    patch(here + "/pods/p", {"metadata": {"finalizers": None}})
    check("then the rest", wait_until(lambda: get(here + "/configmaps/plain")[0] == 404))
    patch(here + "/configmaps/held", {"metadata": {"finalizers": None}})
    check("then the namespace", wait_until(lambda: get(here)[0] == 404, 20))
    post("/api/v1/namespaces", {"metadata": {"name": "mine"}})
    mine = "/api/v1/namespaces/mine"
    put(mine + "/finalize", dict(get(mine)[1], spec={"finalizers": ["kubernetes", "example.com/z"]}))
    delete(mine)
    check("other finalizers of namespaces hold", wait_until(
        lambda: get(mine)[1].get("spec", {}).get("finalizers") == ["example.com/z"]), get(mine))
    put(mine + "/finalize", dict(get(mine)[1], spec={"finalizers": []}))
    check("until they are gone", wait_until(lambda: get(mine)[0] == 404))
    for name in ("default", "kube-system", "kube-public"):
        same(f"{name} stays", 403, delete(f"/api/v1/namespaces/{name}")[0])


post("/api/v1/namespaces", {"metadata": {"name": "owners"}})
wait_until(lambda: get(SPACE + "/serviceaccounts/default")[0] == 200)
propagation()
several_owners()
circles()
owners_that_are_not_there()
collections()
namespaces()
finish()
