#include "actors/aggregation/local_services.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

const wall_time now{std::chrono::seconds(1'767'366'245)};
const local_service apps{"apps", "v1", {17800, 15}};

seen<schema::api_service_view> stored_as(const json& object) {
  return {schema::parse_api_service(object.dump()), revision{7}};
}

json object_of(const local_service& what) {
  json object = api_service_object(what);
  object["metadata"]["uid"] = "u";
  object["status"]["conditions"] = {{{"type", "Available"}, {"status", "True"}, {"reason", "Local"}}};
  return object;
}

local_service_state state_of(const json& object, std::optional<local_service> wanted) {
  return {{resource_id{1}, "", "v1.apps"}, stored_as(object), std::move(wanted)};
}

} // namespace

BOOST_AUTO_TEST_SUITE(local_services)

BOOST_AUTO_TEST_CASE(every_built_in_version_has_a_number_of_its_own) {
  std::size_t versions = 0;
  for (const schema::api_group& group : schema::api_groups()) versions += group.versions.size();
  BOOST_TEST(builtin_services().size() == versions - 1); // but for that of APIServices
  for (const local_service& one : builtin_services()) {
    BOOST_TEST(!one.custom);
    BOOST_TEST(one.priority.group > 15000, api_service_name(one.group, one.version) << " has none");
  }
}

/// The numbers give the order in which discovery lists the groups.
BOOST_AUTO_TEST_CASE(the_numbers_are_in_the_order_of_discovery) {
  std::vector<std::pair<std::int64_t, std::string_view>> listed;
  for (const schema::api_group& group : schema::api_groups()) {
    std::int64_t highest = 0;
    std::vector<std::int64_t> versions;
    for (const std::string_view version : group.versions) {
      highest = std::max(highest, local_priority(group.name, version).group);
      versions.push_back(-local_priority(group.name, version).version);
    }
    BOOST_TEST(std::ranges::is_sorted(versions), group.name);
    if (!group.name.empty()) listed.emplace_back(-highest, group.name);
  }
  BOOST_TEST(std::ranges::is_sorted(listed));
}

BOOST_AUTO_TEST_CASE(what_is_served_gets_an_object) {
  const plan made = reconcile(local_service_state{{resource_id{1}, "", "v1.apps"}, {}, apps}, now);
  BOOST_REQUIRE_EQUAL(made.create.size(), 1U);
  BOOST_TEST(made.create[0].body ==
             json({{"apiVersion", "apiregistration.k8s.io/v1"},
                   {"kind", "APIService"},
                   {"metadata", {{"name", "v1.apps"}, {"labels", {{automanaged_label, "onstart"}}}}},
                   {"spec",
                    {{"group", "apps"},
                     {"version", "v1"},
                     {"groupPriorityMinimum", 17800},
                     {"versionPriority", 15}}}}));
  BOOST_TEST(!reconcile(state_of(object_of(apps), apps), now).acts());
  BOOST_TEST(api_service_object(custom_service("x.org", "v2"))["metadata"] ==
             json({{"name", "v2.x.org"}, {"labels", {{automanaged_label, "true"}}}}));
}

BOOST_AUTO_TEST_CASE(what_is_changed_is_put_back) {
  json changed = object_of(apps);
  changed["spec"]["service"] = {{"name", "thief"}, {"namespace", "x"}};
  changed["spec"]["groupPriorityMinimum"] = 3;
  const plan made = reconcile(state_of(changed, apps), now);
  BOOST_REQUIRE_EQUAL(made.patch.size(), 1U);
  BOOST_TEST(made.patch[0].patch["spec"] == json({{"group", "apps"},
                                                  {"version", "v1"},
                                                  {"groupPriorityMinimum", 17800},
                                                  {"versionPriority", 15},
                                                  {"service", nullptr},
                                                  {"caBundle", nullptr},
                                                  {"insecureSkipTLSVerify", nullptr}}));
  BOOST_TEST(made.patch[0].uid == "u");
}

BOOST_AUTO_TEST_CASE(what_is_served_no_more_goes_and_what_others_made_stays) {
  const plan gone = reconcile(state_of(object_of(custom_service("x.org", "v1")), {}), now);
  BOOST_REQUIRE_EQUAL(gone.remove.size(), 1U);
  BOOST_TEST(gone.remove[0].uid == "u");

  json others = object_of(custom_service("x.org", "v1"));
  others["metadata"].erase("labels");
  BOOST_TEST(!reconcile(state_of(others, {}), now).acts());
  BOOST_TEST(!reconcile(state_of(others, custom_service("x.org", "v1")), now).acts());

  json remote = object_of(custom_service("x.org", "v1"));
  remote["spec"]["service"] = {{"name", "a"}, {"namespace", "b"}};
  BOOST_TEST(!reconcile(state_of(remote, {}), now).acts());
}

BOOST_AUTO_TEST_CASE(what_names_no_service_is_available) {
  json plain = object_of(apps);
  plain["status"]["conditions"] = {
      {{"type", "Available"}, {"status", "False"}, {"reason", "ServiceNotFound"}}};
  plain["metadata"].erase("labels");
  const plan made = reconcile(state_of(plain, {}), now);
  BOOST_REQUIRE_EQUAL(made.patch.size(), 1U);
  BOOST_TEST(made.patch[0].subresource == "status");
  const json condition = made.patch[0].patch["status"]["conditions"][0];
  BOOST_TEST(condition["status"] == "True");
  BOOST_TEST(condition["reason"] == "Local");
  BOOST_TEST(condition["message"] == "Local APIServices are always available");
}

BOOST_AUTO_TEST_CASE(one_that_is_being_deleted_is_left_to_it) {
  json going = object_of(apps);
  going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  going["spec"]["versionPriority"] = 1;
  BOOST_TEST(!reconcile(state_of(going, apps), now).acts());
}

BOOST_AUTO_TEST_SUITE_END()
