"""Services, endpoints and what stands in for kube-system's own: as conformant clusters have them. Needs the controllers."""
from api import *
from spaces import new_space, pod, ready

LABELS = {"app": "web"}


def slices(space, service):
    groups = space.replace("/api/v1", "/apis/discovery.k8s.io/v1")
    return get(f"{groups}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D{service}")[1]["items"]


def addresses(space, service):
    """(address, port) of the ready endpoints in slices."""
    return sorted((address, port["port"]) for one in slices(space, service) for endpoint in one["endpoints"] or []
                  if endpoint["conditions"]["ready"] for address in endpoint["addresses"] for port in one["ports"] or [])


def old_addresses(space, service):
    """The same of Endpoints."""
    found = get(f"{space}/endpoints/{service}")[1].get("subsets", [])
    return sorted((a["ip"], p["port"]) for subset in found for a in subset.get("addresses", []) for p in subset.get("ports", []))


def serves(what, space, service, wanted):
    check(what, wait_until(lambda: addresses(space, service) == wanted and old_addresses(space, service) == wanted),
          (addresses(space, service), old_addresses(space, service)))


def serving(name, ports, labels=None):
    made = pod(name, labels or LABELS, nodeName="nowhere")
    made["spec"]["containers"][0]["ports"] = [{"name": port_name, "containerPort": port} for port_name, port in ports]
    return made


def the_api_is_a_service():
    services = [(s["metadata"]["namespace"], s["metadata"]["name"]) for s in get("/api/v1/services")[1]["items"]]
    check("default/kubernetes", ("default", "kubernetes") in services, services)
    service = get("/api/v1/namespaces/default/services/kubernetes")[1]
    same("its port", [("https", 443)], [(p["name"], p["port"]) for p in service["spec"]["ports"]])
    check("its endpoints", old_addresses("/api/v1/namespaces/default", "kubernetes"), get("/api/v1/namespaces/default/endpoints/kubernetes"))
    same("are those of its slices", old_addresses("/api/v1/namespaces/default", "kubernetes"), addresses("/api/v1/namespaces/default", "kubernetes"))


def endpoints_follow_pods():
    space = new_space("endpoints")
    post(space + "/services", {"metadata": {"name": "s"}, "spec": {"selector": LABELS, "ports": [
        {"name": "one", "port": 80, "targetPort": "first"}, {"name": "two", "port": 81, "targetPort": "second"}]}})
    check("a service without pods has both, empty", wait_until(lambda: len(slices(space, "s")) == 1 and get(space + "/endpoints/s")[0] == 200))
    serves("no addresses", space, "s", [])
    post(space + "/pods", serving("a", [("first", 100)]))
    ready(space, "a", "10.1.0.1")
    serves("the first port", space, "s", [("10.1.0.1", 100)])
    post(space + "/pods", serving("b", [("second", 101)]))
    ready(space, "b", "10.1.0.2")
    serves("both ports", space, "s", [("10.1.0.1", 100), ("10.1.0.2", 101)])
    post(space + "/pods", serving("c", [("first", 100), ("second", 101)]))
    serves("a pod that is not ready", space, "s", [("10.1.0.1", 100), ("10.1.0.2", 101)])
    delete(space + "/pods/a?gracePeriodSeconds=0")
    serves("one of them", space, "s", [("10.1.0.2", 101)])
    delete(space + "/pods/b?gracePeriodSeconds=0")
    serves("none", space, "s", [])
    delete(space + "/services/s")
    check("nothing is left of a service", wait_until(lambda: not slices(space, "s") and get(space + "/endpoints/s")[0] == 404))


def endpoints_by_protocol():
    space = new_space("protocols")
    post(space + "/services", {"metadata": {"name": "s"}, "spec": {"selector": LABELS, "ports": [
        {"name": "tcp", "port": 80, "protocol": "TCP"}, {"name": "udp", "port": 80, "protocol": "UDP"}]}})
    post(space + "/pods", serving("a", [("p", 80)]))
    ready(space, "a", "10.1.0.1")
    protocols = lambda: sorted(p["protocol"] for one in slices(space, "s") for p in one["ports"] or [])
    check("one port, two protocols", wait_until(lambda: protocols() == ["TCP", "UDP"]), slices(space, "s"))
    now = get(space + "/services/s")[1]
    now["spec"]["ports"] = [p for p in now["spec"]["ports"] if p["protocol"] == "UDP"]
    put(space + "/services/s", now)
    check("one protocol less", wait_until(lambda: protocols() == ["UDP"]), slices(space, "s"))


