#include "schema/base/json.hpp"
#include "schema/discovery/documents.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace actord;
using namespace actord::schema;

namespace {

json find_by(const json& list, const char* member, std::string_view value) {
  for (const json& item : list)
    if (item.at(member) == value) return item;
  return nullptr;
}

} // namespace

BOOST_AUTO_TEST_SUITE(discovery_documents)

BOOST_AUTO_TEST_CASE(the_core_group_has_a_form_of_its_own) {
  BOOST_TEST(json::parse(discovery::core_versions("192.0.2.2:6443")) ==
             json::parse(
                 R"({"kind": "APIVersions", "versions": ["v1"],
          "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "192.0.2.2:6443"}]})"));
  const json core = json::parse(*discovery::resource_list("", "v1"));
  BOOST_TEST(!core.contains("apiVersion"));
  BOOST_TEST(core["groupVersion"] == "v1");
  BOOST_TEST(
      find_by(core["resources"], "name", "pods/eviction") ==
      json::parse(
          R"({"name": "pods/eviction", "singularName": "", "namespaced": true, "group": "policy", "version": "v1",
          "kind": "Eviction", "verbs": ["create"]})"));
  BOOST_TEST(!find_by(core["resources"], "name", "componentstatuses").contains("storageVersionHash"));
}

BOOST_AUTO_TEST_CASE(groups_list_their_versions_and_resources) {
  BOOST_TEST(json::parse(*discovery::group("apps")) ==
             json::parse(
                 R"({"kind": "APIGroup", "apiVersion": "v1", "name": "apps",
          "versions": [{"groupVersion": "apps/v1", "version": "v1"}],
          "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"}})"));
  const json apps = json::parse(*discovery::resource_list("apps", "v1"));
  BOOST_TEST(
      find_by(apps["resources"], "name", "deployments") ==
      json::parse(
          R"({"name": "deployments", "singularName": "deployment", "namespaced": true, "kind": "Deployment",
          "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
          "shortNames": ["deploy"], "categories": ["all"], "storageVersionHash": "8aSe+NMegvE="})"));
  BOOST_TEST(!discovery::group("nope").has_value());
  BOOST_TEST(!discovery::group("").has_value());
  BOOST_TEST(!discovery::resource_list("apps", "v9").has_value());
  BOOST_TEST(!discovery::resource_list("", "v2").has_value());
  const json groups = json::parse(discovery::group_list());
  BOOST_TEST(groups["groups"].size() == api_groups().size() - 1);
  BOOST_TEST(groups["groups"][0]["name"] == "apiregistration.k8s.io");
}

BOOST_AUTO_TEST_CASE(two_views_of_one_object_have_one_storage_hash) {
  const json core = json::parse(*discovery::resource_list("", "v1"));
  const json events = json::parse(*discovery::resource_list("events.k8s.io", "v1"));
  BOOST_TEST(find_by(core["resources"], "name", "events")["storageVersionHash"] ==
             find_by(events["resources"], "name", "events")["storageVersionHash"]);
}

BOOST_AUTO_TEST_CASE(the_aggregated_form_holds_every_resource_once) {
  std::set<std::string> seen;
  for (const std::string_view text : {discovery::aggregated_core(), discovery::aggregated_groups()}) {
    const json document = json::parse(text);
    for (const json& group : document["items"])
      for (const json& version : group["versions"])
        for (const json& resource : version["resources"])
          BOOST_TEST(seen.insert(group["metadata"].value("name", "") + "/" +
                                 version["version"].get<std::string>() + "/" +
                                 resource["resource"].get<std::string>())
                         .second);
  }
  BOOST_TEST(seen.size() == resource_table().size());
  const json core = json::parse(discovery::aggregated_core());
  BOOST_TEST(core["items"][0]["metadata"] == json::object());
  const json nodes = find_by(core["items"][0]["versions"][0]["resources"], "resource", "nodes");
  BOOST_TEST(nodes["subresources"][1] ==
             json::parse(
                 R"({"subresource": "status", "responseKind": {"group": "", "version": "", "kind": "Node"},
          "verbs": ["get", "patch", "update"]})"));
}

BOOST_AUTO_TEST_SUITE_END()
