#include "net/cni/address_pool.hpp"
#include "net/cni/network_config.hpp"
#include "net/cni/network_masquerade.hpp"
#include "net/cni/pod_network.hpp"
#include "schema/base/json.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <functional>

namespace {

using namespace actord;
using namespace actord::net;

/// Answers as told and remembers what was run.
struct fake_runner final : program_runner {
  struct call {
    std::vector<std::string> argv;
    std::vector<std::string> environment;
    json input;

    [[nodiscard]] std::string variable(const std::string& name) const {
      for (const std::string& pair : environment)
        if (pair.starts_with(name + "=")) return pair.substr(name.size() + 1);
      return "unset";
    }
  };
  std::vector<call> calls;
  std::function<program_reply(const call&)> answer = [](const call&) {
    return program_reply{
        true, R"({"cniVersion":"1.0.0","ips":[{"address":"10.1.0.5/24"},{"address":"fd00::5/64"}]})", ""};
  };

  result<program_reply> run(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                            const std::string& input, std::chrono::milliseconds) override {
    if (argv.front().find("iptables") != std::string::npos) return program_reply{true, "", ""};
    calls.push_back({argv, environment, json::parse(input, nullptr, false)});
    return answer(calls.back());
  }
};

struct fixture {
  std::string directory = [] {
    std::string name = "/tmp/actord-cni-XXXXXX";
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    return name;
  }();
  fake_runner runner;
  pod_attachment pod{.id = "abc",
                     .namespace_path = "/dev/null",
                     .pod_space = "ns",
                     .pod_name = "p",
                     .pod_uid = "u",
                     .ports = {}};