def endpoints_by_hand():
    space = new_space("mirrored")
    post(space + "/services", {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80, "targetPort": 80}]}})
    by_hand = {"metadata": {"name": "s"}, "subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80}]}]}
    post(space + "/endpoints", by_hand)
    check("endpoints by hand are mirrored", wait_until(lambda: addresses(space, "s") == [("10.1.2.3", 80)]), slices(space, "s"))
    same("by whom", {"endpointslicemirroring-controller.k8s.io"}, {s["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] for s in slices(space, "s")})
    now = get(space + "/endpoints/s")[1]
    now["subsets"][0]["addresses"][0]["ip"] = "10.2.3.4"
    put(space + "/endpoints/s", now)
    check("changes too", wait_until(lambda: addresses(space, "s") == [("10.2.3.4", 80)]), slices(space, "s"))
    delete(space + "/endpoints/s")
    check("and the end", wait_until(lambda: not slices(space, "s")), slices(space, "s"))


def endpoints_are_objects():
    space = new_space("endpoint-objects")
    seen = Watcher(space + "/endpoints?watch=1&labelSelector=test%3Dhand")
    post(space + "/endpoints", {"metadata": {"name": "e", "labels": {"test": "hand"}}, "subsets": [{"addresses": [{"ip": "10.0.0.24"}], "ports": [{"name": "http", "port": 80}]}]})
    now = get(space + "/endpoints/e")[1]
    now["metadata"]["labels"]["more"] = "updated"
    same("an update", "updated", put(space + "/endpoints/e", now)[1]["metadata"]["labels"]["more"])
    code, patched = patch(space + "/endpoints/e", {"subsets": [{"addresses": [{"ip": "10.0.0.25"}], "ports": [{"name": "http-test", "port": 8080}]}]})
    same("a patch", [("10.0.0.25", 8080)], old_addresses(space, "e"))
    delete(space + "/endpoints?labelSelector=test%3Dhand")
    same("watched", ["ADDED", "MODIFIED", "MODIFIED", "DELETED"], seen.types(4))


def services_change_type():
    space = new_space("types")
    services = space + "/services"
    port = [{"port": 80, "protocol": "TCP"}]

    def becomes(name, **spec):
        now = get(f"{services}/{name}")[1]
        now["spec"].update(spec)
        for gone in [key for key, value in spec.items() if value is None]:
            del now["spec"][gone]
        return put(f"{services}/{name}", now)
    outside = {"metadata": {"name": "out"}, "spec": {"type": "ExternalName", "externalName": "foo.example.com"}}
    check("an external name has no address", "clusterIP" not in post(services, outside)[1]["spec"])
    code, inside = becomes("out", type="ClusterIP", externalName=None, ports=port)
    check("ExternalName to ClusterIP", code == 200 and inside["spec"]["clusterIP"].startswith("10.96."), inside)
    code, back = becomes("out", type="ExternalName", externalName="foo.example.com", clusterIP=None, clusterIPs=None)
    check("ClusterIP to ExternalName", code == 200 and "clusterIP" not in back["spec"], back)
    code, opened = becomes("out", type="NodePort", externalName=None, ports=port)
    check("ExternalName to NodePort", code == 200 and 30000 <= opened["spec"]["ports"][0]["nodePort"] <= 32767, opened)
    taken = opened["spec"]["ports"][0]["nodePort"]
    code, refused = post(services, {"metadata": {"name": "two"}, "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": taken}]}})
    check("a node port is one service's", code == 422 and "already allocated" in refused["message"], refused)
    now = get(services + "/out")[1]
    now["spec"].update(type="ExternalName", externalName="foo.example.com")
    for field in ("clusterIP", "clusterIPs"):
        del now["spec"][field]
    del now["spec"]["ports"][0]["nodePort"]
    code, back = put(services + "/out", now)
    check("NodePort to ExternalName", code == 200 and "clusterIP" not in back["spec"] and "nodePort" not in back["spec"]["ports"][0], back)
    same("the port is free again", 201, post(services, {"metadata": {"name": "two"}, "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": taken}]}})[0])
    code, sticky = becomes("two", sessionAffinity="ClientIP")
    same("session affinity", {"clientIP": {"timeoutSeconds": 10800}}, sticky["spec"].get("sessionAffinityConfig"))
    code, loose = becomes("two", sessionAffinity="None", sessionAffinityConfig=None)
    check("and none", code == 200 and "sessionAffinityConfig" not in loose["spec"], loose)


def services_have_a_status():
    space = new_space("service-status")
    services = space + "/services"
    post(services, {"metadata": {"name": "s"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})
    same("its status", {"loadBalancer": {}}, get(services + "/s/status")[1]["status"])
    code, patched = patch(services + "/s/status", {"metadata": {"annotations": {"a": "b"}}, "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}})
    same("patched", "203.0.113.1", patched["status"]["loadBalancer"]["ingress"][0]["ip"])
    condition = {"type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "m", "lastTransitionTime": "2024-01-01T00:00:00Z"}
    patched["status"]["conditions"] = [condition]
    code, updated = put(services + "/s/status", patched)
    same("updated", (200, "StatusUpdate"), (code, updated["status"]["conditions"][0]["type"]))
    for name in ("x", "y"):
        post(services, {"metadata": {"name": name, "labels": {"set": "some"}}, "spec": {"ports": [{"port": 80}]}})
    delete(services + "?labelSelector=set%3Dsome")
    same("a collection goes", ["s"], names(get(services)[1]))


if __name__ == "__main__":
    the_api_is_a_service()
    endpoints_follow_pods()
    endpoints_by_protocol()
    endpoints_by_hand()
    endpoints_are_objects()
    services_change_type()
    services_have_a_status()
    finish()
