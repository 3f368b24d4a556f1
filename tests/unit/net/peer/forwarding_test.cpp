#include "net/peer/forwarding.hpp"

#include "schema/base/rng.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;

namespace {

net::forwarded_request sample() {
  net::forwarded_request request;
  request.request_id = "00c0ffee00c0ffee";
  request.again = true;
  request.quiet = true;
  request.user = "jane";
  request.uid = "7";
  request.groups = {"developers", "system:authenticated"};
  request.extra = {{"scopes", {"a", "b"}}, {"empty", {}}};
  request.http.method = "POST";
  request.http.path = "/api/v1/namespaces/default/configmaps";
  request.http.query = "fieldValidation=Strict";
  request.http.headers = {{"content-type", "application/json"},
                          {"authorization", "Bearer secret"},
                          {"cookie", "secret"},
                          {"impersonate-user", "joe"}};
  request.http.body = std::string("{\"a\":\0}", 7);
  request.http.remote_address = "192.0.2.7:40312";
  return request;
}

bool same(const net::forwarded_request& a, const net::forwarded_request& b) {
  return a.request_id == b.request_id && a.again == b.again && a.quiet == b.quiet && a.counted == b.counted &&
         a.user == b.user && a.uid == b.uid && a.groups == b.groups && a.extra == b.extra &&
         a.http.method == b.http.method && a.http.path == b.http.path && a.http.query == b.http.query &&
         a.http.headers == b.http.headers && a.http.body == b.http.body &&
         a.http.remote_address == b.http.remote_address;
}

} // namespace

BOOST_AUTO_TEST_SUITE(forwarding)

BOOST_AUTO_TEST_CASE(a_request_arrives_without_credentials) {
  const auto read = net::decode_forwarded_request(net::encode_forwarded(sample()));
  BOOST_REQUIRE(read.has_value());
  net::forwarded_request expected = sample();
  expected.http.headers = {{"content-type", "application/json"}, {"impersonate-user", "joe"}};
  BOOST_TEST(same(*read, expected));
}

BOOST_AUTO_TEST_CASE(batches_arrive_in_order_and_within_bounds) {
  net::forwarded_batch batch{"worker-1", {net::encode_forwarded(sample()), "other"}};
  const auto read = net::decode_forwarded_batch(net::encode_forwarded(batch));
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(read->node == "worker-1");
  BOOST_TEST(read->requests == batch.requests);
  batch.requests.assign(net::forwarded_batch_max, "x");
  BOOST_TEST(net::decode_forwarded_batch(net::encode_forwarded(batch)).has_value());
  batch.requests.emplace_back("x");
  BOOST_TEST(!net::decode_forwarded_batch(net::encode_forwarded(batch)).has_value());
  batch.requests.clear();
  BOOST_TEST(!net::decode_forwarded_batch(net::encode_forwarded(batch)).has_value());
  BOOST_TEST(!net::decode_forwarded_batch("12345678").has_value());
  const std::vector<std::string> answers{"a", "", "c"};
  const std::string bytes = net::encode_forwarded_answers(answers);
  BOOST_TEST(net::decode_forwarded_answers(bytes, 3).value() == answers);
  BOOST_TEST(!net::decode_forwarded_answers(bytes, 2).has_value());
  BOOST_TEST(!net::decode_forwarded_answers(bytes, 4).has_value());
}

BOOST_AUTO_TEST_CASE(answers_arrive_as_they_are) {
  net::forwarded_answer::answered sent{
      {201, {{"content-type", "application/json"}, {"warning", "299 - \"w\""}}, share_bytes("{}")},
      revision{42}};
  const auto read = net::decode_forwarded_answer(net::encode_forwarded({sent}));
  BOOST_REQUIRE(read.has_value());
  const auto& got = std::get<net::forwarded_answer::answered>(read->what);
  BOOST_TEST(got.response.code == 201);
  BOOST_TEST((got.response.headers == sent.response.headers));
  BOOST_TEST(*got.response.body == "{}");
  BOOST_TEST(got.applied.value == 42u);
  for (const net::forwarded_answer& other : {net::forwarded_answer{net::forwarded_answer::not_leading{}},
                                             net::forwarded_answer{net::forwarded_answer::leader_lost{}}})
    BOOST_TEST(net::decode_forwarded_answer(net::encode_forwarded(other))->what.index() ==
               other.what.index());
}

/// Whatever another server sends, the worst that comes of it is an error.
BOOST_AUTO_TEST_CASE(damaged_messages_are_refused_or_read_within_bounds) {
  const std::uint64_t seed = 20'261'125;
  seeded_random_source random(seed);
  const std::string whole = net::encode_forwarded(sample());
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = whole;
    for (std::uint64_t flips = 1 + random.next() % 4; flips > 0; --flips)
      bytes[random.next() % bytes.size()] = static_cast<char>(random.next());
    if (random.next() % 4 == 0) bytes.resize(random.next() % bytes.size());
    if (!net::decode_forwarded_request(bytes)) ++refused;
    (void)net::decode_forwarded_answer(bytes);
  }
  BOOST_TEST(refused > 1000u, "seed " << seed);
  BOOST_TEST(!net::decode_forwarded_request("").has_value());
  BOOST_TEST(!net::decode_forwarded_request(std::string(9U << 20U, '\0')).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
