#include "net/peer/feed.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::net;

namespace {

const object_key pod{resource_id{7}, "shop", "p"};
const object_key secret{resource_id{9}, "shop", "s"};

/// The message without its length.
std::string bare(const std::string& framed) { return framed.substr(4); }

} // namespace

BOOST_AUTO_TEST_SUITE(feeds)

BOOST_AUTO_TEST_CASE(messages_read_back) {
  const feed_order order{.held = {{pod, revision{5}}, {secret, revision{6}}}, .last = false};
  BOOST_REQUIRE(decode_feed_order(bare(encode_feed(order))));
  BOOST_TEST((*decode_feed_order(bare(encode_feed(order))) == order));
  const feed_order resume{.held = {}, .last = true, .from = feed_position{"c1", revision{900}, 3}};
  BOOST_TEST((*decode_feed_order(bare(encode_feed(resume))) == resume));
  const feed_batch batch{.changes = {{pod, revision{8}, feed_verb::put, std::string("\0bytes", 6)},
                                     {secret, revision{6}, feed_verb::same, {}},
                                     {{resource_id{3}, "", "n"}, {}, feed_verb::gone, {}}},
                         .up_to = revision{9},
                         .complete = true,
                         .servers = {{2, "server-2", "192.0.2.2:7443", "192.0.2.2:6443"}},
                         .resumed = true};
  BOOST_REQUIRE(decode_feed_batch(bare(encode_feed(batch))));
  BOOST_TEST((*decode_feed_batch(bare(encode_feed(batch))) == batch));
}

BOOST_AUTO_TEST_CASE(what_is_no_message_is_refused) {
  const std::string good = bare(encode_feed(
      feed_batch{.changes = {{pod, revision{8}, feed_verb::put, "value"}}, .up_to = revision{9}}));
  BOOST_TEST(!decode_feed_batch(""));
  BOOST_TEST(!decode_feed_batch(good.substr(0, good.size() - 8)));
  BOOST_TEST(!decode_feed_batch(good.substr(1)));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    const auto read = decode_feed_batch(damaged); // whatever it says, it says it
    if (read) BOOST_TEST(read->changes.size() <= damaged.size());
  }
}

BOOST_AUTO_TEST_CASE(pieces_become_messages_again) {
  const std::string first = encode_feed(feed_order{.held = {{pod, revision{5}}}, .last = false});
  const std::string stream = first + encode_feed(feed_order{});
  for (const std::size_t size : {std::size_t{1}, std::size_t{3}, std::size_t{64}, stream.size()}) {
    feed_assembler assembler;
    std::vector<feed_order> orders;
    for (std::size_t at = 0; at < stream.size(); at += size)
      BOOST_REQUIRE(assembler.take(std::string_view(stream).substr(at, size), [&](std::string_view message) {
        orders.push_back(*decode_feed_order(message));
      }));
    BOOST_REQUIRE(orders.size() == 2U);
    BOOST_TEST(!orders[0].last);
    BOOST_TEST(orders[1].last);
  }
  feed_assembler assembler;
  BOOST_TEST(!assembler.take("\xff\xff\xff\x7f", [](std::string_view) {}));
}

BOOST_AUTO_TEST_SUITE_END()
