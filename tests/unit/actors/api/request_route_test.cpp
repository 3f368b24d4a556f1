#include "actors/api/request_route.hpp"

#include "actors/api/forms/media_types.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

resource_route route_of(std::string_view path) {
  const request_route found = find_route(path);
  BOOST_REQUIRE_MESSAGE(std::holds_alternative<resource_route>(found), path);
  return std::get<resource_route>(found);
}

bool is_nowhere(std::string_view path) { return std::holds_alternative<no_route>(find_route(path)); }

} // namespace

BOOST_AUTO_TEST_SUITE(request_routes)

BOOST_AUTO_TEST_CASE(finds_objects_collections_and_subresources) {
  const resource_route pod = route_of("/api/v1/namespaces/a/pods/x");
  BOOST_TEST(pod.type->kind == "Pod");
  BOOST_TEST(pod.space == "a");
  BOOST_TEST(pod.name == "x");
  BOOST_TEST(route_of("/api/v1/pods").space == "");
  BOOST_TEST(route_of("/api/v1/namespaces/a/pods/x/log").subresource->name == "log");
  BOOST_TEST(route_of("/apis/apps/v1/namespaces/a/deployments/x/scale").subresource->kind == "Scale");
  BOOST_TEST(route_of("/api/v1/nodes/n").type->kind == "Node");
  BOOST_TEST(route_of("/api/v1/namespaces/a/pods/x%20y").name == "x y");
  BOOST_TEST(route_of("/api/v1/watch/namespaces/a/pods").legacy_watch);
}

BOOST_AUTO_TEST_CASE(tells_a_namespace_from_what_is_in_it) {
  const resource_route space = route_of("/api/v1/namespaces/a");
  BOOST_TEST(space.type->kind == "Namespace");
  BOOST_TEST(space.name == "a");
  BOOST_TEST(route_of("/api/v1/namespaces/a/status").subresource->name == "status");
  BOOST_TEST(route_of("/api/v1/namespaces/a/finalize").subresource->name == "finalize");
  BOOST_TEST(route_of("/api/v1/namespaces/a/secrets").type->kind == "Secret");
  BOOST_TEST(route_of("/api/v1/namespaces").name == "");
}

BOOST_AUTO_TEST_CASE(knows_what_is_not_there) {
  for (const char* path :
       {"/nothing", "/api/v2", "/api/v1/nothings", "/apis/nope", "/apis/apps/v9", "/api/v1/pods/x",
        "/api/v1/namespaces/a/nodes", "/api/v1/namespaces/a/pods/x/nope",
        "/api/v1/namespaces/a/pods/x/log/more", "/api/v1//pods", "/api/v1/namespaces/a/pods/%zz", "", "api"})
    BOOST_TEST(is_nowhere(path), path);
  BOOST_TEST(std::holds_alternative<discovery_route>(find_route("/api")));
  BOOST_TEST(std::holds_alternative<discovery_route>(find_route("/apis/apps/v1")));
  BOOST_TEST(std::holds_alternative<plain_route>(find_route("/readyz")));
  BOOST_TEST(std::get<plain_route>(find_route("/version/")).path == "/version");
}

BOOST_AUTO_TEST_CASE(what_follows_a_proxy_is_the_backend_s) {
  for (const char* path :
       {"/api/v1/namespaces/a/pods/x/proxy//", "/api/v1/namespaces/a/services/x/proxy/a//b/",
        "/api/v1/namespaces/a/pods/x/proxy/%zz", "/api/v1/nodes/n/proxy//pods"})
    BOOST_TEST(route_of(path).subresource->name == "proxy", path);
  BOOST_TEST(is_nowhere("/api/v1/namespaces/a//pods/x/proxy/"));
  BOOST_TEST(is_nowhere("/api/v1/namespaces/a/configmaps/x/proxy//"));
}

BOOST_AUTO_TEST_CASE(maps_methods_to_verbs) {
  const resource_route item = route_of("/api/v1/namespaces/a/pods/x");
  const resource_route list = route_of("/api/v1/namespaces/a/pods");
  const resource_route all = route_of("/api/v1/pods");
  BOOST_TEST(api_verb("GET", item, false) == "get");
  BOOST_TEST(api_verb("GET", list, false) == "list");
  BOOST_TEST(api_verb("GET", list, true) == "watch");
  BOOST_TEST(api_verb("DELETE", list, false) == "deletecollection");
  BOOST_TEST(verb_is_served(item, "update"));
  BOOST_TEST(!verb_is_served(list, "update"));
  BOOST_TEST(!verb_is_served(item, "create"));
  BOOST_TEST(verb_is_served(all, "watch"));
  BOOST_TEST(!verb_is_served(all, "create"));
  BOOST_TEST(!verb_is_served(route_of("/api/v1/namespaces/a/pods/x/binding"), "get"));
  BOOST_TEST(verb_is_served(route_of("/api/v1/namespaces/a/pods/x/binding"), "create"));
}

BOOST_AUTO_TEST_CASE(decodes_queries) {
  const query_values query = query_values::parse("a=1&b=x%3Dy+z&c&a=2&%zz=1");
  BOOST_TEST(query.get("a") == "1");
  BOOST_TEST(query.all("a").size() == 2U);
  BOOST_TEST(query.get("b") == "x=y z");
  BOOST_TEST(query.flag("c"));
  BOOST_TEST(!query.flag("d"));
  BOOST_TEST(!query_values::parse("watch=false").flag("watch"));
}

BOOST_AUTO_TEST_CASE(negotiates_forms) {
  const auto form = [](std::string_view accept) { return *negotiate(accept); };
  BOOST_TEST((form("") == answer_form{}));
  BOOST_TEST((form("*/*") == answer_form{}));
  BOOST_TEST((form("application/json;as=Table;v=v1;g=meta.k8s.io,application/json") ==
              answer_form{wire_format::json, object_form::table}));
  BOOST_TEST((form("application/json;as=Nope;v=v1;g=meta.k8s.io,application/yaml") ==
              answer_form{wire_format::yaml, object_form::whole}));
  BOOST_TEST((form("application/json;q=0.5, application/vnd.kubernetes.protobuf") ==
              answer_form{wire_format::protobuf, object_form::whole}));
  BOOST_TEST((negotiate("application/xml").error().kind == error_kind::not_acceptable));
  BOOST_TEST(
      (negotiate("application/json;as=Nope;v=v1;g=meta.k8s.io").error().kind == error_kind::not_acceptable));
  BOOST_TEST((*body_format_of("application/json; charset=utf-8") == schema::body_format::json));
  BOOST_TEST((body_format_of("text/plain").error().kind == error_kind::unsupported_media_type));
  BOOST_TEST((*patch_format_of("application/apply-patch+yaml") == schema::patch_format::apply));
}

BOOST_AUTO_TEST_SUITE_END()
