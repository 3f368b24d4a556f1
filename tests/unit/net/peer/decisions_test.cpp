#include "net/peer/frame_header.hpp"
#include "net/peer/peer_decisions.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <set>

using namespace actord;
using namespace actord::net;
using namespace std::chrono_literals;

namespace {

const node_identity two{"c1", "n2", 2};
const greeting hello{.versions = {1, 1}, .cluster_id = "c1", .node_name = "n2", .member = 2, .meant = 1};

peer_options own() {
  peer_options options;
  options.self = 1;
  options.node_name = "n1";
  options.cluster_id = "c1";
  options.versions = {2, 4};
  return options;
}

std::string refusal(greeting caller, const node_identity& certificate) {
  if (caller.versions.highest == 1) caller.versions = {1, 3};
  const auto admitted = admit(caller, certificate, own());
  BOOST_REQUIRE(!admitted);
  return admitted.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(peer_decisions)

BOOST_AUTO_TEST_CASE(the_highest_common_version_is_spoken) {
  const auto spoken = [](std::uint32_t lowest, std::uint32_t highest) {
    greeting caller = hello;
    caller.versions = {lowest, highest};
    const auto admitted = admit(caller, two, own());
    return admitted ? std::to_string(*admitted) : admitted.error().message;
  };
  BOOST_TEST(spoken(1, 2) == "2");
  BOOST_TEST(spoken(1, 3) == "3");
  BOOST_TEST(spoken(3, 9) == "4");
  BOOST_TEST(spoken(1, 1) == "member 2 (n2) speaks version 1 of the protocol, this member versions 2 to 4");
  BOOST_TEST(spoken(5, 6) ==
             "member 2 (n2) speaks versions 5 to 6 of the protocol, this member versions 2 to 4");
}

BOOST_AUTO_TEST_CASE(who_is_not_what_the_certificate_says_is_refused) {
  greeting caller = hello;
  BOOST_TEST(refusal(caller, {"c1", "n3", 3}) == "the certificate of member 3 (n3) used by member 2 (n2)");
  BOOST_TEST(refusal(caller, {"c1", "n2", 0}) == "the certificate of worker n2 used by member 2 (n2)");
  BOOST_TEST(refusal(caller, {"c2", "n2", 2}) == "member 2 (n2) is of cluster c2, this is cluster c1");
  caller.cluster_id = "c3";
  BOOST_TEST(refusal(caller, two) == "member 2 (n2) is of cluster c3, this is cluster c1");
  caller = hello;
  caller.meant = 7;
  BOOST_TEST(refusal(caller, two) == "member 2 (n2) means member 7, this is member 1");
  caller = hello;
  caller.member = 1;
  caller.node_name = "n1";
  BOOST_TEST(refusal(caller, {"c1", "n1", 1}) == "the certificate of this member itself");
}

BOOST_AUTO_TEST_CASE(the_one_dialed_must_be_the_one_meant) {
  BOOST_TEST(expect(2, two, own()).has_value());
  BOOST_TEST(expect(3, two, own()).error().message ==
             "the certificate of member 2 (n2) where member 3 is expected");
  BOOST_TEST(expect(2, {"c2", "n2", 2}, own()).error().message ==
             "member 2 (n2) is of cluster c2, this is cluster c1");
  BOOST_TEST(may_use({"c1", "n1", 1}, own()).has_value());
  for (const node_identity& other : {two, node_identity{"c2", "n1", 1}, node_identity{"c1", "n1", 0}}) {
    BOOST_TEST(!may_use(other, own()).has_value());
  }
}

BOOST_AUTO_TEST_CASE(workers_are_admitted_as_workers) {
  const greeting says{.versions = {1, 3}, .cluster_id = "c1", .node_name = "w", .member = 0, .meant = 1};
  const node_identity worker{"c1", "w", 0};
  BOOST_TEST(admit(says, worker, own()).has_value());
  BOOST_TEST(refusal(says, two) == "the certificate of member 2 (n2) used by worker w");
  BOOST_TEST(refusal(says, {"c1", "v", 0}) == "the certificate of worker v used by worker w");
  BOOST_TEST(refusal(says, {"c2", "w", 0}) == "worker w is of cluster c2, this is cluster c1");
  BOOST_TEST(expect(1, worker, own()).error().message ==
             "the certificate of worker w where member 1 is expected");
}

BOOST_AUTO_TEST_CASE(who_may_call_is_said_for_each_method) {
  const node_identity worker{"c1", "w", 0};
  const auto told = [](std::optional<callers> who, const node_identity& by) {
    const auto may = may_call(who, "m", by);
    return may ? "" : may.error().message;
  };
  BOOST_TEST(told(callers::members, two) == "");
  BOOST_TEST(told(callers::nodes, worker) == "");
  BOOST_TEST(told(callers::everyone, two) == "");
  BOOST_TEST(told(callers::everyone, worker) == "");
  BOOST_TEST(told(callers::members, worker) == "worker w may not call \"m\": it is for servers only");
  BOOST_TEST(told(callers::nodes, two) == "member 2 (n2) may not call \"m\": it is for workers only");
  BOOST_TEST(told({}, two) == "no method \"m\" here");
  BOOST_TEST((may_call(callers::members, "m", worker).error().kind == error_kind::forbidden));
  BOOST_TEST((may_call({}, "m", worker).error().kind == error_kind::method_not_allowed));
}

BOOST_AUTO_TEST_CASE(after_a_break_the_first_attempts_come_fast) {
  const peer_timing timing;
  std::chrono::milliseconds total{};
  for (unsigned failures = 0; failures < 5; ++failures) total += retry_delay(failures, true, timing, 7);
  BOOST_TEST(total.count() == 75);
  BOOST_TEST(retry_delay(0, true, timing, 7).count() == 0);
}

BOOST_AUTO_TEST_CASE(back_off_doubles_with_jitter_up_to_its_end) {
  const peer_timing timing;
  for (unsigned failures = 0; failures < 100; ++failures) {
    const auto full = failures < 6 ? 50 << failures : 2000;
    std::set<std::int64_t> seen;
    for (std::uint64_t chance = 0; chance < 4000; chance += 37) {
      const auto delay = retry_delay(failures, false, timing, chance).count();
      BOOST_REQUIRE(delay >= full / 2);
      BOOST_REQUIRE(delay <= full);
      seen.insert(delay);
    }
    BOOST_TEST(seen.size() > 10);
  }
}

BOOST_AUTO_TEST_CASE(addresses_are_hosts_and_ports) {
  BOOST_TEST((parse_host_and_port("10.0.0.2:7443") == host_and_port{"10.0.0.2", 7443}));
  BOOST_TEST((parse_host_and_port("[::1]:1") == host_and_port{"::1", 1}));
  BOOST_TEST((parse_host_and_port("server-2:65535") == host_and_port{"server-2", 65535}));
  for (const char* wrong :
       {"", ":1", "a", "a:", "a:0", "a:65536", "a:-1", "a:1x", "::1:1", "[]:1", "[::1:1", "a b:"}) {
    BOOST_TEST(!parse_host_and_port(wrong), wrong);
  }
}

BOOST_AUTO_TEST_CASE(a_flood_is_a_few_lines) {
  line_budget budget;
  steady_time now{1h};
  int lines = 0;
  for (int i = 0; i < 1000; ++i) lines += budget.spend(now) ? 1 : 0;
  BOOST_TEST(lines == 10);
  BOOST_TEST(!budget.spend(now + 900ms));
  const auto line = budget.spend(now + 1001ms);
  BOOST_REQUIRE(line);
  BOOST_TEST(*line == 991U);
  BOOST_TEST(*budget.spend(now + 1h) == 0U);
}

BOOST_AUTO_TEST_CASE(a_frame_is_read_from_its_front) {
  using state = frame_header::state;
  for (const std::vector<std::uint32_t>& words : {std::vector<std::uint32_t>{0},
                                                  {1},
                                                  {1, 2},
                                                  {3, 0, 5},
                                                  std::vector<std::uint32_t>(512, 7),
                                                  {2U << 20U}}) {
    std::string front;
    append_frame_header(front, words);
    BOOST_TEST(front.size() % 8 == 0U);
    for (std::size_t size = 0; size < front.size(); size += 3) {
      const auto part = read_frame_header(std::string_view(front).substr(0, size));
      BOOST_REQUIRE(part.is == state::incomplete);
      BOOST_REQUIRE(part.header_bytes > size);
      BOOST_REQUIRE(part.header_bytes <= front.size());
    }
    const auto whole = read_frame_header(front + "body");
    BOOST_REQUIRE(whole.is == state::complete);
    BOOST_TEST(whole.header_bytes == front.size());
    BOOST_TEST((whole.segment_words == words));
    std::size_t total = 0;
    for (const auto one : words) total += one;
    BOOST_TEST(whole.body_bytes == total * 8);
  }
}

BOOST_AUTO_TEST_CASE(a_frame_beyond_the_limits_is_refused_at_its_front) {
  const auto refused = [](const std::vector<std::uint32_t>& words) {
    std::string front;
    append_frame_header(front, words);
    const auto header = read_frame_header(front);
    BOOST_REQUIRE(header.is == frame_header::state::refused);
    return header.why;
  };
  BOOST_TEST(refused(std::vector<std::uint32_t>(513, 0)) == "a frame of 513 segments");
  BOOST_TEST(refused({(2U << 20U) + 1}) == "a frame of 16777224 bytes");
  BOOST_TEST(refused({1U << 20U, 1U << 20U, 1}) == "a frame of 16777224 bytes");
  BOOST_TEST(refused(std::vector<std::uint32_t>(512, 0xFFFFFFFF)) == "a frame of 17592186040320 bytes");
  const auto many = read_frame_header("\xff\xff\xff\xff");
  BOOST_TEST((many.is == frame_header::state::refused));
  BOOST_TEST(many.why == "a frame of 4294967296 segments");
}

BOOST_AUTO_TEST_SUITE_END()
