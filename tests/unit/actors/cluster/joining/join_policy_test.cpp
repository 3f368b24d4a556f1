#include "actors/cluster/joining/join_client.hpp"
#include "actors/cluster/joining/join_policy.hpp"
#include "net/pki/certificates.hpp"
#include "net/pki/signing_requests.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

const std::string& some_request() {
  static const std::string made = *net::create_signing_request(*net::create_signing_key(), {"anybody", {}});
  return made;
}

join_request worker() { return {.node = "w-1", .request_pem = some_request()}; }
join_request server() {
  return {.node = "s-1",
          .request_pem = some_request(),
          .serves = true,
          .works = false,
          .rpc_address = "192.0.2.1:7443",
          .api_address = "[2001:db8::1]:6443"};
}

std::string complaint(const join_request& request) {
  const auto record = record_asked_for(request);
  return record ? "" : record.error().message;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

BOOST_AUTO_TEST_SUITE(join_policy)

BOOST_AUTO_TEST_CASE(messages_read_back_and_are_strict) {
  const auto read = decode_join_request(encode_join_request(server()));
  BOOST_REQUIRE(read);
  BOOST_TEST(encode_join_request(*read) == encode_join_request(server()));
  const auto refused = [](const std::string& body) {
    const auto decoded = decode_join_request(body);
    return decoded ? std::string("taken") : decoded.error().message;
  };
  BOOST_TEST(says(refused(""), "no JSON object"));
  BOOST_TEST(says(refused("[]"), "no JSON object"));
  BOOST_TEST(says(refused("{}"), "another version of actord"));
  BOOST_TEST(says(refused(std::string(20000, ' ')), "larger than"));
  const std::string head = R"({"apiVersion":"actord.dev/v1","kind":"JoinRequest")";
  BOOST_TEST(says(refused(head + R"(,"admin":true})"), "unknown field \"admin\""));
  BOOST_TEST(says(refused(head + R"(,"node":1})"), "node must be a text"));
  BOOST_TEST(says(refused(head + R"(,"server":"yes"})"), "server must be true or false"));
  BOOST_TEST(says(refused(head + R"(,"node":")" + std::string(300, 'a') + "\"}"), "node is too long"));

  join_answer answer{.cluster = "c",
                     .member = 2,
                     .certificate_pem = "C",
                     .authorities_pem = "A",
                     .members = {{1, "s-0", "a:1", "b:2"}, {2, "s-1", "c:3", "d:4"}},
                     .service_cidr = "10.96.0.0/16",
                     .cluster_cidr = "10.244.0.0/16",
                     .master_key = std::string("\0\1\xff", 3),
                     .key_table = "sealed"};
  const auto back = decode_join_answer(encode_join_answer(answer));
  BOOST_REQUIRE(back);
  BOOST_TEST((back->members == answer.members));
  BOOST_TEST(back->master_key == answer.master_key);
  BOOST_TEST(encode_join_answer(*back) == encode_join_answer(answer));
  answer.certificate_pem.clear();
  BOOST_TEST(!decode_join_answer(encode_join_answer(answer)));
  BOOST_TEST(!decode_join_answer("<html>"));
}

BOOST_AUTO_TEST_CASE(requests_that_make_no_sense) {
  BOOST_TEST(complaint(worker()).empty());
  BOOST_TEST(complaint(server()).empty());
  join_request request = worker();
  request.node = "Node_1";
  BOOST_TEST(says(complaint(request), "no node name"));
  request = worker();
  request.works = false;
  BOOST_TEST(says(complaint(request), "a server, a worker or both"));
  request = worker();
  request.request_pem = "rubbish";
  BOOST_TEST(says(complaint(request), "CERTIFICATE REQUEST"));
  request = server();
  request.rpc_address = "192.0.2.1:0";
  BOOST_TEST(says(complaint(request), "rpcAddress"));
  request = server();
  request.api_address = "";
  BOOST_TEST(says(complaint(request), "apiAddress"));
}

BOOST_AUTO_TEST_CASE(a_name_belongs_to_one_key) {
  node_record known{.node = "n", .key_hash = "k1", .member = 0, .joined = wall_time(std::chrono::seconds(5))};
  node_record asked{.node = "n", .key_hash = "k1"};
  BOOST_TEST((*decide_record({}, asked, false) == asked));
  const auto again = decide_record(known, asked, false);
  BOOST_REQUIRE(again);
  BOOST_TEST((again->joined == known.joined));
  asked.key_hash = "k2";
  const auto taken = decide_record(known, asked, false);
  BOOST_REQUIRE(!taken);
  BOOST_TEST((taken.error().kind == error_kind::conflict));
  BOOST_TEST(says(taken.error().message, "belongs to another key"));
  asked.key_hash = "k1";
  known.member = 4;
  BOOST_TEST(decide_record(known, asked, true)->member == 4U);
  BOOST_TEST(!decide_record(known, asked, false));
}

