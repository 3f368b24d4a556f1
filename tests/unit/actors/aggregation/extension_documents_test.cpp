#include "actors/aggregation/authentication_map.hpp"
#include "actors/aggregation/extension_documents.hpp"
#include "schema/base/json.hpp"
#include "schema/discovery/documents.hpp"
#include "schema/discovery/openapi.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

const listed_extension wardle{"wardle.example.com",           "v1alpha1", {2000, 200},
                              R"([{"resource":"flunders"}])", true,       "/openapi/v3/apis/x?hash=1"};

listed_extension other(const std::string& group, const std::string& version, service_priority priority) {
  return {group, version, priority, {}, false, {}};
}

std::string group_names(const std::string& document) {
  std::string names;
  const json list = json::parse(document);
  for (const json& group : list["groups"])
    names += (names.empty() ? "" : " ") + group["name"].get<std::string>();
  return names;
}

std::string versions_of(const json& group) {
  std::string names;
  for (const json& one : group["versions"])
    names += (names.empty() ? "" : " ") + one["version"].get<std::string>();
  return names;
}

constexpr const char* two_groups =
    R"({"kind":"APIGroupList","groups":[
      {"name":"apps","versions":[{"groupVersion":"apps/v1","version":"v1"}],"preferredVersion":{"groupVersion":"apps/v1","version":"v1"}},
      {"name":"shop.example.com","versions":[{"groupVersion":"shop.example.com/v1","version":"v1"}],"preferredVersion":{"version":"v1"}}]})";

} // namespace

BOOST_AUTO_TEST_SUITE(extension_documents)

BOOST_AUTO_TEST_CASE(groups_stand_by_priority_then_by_name) {
  const auto with = [](std::vector<listed_extension> all) {
    return group_names(groups_with(two_groups, all));
  };
  BOOST_TEST(with({wardle}) == "apps wardle.example.com shop.example.com");
  BOOST_TEST(with({other("a.org", "v1", {100, 1})}) == "apps shop.example.com a.org");
  BOOST_TEST(with({other("a.org", "v1", {1000, 1})}) == "apps a.org shop.example.com");
  BOOST_TEST(with({other("a.org", "v1", {17900, 1})}) == "a.org apps shop.example.com");
  BOOST_TEST(with({other("a.org", "v1", {1, 1}), other("a.org", "v2", {19000, 1})}) ==
             "a.org apps shop.example.com");
}

BOOST_AUTO_TEST_CASE(versions_stand_by_priority_then_as_kubernetes_orders_them) {
  const auto group = [](std::vector<listed_extension> all) {
    return json::parse(groups_with(two_groups, all))["groups"].back();
  };
  const std::string shop = "shop.example.com";
  BOOST_TEST(versions_of(group({other(shop, "v2", {1000, 100})})) == "v2 v1");
  BOOST_TEST(versions_of(group({other(shop, "v2", {1000, 50})})) == "v1 v2");
  BOOST_TEST(group({other(shop, "v2", {1000, 100})})["preferredVersion"]["version"] == "v2");
  BOOST_TEST(versions_of(group({other(shop, "v1", {1000, 500})})) == "v1"); // served here
  const std::vector<listed_extension> three{other("z.org", "v1beta1", {1, 10}), other("z.org", "v1", {1, 10}),
                                            other("z.org", "v2", {1, 5})};
  BOOST_TEST(versions_of(group(three)) == "v1 v1beta1 v2");
}

BOOST_AUTO_TEST_CASE(a_group_by_itself) {
  BOOST_TEST(!group_with({}, "none.org", std::vector{wardle}).has_value());
  const auto made = group_with({}, "wardle.example.com", std::vector{wardle});
  BOOST_REQUIRE(made);
  BOOST_TEST(json::parse(*made) ==
             json::parse(R"({"kind":"APIGroup","apiVersion":"v1","name":"wardle.example.com",
               "versions":[{"groupVersion":"wardle.example.com/v1alpha1","version":"v1alpha1"}],
               "preferredVersion":{"groupVersion":"wardle.example.com/v1alpha1","version":"v1alpha1"}})"));
  const auto own = schema::discovery::group("apps");
  BOOST_TEST((group_with(own, "apps", std::vector{wardle}) == own));
}

BOOST_AUTO_TEST_CASE(this_servers_own_documents_take_them) {
  const json aggregated =
      json::parse(aggregated_with(schema::discovery::aggregated_groups(), std::vector{wardle}));
  const json last = aggregated["items"].back();
  BOOST_TEST(last["metadata"]["name"] == "wardle.example.com");
  BOOST_TEST(
      last["versions"] ==
      json::parse(R"([{"version":"v1alpha1","freshness":"Current","resources":[{"resource":"flunders"}]}])"));
  const json stale = json::parse(
      aggregated_with(schema::discovery::aggregated_groups(), std::vector{other("a.org", "v1", {100, 1})}));
  BOOST_TEST(stale["items"].back()["versions"] == json::parse(R"([{"version":"v1","freshness":"Stale"}])"));
  const json index =
      json::parse(openapi_index_with(schema::discovery::openapi_v3_index(), std::vector{wardle}));
  BOOST_TEST(index["paths"]["apis/wardle.example.com/v1alpha1"]["serverRelativeURL"] ==
             "/openapi/v3/apis/x?hash=1");
  BOOST_TEST(index["paths"].contains("apis/apps/v1"));
}

