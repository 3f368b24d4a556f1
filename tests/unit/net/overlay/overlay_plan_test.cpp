#include "net/overlay/overlay_network.hpp"

#include "net/overlay/overlay_plan.hpp"
#include "net/overlay/tunnel_control.hpp"

#include <boost/test/unit_test.hpp>
#include <sched.h>
#include <thread>

using namespace actord;
using namespace actord::net;

namespace {

std::uint32_t at(const char* address) { return parse_address(address).value(); }

overlay_peer peer(const std::string& node, const char* address, const char* pods) {
  return {node, at(address), parse_range(pods).value()};
}

overlay_options own() {
  return {.device = "actordt0",
          .address = at("192.0.2.1"),
          .pods = parse_range("10.244.1.0/24").value(),
          .number = 7,
          .mtu = 1450};
}

/// Says yes to everything and remembers what it was asked.
struct iptables_double final : program_runner {
  std::vector<std::string> inputs;
  bool has_jump = false;

  result<program_reply> run(const std::vector<std::string>& argv, const std::vector<std::string>&,
                            const std::string& input, std::chrono::milliseconds) override {
    if (!input.empty()) inputs.push_back(input);
    const auto has = [&](const char* word) { return std::ranges::find(argv, word) != argv.end(); };
    if (has("-C")) return program_reply{has_jump, {}, {}};
    if (has("-I")) has_jump = true;
    if (has("-D")) has_jump = false;
    return program_reply{true, {}, {}};
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(overlay)

BOOST_AUTO_TEST_CASE(nobody_takes_the_pods_of_another) {
  const auto sound = sound_peers(
      own(), {peer("d", "192.0.2.4", "10.244.4.0/24"), peer("c", "192.0.2.3", "10.244.2.0/24"),
              peer("b", "192.0.2.2", "10.244.2.0/25"), peer("e", "192.0.2.5", "10.244.0.0/16"),
              peer("f", "192.0.2.6", "10.244.1.128/25"), peer("me", "192.0.2.1", "10.244.9.0/24")});
  BOOST_REQUIRE(sound.size() == 2U);
  BOOST_TEST(sound[0].node == "b");
  BOOST_TEST(sound[1].node == "d");
}

BOOST_AUTO_TEST_CASE(a_peer_that_moved_is_left_and_found) {
  const std::vector<overlay_peer> before{peer("b", "192.0.2.2", "10.244.2.0/24"),
                                         peer("c", "192.0.2.3", "10.244.3.0/24")};
  std::vector<overlay_peer> after = before;
  after[0].address = at("192.0.2.22");
  const overlay_change moved = compare(before, after);
  BOOST_TEST((moved.remove == std::vector{before[0]}));
  BOOST_TEST((moved.add == std::vector{after[0]}));
  BOOST_TEST(compare(after, after).add.empty());
  BOOST_TEST((compare(before, {}).remove == before));
}

BOOST_AUTO_TEST_CASE(names_of_ends_and_networks) {
  const hardware_address made = overlay_hardware(parse_range("10.244.3.0/24").value());
  BOOST_TEST((made == hardware_address{0x02, 0xac, 10, 244, 3, 0}));
  BOOST_TEST(overlay_number("one") != overlay_number("another"));
  BOOST_TEST(overlay_number("one") < 1U << 24U);
  BOOST_TEST(overlay_number("") > 0U);
}

BOOST_AUTO_TEST_CASE(only_nodes_speak_into_the_tunnel) {
  BOOST_TEST(overlay_filter(own(), {peer("b", "192.0.2.2", "10.244.2.0/24")}) ==
             "*filter\n:ACTORD-actordt0 - [0:0]\n-A ACTORD-actordt0 -s 192.0.2.2/32 -j ACCEPT\n"
             "-A ACTORD-actordt0 -j DROP\nCOMMIT\n");
}

/// On the kernel, in a network namespace of a thread that ends with it.
BOOST_AUTO_TEST_CASE(the_kernel_has_a_tunnel_while_there_are_peers) {
  std::string failure;
  bool allowed = true;
  std::thread([&] {
    allowed = ::unshare(CLONE_NEWNET) == 0;
    if (!allowed) return;
    iptables_double rules;
    overlay_network network(own(), rules);
    const auto must = [&](const result<void>& done) {
      if (!done && failure.empty()) failure = done.error().message;
    };
    must(network.apply({}));
    if (has_tunnel("actordt0") || rules.has_jump) failure += " a tunnel without peers";
    must(network.apply({peer("b", "192.0.2.2", "10.244.2.0/24"), peer("c", "192.0.2.3", "10.244.3.0/24")}));
    if (!has_tunnel("actordt0") || !rules.has_jump) failure += " no tunnel, or an open one";
    must(network.apply({peer("b", "192.0.2.22", "10.244.2.0/24")}));
    // Another process after this one begins anew, on what is there.
    overlay_network next(own(), rules);
    must(next.apply({peer("b", "192.0.2.22", "10.244.2.0/24")}));
    must(next.apply({peer("b", "192.0.2.22", "10.244.2.0/24")}));
    must(next.apply({}));
    if (has_tunnel("actordt0") || rules.has_jump) failure += " something is left";
  }).join();
  if (!allowed)
    BOOST_TEST_MESSAGE("needs root");
  else
    BOOST_TEST(failure == "");
}

BOOST_AUTO_TEST_SUITE_END()
