#include "cluster_fixture.hpp"

#include "actors/controllers/services/service_range_reconciler.hpp"
#include "actors/objects/service_ranges.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

using namespace actord;
using actord::testing::cluster_fixture;
using std::chrono::milliseconds;

namespace {

constexpr const char* group = "networking.k8s.io";

json range(const std::string& name, const std::string& block) {
  return {{"apiVersion", "networking.k8s.io/v1"},
          {"kind", "ServiceCIDR"},
          {"metadata", {{"name", name}}},
          {"spec", {{"cidrs", json::array({block})}}}};
}

json service(const std::string& name, const std::string& address = "") {
  json out{{"apiVersion", "v1"},
           {"kind", "Service"},
           {"metadata", {{"name", name}, {"namespace", "default"}}},
           {"spec", {{"ports", json::array({{{"port", 80}}})}}}};
  if (!address.empty()) out["spec"]["clusterIP"] = address;
  return out;
}

actors::write_command create_of(const char* of_group, const char* plural, const json& body) {
  actors::write_command command;
  command.key = {schema::builtin(of_group, plural).stored_as, body["metadata"].value("namespace", ""),
                 body["metadata"]["name"]};
  command.caller = {.user = "tester", .uid = {}, .groups = {"system:masters"}, .extra = {}};
  command.body = body.dump();
  return command;
}

std::string ready_of(const json& object) {
  for (const json& one : object.value(json::json_pointer("/status/conditions"), json::array()))
    if (one["type"] == "Ready")
      return one["status"].get<std::string>() + ' ' + one["reason"].get<std::string>();
  return "none";
}

actors::service_network network(const char* text) { return actors::service_network::parse(text).value(); }

} // namespace

BOOST_FIXTURE_TEST_SUITE(service_ranges, cluster_fixture)

BOOST_AUTO_TEST_CASE(where_an_address_is_looked_for) {
  using actors::choose_range;
  const auto first = network("10.96.0.0/29");
  const std::vector<actors::further_range> further{{network("10.97.0.0/30"), {}, revision(3)},
                                                   {network("10.98.0.0/24"), {}, revision(4)}};
  std::set<std::string> taken;
  const auto is_taken = [&](const std::string& address) { return taken.contains(address); };
  const auto chosen = [&](const std::string& wish) -> std::string {
    const auto* const found = choose_range(service("web", wish), first, further, is_taken);
    return found == nullptr ? "first" : found->network.text();
  };
  BOOST_TEST(chosen("") == "first");
  BOOST_TEST(chosen("None") == "first");
  BOOST_TEST(chosen("10.98.0.77") == "10.98.0.0/24");
  BOOST_TEST(chosen("10.96.0.5") == "first");
  BOOST_TEST(chosen("10.99.0.1") == "first"); // which refuses it
  for (int i = 2; i < 7; ++i) taken.insert("10.96.0." + std::to_string(i));
  BOOST_TEST(chosen("") == "10.97.0.0/30");
  taken.insert("10.97.0.2");
  BOOST_TEST(chosen("") == "10.98.0.0/24");
}

BOOST_AUTO_TEST_CASE(addresses_come_from_a_range_and_keep_it) {
  create(range("more", "10.98.0.0/24"));
  pass(milliseconds(200));
  const json made = get(group, "servicecidrs", "", "more");
  BOOST_TEST(made["metadata"]["finalizers"] == json::array({"networking.k8s.io/service-cidr-finalizer"}));
  BOOST_TEST(ready_of(made) == "True ");
  BOOST_TEST(create(service("web", "10.98.0.9"))["spec"]["clusterIPs"] == json::array({"10.98.0.9"}));
  const json address = get(group, "ipaddresses", "", "10.98.0.9");
  BOOST_TEST(address["spec"]["parentRef"] ==
             json({{"group", ""}, {"resource", "services"}, {"namespace", "default"}, {"name", "web"}}));
  // Deleted it stays while that service does, and gives nothing more.
  remove(group, "servicecidrs", "", "more");
  pass(milliseconds(200));
  BOOST_TEST(ready_of(get(group, "servicecidrs", "", "more")) == "False Terminating");
  auto refused = submit(create_of("", "services", service("other", "10.98.0.10")));
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST(refused.error().message.find("not in the valid range") != std::string::npos);
  remove("", "services", "default", "web");
  pass(milliseconds(200));
  BOOST_TEST(get(group, "servicecidrs", "", "more").is_null());
  BOOST_TEST(get(group, "ipaddresses", "", "10.98.0.9").is_null());
}