  ~fixture() { std::filesystem::remove_all(directory); }
  [[nodiscard]] cni_options options() const {
    cni_options wish;
    wish.state_dir = directory + "/state";
    wish.plugin_dir = "/plugins";
    wish.bridge = "br7";
    wish.in_process = false;
    wish.pod_cidr = "10.1.0.0/24";
    return wish;
  }
  std::unique_ptr<pod_network> network() { return make_cni_network(options(), runner); }
};

BOOST_FIXTURE_TEST_SUITE(cni, fixture)

BOOST_AUTO_TEST_CASE(a_pod_without_ports_costs_one_plugin) {
  const auto added = network()->attach(pod);
  BOOST_REQUIRE(added);
  BOOST_TEST(added->addresses == (std::vector<std::string>{"10.1.0.5", "fd00::5"}),
             boost::test_tools::per_element());
  BOOST_REQUIRE(runner.calls.size() == 1);
  const auto& call = runner.calls.front();
  BOOST_TEST(call.argv.front() == "/plugins/bridge");
  BOOST_TEST(call.variable("CNI_COMMAND") == "ADD");
  BOOST_TEST(call.variable("CNI_CONTAINERID") == "abc");
  BOOST_TEST(call.variable("CNI_NETNS") == "/dev/null");
  BOOST_TEST(call.variable("CNI_IFNAME") == "eth0");
  BOOST_TEST(call.variable("CNI_PATH") == "/plugins");
  BOOST_TEST((call.input["bridge"] == "br7"));
  BOOST_TEST((call.input["name"] == "actord"));
  BOOST_TEST((call.input["ipam"]["ranges"][0][0]["subnet"] == "10.1.0.0/24"));
}

BOOST_AUTO_TEST_CASE(port_mappings_reach_the_plugin_that_can_use_them_with_the_previous_result) {
  pod.ports = {{"tcp", 8080, 80, "127.0.0.1"}, {"udp", 53, 5353, ""}};
  BOOST_REQUIRE(network()->attach(pod));
  BOOST_REQUIRE(runner.calls.size() == 2);
  BOOST_TEST(!runner.calls[0].input.contains("runtimeConfig"));
  const json& input = runner.calls[1].input;
  BOOST_TEST((input["type"] == "portmap"));
  BOOST_TEST((input["prevResult"]["ips"][0]["address"] == "10.1.0.5/24"));
  BOOST_TEST((input["runtimeConfig"]["portMappings"][0] ==
              json{{"hostPort", 8080}, {"containerPort", 80}, {"protocol", "tcp"}, {"hostIP", "127.0.0.1"}}));
  BOOST_TEST(!input.contains("capabilities"));
}

BOOST_AUTO_TEST_CASE(attaching_again_is_answered_from_the_record_also_after_a_restart) {
  BOOST_REQUIRE(network()->attach(pod));
  const auto again = network()->attach(pod);
  BOOST_REQUIRE(again);
  BOOST_TEST(again->addresses.front() == "10.1.0.5");
  BOOST_TEST(runner.calls.size() == 1U);
  BOOST_TEST(network()->attachments() == std::vector<std::string>{"abc"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(detaching_runs_the_plugins_backwards_with_what_they_were_given) {
  pod.ports = {{"tcp", 8080, 80, ""}};
  BOOST_REQUIRE(network()->attach(pod));
  runner.calls.clear();
  auto other = options();
  other.pod_cidr = "10.99.0.0/24"; // Changed since: the pod goes as it came.
  const auto after_change = make_cni_network(other, runner);
  BOOST_REQUIRE(after_change->detach("abc", "/dev/null"));
  BOOST_REQUIRE(runner.calls.size() == 2);
  BOOST_TEST(runner.calls[0].argv.front() == "/plugins/portmap");
  BOOST_TEST(runner.calls[1].argv.front() == "/plugins/bridge");
  BOOST_TEST(runner.calls[1].variable("CNI_COMMAND") == "DEL");
  BOOST_TEST((runner.calls[1].input["ipam"]["ranges"][0][0]["subnet"] == "10.1.0.0/24"));
  BOOST_TEST((runner.calls[1].input["prevResult"]["ips"][0]["address"] == "10.1.0.5/24"));
  BOOST_REQUIRE(after_change->detach("abc", "/dev/null"));
  BOOST_TEST(runner.calls.size() == 2U);
  BOOST_TEST(after_change->attachments().empty());
}

BOOST_AUTO_TEST_CASE(a_vanished_namespace_is_not_named_to_the_plugins) {
  BOOST_REQUIRE(network()->attach(pod));
  BOOST_REQUIRE(network()->detach("abc", directory + "/gone"));
  BOOST_TEST(runner.calls.back().variable("CNI_NETNS").empty());
}

BOOST_AUTO_TEST_CASE(a_failed_addition_is_undone_and_told_in_the_plugins_words) {
  runner.answer = [](const fake_runner::call& call) {
    return call.variable("CNI_COMMAND") == "ADD"
               ? program_reply{false, R"({"code":11,"msg":"no addresses left","details":"range full"})", ""}
               : program_reply{true, "", ""};
  };
  const auto added = network()->attach(pod);
  BOOST_REQUIRE(!added);
  BOOST_TEST(added.error().message == "CNI plugin bridge failed: no addresses left; range full");
  BOOST_TEST(runner.calls.back().variable("CNI_COMMAND") == "DEL");
  BOOST_TEST(network()->attachments().empty());
}

BOOST_AUTO_TEST_CASE(nonsense_from_a_plugin_is_an_error) {
  for (const char* bad : {"", "[]", "{}", R"({"ips":[]})", R"({"ips":[1,{"address":5}]})", "\xff\xfe"}) {
    runner.answer = [bad](const fake_runner::call&) { return program_reply{true, bad, ""}; };
    BOOST_TEST(!network()->attach(pod), bad);
  }
}

BOOST_AUTO_TEST_CASE(configurations_are_read_in_both_forms) {
  const auto list =
      parse_network_config(R"({"cniVersion":"0.4.0","name":"n","plugins":[{"type":"a"},{"type":"b"}]})");
  BOOST_REQUIRE(list);
  BOOST_TEST(list->plugins.size() == 2U);
  BOOST_TEST(list->version == "0.4.0");
  BOOST_TEST(parse_network_config(R"({"name":"n","type":"ptp"})")->plugins.size() == 1U);
  for (const char* bad :
       {"", "[]", "{}", R"({"name":"n","plugins":[]})", R"({"name":"n","plugins":[{"type":"../../bin/sh"}]})",
        R"({"name":"n","plugins":[{}]})"})
    BOOST_TEST(!parse_network_config(bad), bad);
}

BOOST_AUTO_TEST_CASE(ranges_and_addresses_are_parsed_strictly) {
  const auto range = parse_range("10.1.2.3/24");
  BOOST_REQUIRE(range);
  BOOST_TEST(address_text(range->gateway()) == "10.1.2.1");
  BOOST_TEST(address_text(range->first()) == "10.1.2.2");
  BOOST_TEST(address_text(range->last()) == "10.1.2.254");
  for (const char* bad : {"", "10.1.2.3", "10.1.2/24", "10.1.2.256/24", "10.1.2.3/31", "10.1.2.3/7",
                          "10.1.2.3/24x", "fd00::/64", "10.1.2.3.4/24", "a.b.c.d/8"})
    BOOST_TEST(!parse_range(bad), bad);
}

BOOST_AUTO_TEST_CASE(addresses_are_given_in_turn_each_once) {
  address_pool pool(directory + "/pool", *parse_range("10.9.0.0/29")); // .2 to .6
  std::vector<std::string> given;
  for (const char* id : {"a", "b", "c", "d", "e"}) given.push_back(address_text(pool.take(id).value()));
  BOOST_TEST(given == (std::vector<std::string>{"10.9.0.2", "10.9.0.3", "10.9.0.4", "10.9.0.5", "10.9.0.6"}),
             boost::test_tools::per_element());
  BOOST_TEST(address_text(pool.take("c").value()) == "10.9.0.4");
  BOOST_TEST((!pool.take("f") && pool.take("f").error().kind == error_kind::unavailable));
  BOOST_REQUIRE(pool.give_back("b"));
  BOOST_REQUIRE(pool.give_back("b"));
  address_pool reopened(directory + "/pool", *parse_range("10.9.0.0/29"));
  BOOST_TEST(address_text(reopened.take("f").value()) == "10.9.0.3");
  BOOST_REQUIRE(reopened.give_back("a"));
  BOOST_REQUIRE(reopened.give_back("f"));
  // The one freed last is used last.
  BOOST_TEST(address_text(reopened.take("g").value()) == "10.9.0.2");
}

BOOST_AUTO_TEST_CASE(translation_spares_what_stays_in_the_cluster) {
  auto wish = options();
  wish.cluster_cidr = "10.0.0.0/8";
  BOOST_TEST(masquerade_program(wish) ==
             "*nat\n:ACTORD-br7 - [0:0]\n-A ACTORD-br7 -d 10.0.0.0/8 -j RETURN\n-A ACTORD-br7 -d 224.0.0.0/4 "
             "-j RETURN\n-A ACTORD-br7 -j MASQUERADE\nCOMMIT\n*mangle\n:ACTORD-br7 - [0:0]\n-A ACTORD-br7 -d "
             "127.0.0.0/8 -j DROP\nCOMMIT\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
