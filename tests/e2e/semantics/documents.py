"""Health, metrics, version, discovery and OpenAPI: what clients ask a server about itself."""
from api import *

for root in ("livez", "readyz", "healthz"):
    code, text, response = request("GET", f"/{root}?verbose")
    check(f"{root} verbose", code == 200 and text.startswith(b"[+]ping ok\n") and
          text.endswith(f"{root} check passed\n".encode()), text)
    same(f"{root}/ping", (200, b"ok"), get(f"/{root}/ping"))
    same(f"{root}/nope", 404, get(f"/{root}/nope")[0])
    check(f"{root} without ping", b"[+]ping excluded: ok" in get(f"/{root}?exclude=ping&verbose")[1])

code, version = get("/version")
check("version", version["major"] == "1" and version["minor"] == "36" and version["gitVersion"].startswith("v1.36."),
      version)

same("version, as generated clients ask for it", version, get("/version/")[1])

same("the range of service addresses", ["10.96.0.0/16"],
     get("/apis/networking.k8s.io/v1/servicecidrs/kubernetes")[1]["spec"]["cidrs"])

get("/api/v1/namespaces/default")
code, text, response = request("GET", "/metrics")
check("Prometheus text", response.headers["content-type"].startswith("text/plain; version=0.0.4"))
for line in ['apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="namespaces",scope="resource",'
             'subresource="",verb="GET",version="v1"}', "apiserver_request_duration_seconds_bucket{",
             'apiserver_storage_objects{resource="namespaces"}', "process_resident_memory_bytes", "process_cpu_seconds_total",
             "process_start_time_seconds", "kubernetes_build_info{", "apiserver_request_sli_duration_seconds_bucket{",
             'apiserver_current_inflight_requests{request_kind="readOnly"}', 'apiserver_resource_objects{group="",resource="namespaces"}',
             'apiserver_storage_size_bytes{storage_cluster_id="store"}']:
    check(f"metric {line}", ("\n" + line) in text.decode())


def kept(path, accept="application/json"):
    """A document comes with a tag, and not again for who has it."""
    code, document, response = request("GET", path, accept=accept)
    same(f"{path}", 200, code)
    tag = response.headers["etag"] or ""
    check(f"{path} has a tag", tag.startswith('"') and len(tag) > 8, tag)
    same(f"{path} is not sent again", (304, b""), request("GET", path, accept=accept, headers={"If-None-Match": tag})[:2])
    same(f"{path} is sent to who has another", 200, request("GET", path, accept=accept,
                                                            headers={"If-None-Match": '"other"'})[0])
    return document, response


document, response = kept("/openapi/v2")
same("OpenAPI v2", "2.0", document["swagger"])
kept("/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
index, response = kept("/openapi/v3")
address = index["paths"]["apis/apps/v1"]["serverRelativeURL"]
document, response = kept(address)
V3_PROTOBUF = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf"
for asked in (V3_PROTOBUF, V3_PROTOBUF.replace("v3.v1.0", "v3@v1.0")):
    packed, response = kept(address, asked)
    same("OpenAPI v3 in protobuf", (V3_PROTOBUF, b"\x0a\x053.0.0\x12"), (response.headers["content-type"], packed[:8]))
same("OpenAPI v3 in XML", 406, request("GET", address, accept="application/xml")[0])
check("OpenAPI v3", document["openapi"].startswith("3.") and "io.k8s.api.apps.v1.Deployment" in document["components"]["schemas"])
check("by its hash it may be kept", "immutable" in response.headers["cache-control"], response.headers.items())
code, _, response = request("GET", "/openapi/v3/apis/apps/v1?hash=OLD")
same("an old hash leads to the new", (301, address), (code, response.headers["location"]))
same("no such document", 404, get("/openapi/v3/apis/nope/v1")[0])

AGGREGATED = "application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList"
for root in ("/api", "/apis"):
    document, response = kept(root, AGGREGATED)
    same(f"aggregated {root}", ("APIGroupDiscoveryList", "Accept"), (document["kind"], response.headers["vary"]))
groups = get("/apis")[1]["groups"]
for group in groups:
    name, preferred = group["name"], group["preferredVersion"]
    check(f"{name}: the preferred version is one of its versions", preferred in group["versions"])
    for version in group["versions"]:
        code, listed = get(f"/apis/{version['groupVersion']}")
        check(f"{version['groupVersion']} lists resources", code == 200 and listed["resources"] and
              listed["groupVersion"] == version["groupVersion"], listed)
check("paths", "/apis" in get("/")[1]["paths"])
same("no such media type", 406, get("/api/v1/pods", accept="text/html")[0])
same("no form of a review as table", 406, request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
     {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": {
         "verb": "get", "resource": "pods"}}}, accept=TABLE)[0])
finish()