BOOST_AUTO_TEST_CASE(another_range_takes_the_addresses) {
  create(range("small", "10.98.0.0/28"));
  pass(milliseconds(200));
  create(service("web", "10.98.0.9"));
  remove(group, "servicecidrs", "", "small");
  pass(milliseconds(200));
  BOOST_TEST(!get(group, "servicecidrs", "", "small").is_null());
  create(range("large", "10.98.0.0/16"));
  pass(milliseconds(200));
  BOOST_TEST(get(group, "servicecidrs", "", "small").is_null());
  // And is then the one that has to stay.
  remove(group, "servicecidrs", "", "large");
  pass(milliseconds(200));
  BOOST_TEST(ready_of(get(group, "servicecidrs", "", "large")) == "False Terminating");
}

BOOST_AUTO_TEST_CASE(two_that_go_together_leave_nothing_without_a_range) {
  create(range("one", "10.98.0.0/28"));
  create(range("two", "10.98.0.0/24"));
  pass(milliseconds(200));
  create(service("web", "10.98.0.9"));
  remove(group, "servicecidrs", "", "one");
  remove(group, "servicecidrs", "", "two");
  pass(milliseconds(200));
  // The one that was deleted first may go as long as the other stays.
  BOOST_TEST(ready_of(get(group, "servicecidrs", "", "two")) == "False Terminating");
  remove("", "services", "default", "web");
  pass(milliseconds(200));
  BOOST_TEST(list(group, "servicecidrs").empty());
}

BOOST_AUTO_TEST_CASE(ranges_that_are_of_no_use) {
  create(range("six", "2001:db8::/112"));
  pass(milliseconds(200));
  BOOST_TEST(ready_of(get(group, "servicecidrs", "", "six")) == "False Unusable");
  remove(group, "servicecidrs", "", "six");
  pass(milliseconds(200));
  BOOST_TEST(list(group, "servicecidrs").empty());
}

/// A service that takes an address and the deletion of its range, both under way at once.
BOOST_AUTO_TEST_CASE(a_range_is_not_deleted_under_an_address) {
  int granted = 0;
  for (int round = 0; round < 60; ++round) {
    const std::string name = "r" + std::to_string(round);
    create(range(name, "10.98.0.0/24"));
    pass(milliseconds(100));
    int answers = 0;
    bool has = false;
    auto take = create_of("", "services", service(name, "10.98.0.9"));
    take.done = [&](const result<actors::write_answer>& outcome) {
      ++answers;
      has = outcome.has_value();
    };
    auto drop = create_of(group, "servicecidrs", range(name, "10.98.0.0/24"));
    drop.verb = actors::write_verb::remove;
    drop.body.clear();
    drop.done = [&](const result<actors::write_answer>&) { ++answers; };
    if (round % 2 == 0) router->submit(std::move(take));
    for (int i = 0; i < round / 2; ++i) scheduler.try_run_once();
    router->submit(std::move(drop));
    if (round % 2 == 1) {
      for (int i = 0; i < round / 2; ++i) scheduler.try_run_once();
      router->submit(std::move(take));
    }
    pass(milliseconds(300));
    BOOST_REQUIRE(answers == 2);
    BOOST_REQUIRE(has == !get(group, "ipaddresses", "", "10.98.0.9").is_null());
    BOOST_REQUIRE(has == !get(group, "servicecidrs", "", name).is_null());
    if (has) {
      ++granted;
      remove("", "services", "default", name);
      pass(milliseconds(200));
      BOOST_REQUIRE(get(group, "servicecidrs", "", name).is_null());
    }
  }
  BOOST_TEST(granted > 0);
  BOOST_TEST(granted < 60);
}

BOOST_AUTO_TEST_SUITE_END()