BOOST_AUTO_TEST_CASE(the_lowest_slot_that_is_free_is_given) {
  member_numbers numbers;
  BOOST_TEST(draw_slot(numbers, "b") == 0U);
  BOOST_TEST(draw_slot(numbers, "a") == 1U);
  BOOST_TEST(draw_slot(numbers, "c") == 2U);
  BOOST_TEST(draw_slot(numbers, "a") == 1U);
  std::erase_if(numbers.slots, [](const auto& row) { return row.first == "a"; });
  BOOST_TEST(draw_slot(numbers, "d") == 1U);
  BOOST_TEST(draw_slot(numbers, "e") == 3U);
}

BOOST_AUTO_TEST_CASE(numbers_are_never_given_twice) {
  member_numbers numbers;
  BOOST_TEST(draw_number(numbers, "b") == 1U);
  BOOST_TEST(draw_number(numbers, "a") == 2U);
  BOOST_TEST(draw_number(numbers, "b") == 1U);
  std::erase_if(numbers.numbers, [](const auto& row) { return row.first == "a"; });
  BOOST_TEST(draw_number(numbers, "a") == 3U);
  BOOST_TEST((numbers == member_numbers{.next = 4, .numbers = {{"a", 3}, {"b", 1}}, .slots = {}}));
  BOOST_TEST(keep_number(numbers, "c", 7) == 7U);
  BOOST_TEST(keep_number(numbers, "first", 0x1234567890abcdefU) == 0x1234567890abcdefU);
  BOOST_TEST(keep_number(numbers, "c", 7) == 7U);
  BOOST_TEST(draw_number(numbers, "d") == 8U);
  BOOST_TEST(draw_number(numbers, "first") == 0x1234567890abcdefU);
}

BOOST_AUTO_TEST_CASE(a_node_renews_its_own_certificate_only) {
  const node_record known{.node = "n", .key_hash = "k1"};
  const node_record asked{.node = "n", .key_hash = "k1"};
  const caller_identity itself{.user = "system:node:n", .uid = {}, .groups = {"system:nodes"}, .extra = {}};
  const caller_identity other{.user = "system:node:m", .uid = {}, .groups = {"system:nodes"}, .extra = {}};
  BOOST_TEST(!renewal_objection(itself, "n", asked, known).has_value());
  BOOST_TEST(says(renewal_objection(other, "n", asked, known)->message, "only node \"n\" itself"));
  BOOST_TEST(says(renewal_objection(itself, "m", asked, known)->message, "only node \"m\" itself"));
  BOOST_TEST(says(renewal_objection(itself, "n", asked, {})->message, "has to join again"));
  BOOST_TEST(
      says(renewal_objection(itself, "n", {.node = "n", .key_hash = "k2"}, known)->message, "another key"));
  BOOST_TEST(renewal_objection(itself, "n", {.node = "m", .key_hash = "k1"}, known).has_value());
}

BOOST_AUTO_TEST_CASE(a_flood_is_slowed_down) {
  join_pace pace;
  steady_time now{std::chrono::seconds(1000)};
  int wait_s = 0;
  int taken = 0;
  while (pace.take(now, wait_s)) ++taken;
  BOOST_TEST(taken == 20);
  BOOST_TEST(wait_s == 1);
  now += std::chrono::seconds(1);
  for (taken = 0; pace.take(now, wait_s);) ++taken;
  BOOST_TEST(taken == 5);
  now += std::chrono::hours(1);
  for (taken = 0; pace.take(now, wait_s);) ++taken;
  BOOST_TEST(taken == 20);
}

BOOST_AUTO_TEST_CASE(addresses_of_servers) {
  const auto is = [](const char* text, const char* host, std::uint16_t port) {
    const auto parsed = parse_server_address(text);
    return parsed && *parsed == server_address{host, port};
  };
  BOOST_TEST(is("node-1:6443", "node-1", 6443));
  BOOST_TEST(is("node-1", "node-1", 6443));
  BOOST_TEST(is("192.0.2.1:1", "192.0.2.1", 1));
  BOOST_TEST(is("[2001:db8::1]:7", "2001:db8::1", 7));
  BOOST_TEST(is("[::1]", "::1", 6443));
  for (const char* wrong : {"", ":6443", "a:", "a:0", "a:65536", "a:6443x", "2001:db8::1", "[::1", "[::1]x",
                            "https://a:6443", "a/b:6443", "a b:1", "u@h:1"})
    BOOST_TEST(!parse_server_address(wrong), wrong);
  BOOST_TEST((server_address{"::1", 5}.url() == "https://[::1]:5"));
}

BOOST_AUTO_TEST_SUITE_END()
