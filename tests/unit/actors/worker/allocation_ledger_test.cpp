#include "actors/worker/resize/allocation_ledger.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

constexpr wall_time start{std::chrono::hours(500000)};

pod_resources asks(const std::string& cpu, const std::string& memory) {
  pod_resources made;
  made.containers["c"].requests = {{"cpu", cpu}, {"memory", memory}};
  return made;
}

/// A node of one core and 1000 bytes, and its pods.
struct fixture {
  allocation_ledger ledger;
  std::map<std::string, schema::pod_view> pods;

  fixture() { allow(1000, 1000); }
  void allow(std::int64_t milli_cpu, std::int64_t memory_bytes) {
    schema::resource_list_view allocatable;
    allocatable.milli_cpu = milli_cpu;
    allocatable.memory_bytes = memory_bytes;
    ledger.set_allocatable(allocatable);
  }
  void put(const std::string& uid, const std::string& cpu, const std::string& memory,
           const std::optional<pod_resources>& before = {}) {
    schema::pod_view& pod = pods[uid];
    pod.meta.uid = uid;
    ++pod.meta.generation;
    pod.spec.containers.resize(1);
    pod.spec.containers[0].name = "c";
    pod_resources asked = asks(cpu, memory);
    ledger.put(with_amounts(pod, asked), asked, before);
  }
  std::string cpu_of(const std::string& uid) {
    return ledger.given(uid).resources.containers.at("c").requests.at("cpu");
  }
  std::string pending(const std::string& uid) {
    const auto& at = ledger.given(uid).pending;
    return at ? at->reason + ": " + at->message : "";
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(allocation_ledger_suite, fixture)

BOOST_AUTO_TEST_CASE(what_fits_is_set_aside_at_once) {
  put("a", "100m", "100");
  BOOST_TEST(ledger.settle(start).empty());
  put("a", "200m", "100");
  BOOST_TEST(cpu_of("a") == "100m");
  BOOST_TEST((ledger.settle(start) == std::set<std::string>{"a"}));
  BOOST_TEST(cpu_of("a") == "200m");
  BOOST_TEST(ledger.given("a").generation == 2);
  BOOST_TEST(*ledger.pod("a").spec.containers[0].requests.milli_cpu == 200);
}

BOOST_AUTO_TEST_CASE(the_same_amount_written_otherwise_is_no_resize) {
  put("a", "1000m", "1Ki");
  put("a", "1", "1024");
  BOOST_TEST(ledger.settle(start).empty());
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_now_waits_until_others_go_or_shrink) {
  put("a", "400m", "100");
  put("b", "500m", "100");
  put("a", "600m", "100");
  BOOST_TEST((ledger.settle(start) == std::set<std::string>{"a"}));
  BOOST_TEST(cpu_of("a") == "400m");
  BOOST_TEST(pending("a") ==
             "Deferred: Node didn't have enough resource: cpu, requested: 600, used: 500, capacity: 1000");
  BOOST_TEST(ledger.settle(start).empty());
  put("b", "400m", "100");
  BOOST_TEST((ledger.settle(start) == std::set<std::string>{"a", "b"}));
  BOOST_TEST(cpu_of("a") == "600m");
  BOOST_TEST(pending("a").empty());
  put("a", "900m", "100");
  ledger.settle(start);
  BOOST_TEST(cpu_of("a") == "600m");
  ledger.remove("b");
  BOOST_TEST((ledger.settle(start) == std::set<std::string>{"a"}));
  BOOST_TEST(cpu_of("a") == "900m");
}

BOOST_AUTO_TEST_CASE(what_is_still_in_force_is_not_given_to_others) {
  put("a", "400m", "100");
  put("b", "500m", "100");
  pods["b"].status.containers.resize(1);
  pods["b"].status.containers[0].name = "c";
  pods["b"].status.containers[0].resources.emplace();
  pods["b"].status.containers[0].resources->requests.milli_cpu = 500;
  put("b", "100m", "100");
  put("a", "600m", "100");
  ledger.settle(start);
  BOOST_TEST(cpu_of("b") == "100m");
  BOOST_TEST(cpu_of("a") == "400m");
  pods["b"].status.containers[0].resources->requests.milli_cpu = 100;
  put("b", "100m", "100");
  ledger.settle(start);
  BOOST_TEST(cpu_of("a") == "600m");
}

BOOST_AUTO_TEST_CASE(what_can_never_fit_is_infeasible) {
  put("a", "400m", "100");
  put("a", "1001m", "100");
  ledger.settle(start);
  BOOST_TEST(pending("a") ==
             "Infeasible: Node didn't have enough capacity: cpu, requested: 1001, capacity: 1000");
  put("a", "400m", "100");
  BOOST_TEST((ledger.settle(start) == std::set<std::string>{"a"}));
  BOOST_TEST(pending("a").empty());
  put("a", "400m", "2000");
  ledger.settle(start);
  BOOST_TEST(pending("a") ==
             "Infeasible: Node didn't have enough capacity: memory, requested: 2000, capacity: 1000");
  allow(1000, 3000);
  ledger.settle(start);
  BOOST_TEST(pending("a").empty());
}

BOOST_AUTO_TEST_CASE(less_always_fits) {
  put("a", "900m", "100");
  put("b", "900m", "100"); // more than there is, for whatever reason
  put("b", "800m", "100");
  ledger.settle(start);
  BOOST_TEST(cpu_of("b") == "800m");
}

BOOST_AUTO_TEST_CASE(those_who_wait_have_their_turn_by_priority_then_quality_then_time) {
  put("keeper", "900m", "100");
  for (const char* uid : {"a", "b", "c", "d"}) put(uid, "0", "10");
  pods["d"].spec.priority = 5;
  pods["c"].status.qos_class = "Guaranteed";
  put("b", "60m", "10");
  ledger.remove("keeper");
  allow(50, 1000);
  put("b", "20m", "10");
  allow(10, 1000);
  ledger.settle(start); // b waits first
  put("a", "20m", "10");
  put("c", "20m", "10");
  put("d", "20m", "10");
  ledger.settle(start + std::chrono::seconds(1));
  const auto given = [&] {
    std::string all;
    for (const char* uid : {"a", "b", "c", "d"})
      if (cpu_of(uid) == "20m") all += uid;
    return all;
  };
  BOOST_TEST(given().empty());
  allow(20, 1000);
  ledger.settle(start);
  BOOST_TEST(given() == "d");
  allow(40, 1000);
  ledger.settle(start);
  BOOST_TEST(given() == "cd");
  allow(60, 1000);
  ledger.settle(start);
  BOOST_TEST(given() == "bcd");
}

BOOST_AUTO_TEST_CASE(an_earlier_daemons_word_counts) {
  put("a", "900m", "100", asks("300m", "100"));
  put("b", "500m", "100", asks("500m", "100"));
  ledger.settle(start);
  BOOST_TEST(cpu_of("a") == "300m");
  BOOST_TEST(pending("a") ==
             "Deferred: Node didn't have enough resource: cpu, requested: 900, used: 500, capacity: 1000");
}

BOOST_AUTO_TEST_CASE(pods_that_are_over_hold_nothing_and_get_nothing) {
  put("a", "400m", "100");
  put("b", "900m", "100");
  pods["b"].status.phase = "Succeeded";
  put("b", "900m", "100");
  put("a", "1", "100");
  ledger.settle(start);
  BOOST_TEST(cpu_of("a") == "1");
  pods["a"].meta.deletion = start;
  put("a", "500m", "100");
  BOOST_TEST(ledger.settle(start).empty());
}

BOOST_AUTO_TEST_SUITE_END()