BOOST_AUTO_TEST_CASE(what_extension_servers_have_is_read_from_either_form) {
  const char* aggregated = R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"g"},"versions":[
    {"version":"v2","resources":[]},{"version":"v1","resources":[{"resource":"fish"}]}]}]})";
  BOOST_TEST((resources_of_aggregated(aggregated, "g", "v1") == R"([{"resource":"fish"}])"));
  BOOST_TEST(!resources_of_aggregated(aggregated, "g", "v3").has_value());
  BOOST_TEST(!resources_of_aggregated(aggregated, "h", "v1").has_value());
  const char* list = R"({"kind":"APIResourceList","resources":[
    {"name":"fish","singularName":"fish","namespaced":true,"kind":"Fish","verbs":["get"],"shortNames":["f"]},
    {"name":"fish/scale","singularName":"","namespaced":true,"group":"autoscaling","version":"v1","kind":"Scale","verbs":["get"]},
    {"name":"lost/status","kind":"Lost","verbs":["get"]}]})";
  const auto made = resources_of_list(list, "g", "v1");
  BOOST_REQUIRE(made);
  BOOST_TEST(json::parse(*made) ==
             json::parse(R"([{"resource":"fish","singularResource":"fish","scope":"Namespaced",
    "responseKind":{"group":"g","version":"v1","kind":"Fish"},"verbs":["get"],"shortNames":["f"],
    "subresources":[{"subresource":"scale","responseKind":{"group":"autoscaling","version":"v1","kind":"Scale"},"verbs":["get"]}]}])"));
}

BOOST_AUTO_TEST_CASE(nothing_foreign_is_believed_to_be_well_formed) {
  for (
      const std::string& bad :
      {std::string(), std::string("{"), std::string("[]"), std::string("null"), std::string("\"x\""),
       std::string(R"({"kind":"APIGroupDiscoveryList","items":{}})"),
       std::string(
           R"({"kind":"APIGroupDiscoveryList","items":[null,1,{"metadata":3},{"metadata":{"name":"g"},"versions":7}]})"),
       R"({"kind":"APIGroupDiscoveryList","items":)" + std::string(100000, '[') + "}"}) {
    BOOST_TEST(!resources_of_aggregated(bad, "g", "v1").has_value());
    BOOST_TEST(!resources_of_list(bad, "g", "v1").has_value());
    BOOST_TEST(openapi_address_of(bad, "g", "v1") == "");
  }
  BOOST_TEST((resources_of_list(R"({"kind":"APIResourceList","resources":[1,null,{"name":7}]})", "g", "v1")
                  .has_value()));
}

BOOST_AUTO_TEST_CASE(an_extension_server_lists_documents_of_its_own_version_only) {
  const auto address = [](const std::string& url) {
    return openapi_address_of(json{{"paths", {{"apis/g/v1", {{"serverRelativeURL", url}}}}}}.dump(), "g",
                              "v1");
  };
  BOOST_TEST(address("/openapi/v3/apis/g/v1?hash=A") == "/openapi/v3/apis/g/v1?hash=A");
  BOOST_TEST(address("/openapi/v3/apis/g/v1") == "/openapi/v3/apis/g/v1");
  for (const char* foreign : {"/openapi/v3/apis/apps/v1?hash=A", "https://evil/openapi/v3/apis/g/v1",
                              "/openapi/v3/apis/g/v12", "/api/v1/secrets", ""})
    BOOST_TEST(address(foreign) == "", foreign);
}

BOOST_AUTO_TEST_CASE(the_map_is_made_mended_and_left_alone) {
  const authentication_facts facts{"CLIENTS", "PROXY"};
  auto made = correct_authentication_map(json(), facts);
  BOOST_REQUIRE(made);
  BOOST_TEST((*made)["metadata"] ==
             json({{"name", "extension-apiserver-authentication"}, {"namespace", "kube-system"}}));
  BOOST_TEST((*made)["data"]["client-ca-file"] == "CLIENTS");
  BOOST_TEST((*made)["data"]["requestheader-client-ca-file"] == "PROXY");
  BOOST_TEST((*made)["data"]["requestheader-allowed-names"] == R"(["front-proxy-client"])");
  BOOST_TEST(!correct_authentication_map(*made, facts).has_value());
  (*made)["data"]["others"] = "kept";
  BOOST_TEST(!correct_authentication_map(*made, facts).has_value());
  const auto rotated = correct_authentication_map(*made, {"NEXT", "PROXY"});
  BOOST_REQUIRE(rotated);
  BOOST_TEST((*rotated)["data"]["client-ca-file"] == "NEXT");
  BOOST_TEST((*rotated)["data"]["others"] == "kept");
  BOOST_TEST(correct_authentication_map(json{{"kind", "ConfigMap"}}, facts).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
