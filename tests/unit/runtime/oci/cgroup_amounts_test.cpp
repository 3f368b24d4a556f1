#include "runtime/oci/cgroup_amounts.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

using namespace actord;
using namespace actord::runtime;

namespace {

resource_limits limits(std::int64_t shares, std::int64_t quota_us, std::int64_t memory_bytes) {
  resource_limits made;
  made.cpu_shares = shares;
  made.cpu_quota_us = quota_us;
  made.memory_limit_bytes = memory_bytes;
  return made;
}

/// Files as the kernel shows them, by "controller/file".
measured_resources measured(const std::map<std::string, std::string>& files, bool version_2) {
  return measured_amounts(
      [&](std::string_view controller, std::string_view file) -> std::optional<std::string> {
        const auto found = files.find(std::string(controller).append("/").append(file));
        return found == files.end() ? std::nullopt : std::optional(found->second);
      },
      version_2);
}

} // namespace

BOOST_AUTO_TEST_SUITE(cgroup_amounts_suite)

BOOST_AUTO_TEST_CASE(each_version_has_its_own_files) {
  using settings = std::vector<cgroup_setting>;
  BOOST_TEST((cgroup_settings(limits(512, 50000, 1 << 20), false) ==
              settings{{"cpu", "cpu.shares", "512"},
                       {"cpu", "cpu.cfs_period_us", "100000"},
                       {"cpu", "cpu.cfs_quota_us", "50000"},
                       {"memory", "memory.limit_in_bytes", "1048576"}}));
  BOOST_TEST(
      (cgroup_settings(limits(1024, 50000, 1 << 20), true) == settings{{"cpu", "cpu.weight", "39"},
                                                                       {"cpu", "cpu.max", "50000 100000"},
                                                                       {"memory", "memory.max", "1048576"}}));
  BOOST_TEST(cgroup_settings({}, true).empty());
}

BOOST_AUTO_TEST_CASE(what_the_kernel_shows_is_understood) {
  const auto first = measured({{"cpu/cpu.shares", "102\n"},
                               {"cpu/cpu.cfs_quota_us", "20000\n"},
                               {"cpu/cpu.cfs_period_us", "100000\n"},
                               {"memory/memory.limit_in_bytes", "67108864\n"},
                               {"memory/memory.usage_in_bytes", "4096\n"}},
                              false);
  BOOST_TEST((first.limits == limits(102, 20000, 67108864)));
  BOOST_TEST(first.memory_usage_bytes == 4096);
  const auto none = measured({{"cpu/cpu.shares", "2\n"},
                              {"cpu/cpu.cfs_quota_us", "-1\n"},
                              {"memory/memory.limit_in_bytes", "9223372036854771712\n"}},
                             false);
  BOOST_TEST((none.limits == limits(2, 0, 0)));
  const auto second = measured({{"cpu/cpu.weight", "39\n"},
                                {"cpu/cpu.max", "5000 10000\n"},
                                {"memory/memory.max", "67108864\n"},
                                {"memory/memory.current", "8192\n"}},
                               true);
  BOOST_TEST(second.limits.cpu_quota_us == 5000);
  BOOST_TEST(second.limits.cpu_period_us == 10000);
  BOOST_TEST(second.limits.memory_limit_bytes == 67108864);
  BOOST_TEST(second.memory_usage_bytes == 8192);
  BOOST_TEST(cpu_weight(second.limits.cpu_shares) == 39);
  const auto unlimited = measured({{"cpu/cpu.max", "max 100000\n"}, {"memory/memory.max", "max\n"}}, true);
  BOOST_TEST((unlimited.limits == limits(0, 0, 0)));
}

BOOST_AUTO_TEST_CASE(weights_and_shares_agree) {
  BOOST_TEST(cpu_weight(2) == 1);
  BOOST_TEST(cpu_weight(262144) == 10000);
  for (std::int64_t weight = 1; weight <= 10000; ++weight)
    BOOST_REQUIRE(cpu_weight(cpu_shares(weight)) == weight);
}

BOOST_AUTO_TEST_SUITE_END()
