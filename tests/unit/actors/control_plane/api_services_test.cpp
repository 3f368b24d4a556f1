#include "actors/aggregation/local_services.hpp"
#include "cluster_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace actord;
using actord::testing::cluster_fixture;
using std::chrono::milliseconds;

namespace {

constexpr const char* group = actors::api_service_group;
constexpr const char* machinery = "apiextensions.k8s.io";

json definition(const std::string& plural, const std::string& kind, std::vector<std::string> versions) {
  json object = {{"apiVersion", "apiextensions.k8s.io/v1"},
                 {"kind", "CustomResourceDefinition"},
                 {"metadata", {{"name", plural + ".shop.example.com"}}},
                 {"spec",
                  {{"group", "shop.example.com"},
                   {"scope", "Namespaced"},
                   {"names", {{"plural", plural}, {"kind", kind}}}}}};
  for (const std::string& version : versions)
    object["spec"]["versions"].push_back({{"name", version},
                                          {"served", true},
                                          {"storage", version == versions.front()},
                                          {"schema", {{"openAPIV3Schema", {{"type", "object"}}}}}});
  return object;
}

/// Nothing runs but what belongs to serving.
struct bare_cluster : cluster_fixture {
  bare_cluster() : cluster_fixture({"none"}) { pass(milliseconds(500)); }

  std::set<std::string> names() {
    std::set<std::string> all;
    for (const json& one : list(group, "apiservices")) all.insert(one["metadata"]["name"]);
    return all;
  }
  json service(const std::string& name) { return get(group, "apiservices", "", name); }
  void drop(const std::string& plural) {
    remove(machinery, "customresourcedefinitions", "", plural + ".shop.example.com");
    pass(milliseconds(500));
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(api_services, bare_cluster)

BOOST_AUTO_TEST_CASE(each_version_that_is_served_has_one_and_gets_it_back) {
  BOOST_TEST(names().size() == actors::builtin_services().size());
  const json core = service("v1.");
  BOOST_TEST(core["spec"]["version"] == "v1");
  BOOST_TEST(core["status"]["conditions"][0]["reason"] == "Local");
  remove(group, "apiservices", "", "v1.apps");
  pass(milliseconds(500));
  BOOST_TEST(!service("v1.apps").is_null());
  BOOST_TEST(service("v1.apps")["metadata"]["labels"][actors::automanaged_label] == "onstart");
}

BOOST_AUTO_TEST_CASE(a_changed_one_is_put_right) {
  merge(group, "apiservices", "", "v1.apps",
        {{"spec", {{"service", {{"name", "x"}, {"namespace", "y"}}}, {"versionPriority", 3}}}});
  pass(milliseconds(500));
  const json apps = service("v1.apps");
  BOOST_TEST(!apps["spec"].contains("service"));
  BOOST_TEST(apps["spec"]["versionPriority"] == 15);
}

BOOST_AUTO_TEST_CASE(versions_of_definitions_come_and_go) {
  create(definition("things", "Thing", {"v1", "v2"}));
  create(definition("others", "Other", {"v1"}));
  pass(milliseconds(500));
  BOOST_TEST(names().contains("v1.shop.example.com"));
  BOOST_TEST(names().contains("v2.shop.example.com"));
  BOOST_TEST(service("v1.shop.example.com")["spec"]["groupPriorityMinimum"] == 1000);
  BOOST_TEST(service("v1.shop.example.com")["metadata"]["labels"][actors::automanaged_label] == "true");

  drop("things");
  BOOST_TEST(names().contains("v1.shop.example.com")); // the other definition has it
  BOOST_TEST(!names().contains("v2.shop.example.com"));
  drop("others");
  BOOST_TEST(!names().contains("v1.shop.example.com"));
}

BOOST_AUTO_TEST_CASE(a_version_that_is_served_no_more_takes_its_own_along) {
  create(definition("things", "Thing", {"v1", "v2"}));
  pass(milliseconds(500));
  json versions =
      get(machinery, "customresourcedefinitions", "", "things.shop.example.com")["spec"]["versions"];
  versions[1]["served"] = false;
  merge(machinery, "customresourcedefinitions", "", "things.shop.example.com",
        {{"spec", {{"versions", versions}}}});
  pass(milliseconds(500));
  BOOST_TEST(names().contains("v1.shop.example.com"));
  BOOST_TEST(!names().contains("v2.shop.example.com"));
}

BOOST_AUTO_TEST_SUITE_END()
