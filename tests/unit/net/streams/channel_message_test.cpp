#include "net/streams/channel_message.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord::net;
using namespace std::string_literals;

namespace {

/// "channel:payload", "close channel", or "none".
std::string read(std::string_view protocol, std::string_view message) {
  const auto found = read_channel_message(*channel_protocol_of(protocol), message);
  if (!found) return "none";
  const std::string channel = std::to_string(static_cast<int>(found->channel));
  return found->closes ? "close " + channel : channel + ":" + found->payload;
}

} // namespace

BOOST_AUTO_TEST_SUITE(channel_messages)

BOOST_AUTO_TEST_CASE(protocols_and_what_they_can_do) {
  BOOST_TEST(channel_protocol_of("v5.channel.k8s.io")->closes_channels);
  BOOST_TEST(channel_protocol_of("v5.channel.k8s.io")->status_is_object);
  BOOST_TEST(!channel_protocol_of("v4.channel.k8s.io")->closes_channels);
  BOOST_TEST(channel_protocol_of("v4.channel.k8s.io")->status_is_object);
  BOOST_TEST(!channel_protocol_of("channel.k8s.io")->status_is_object);
  BOOST_TEST(!channel_protocol_of("")->base64);
  BOOST_TEST(channel_protocol_of("base64.channel.k8s.io")->base64);
  BOOST_TEST(channel_protocol_of("v4.base64.channel.k8s.io")->base64);
  BOOST_TEST(!channel_protocol_of("v6.channel.k8s.io").has_value());
}

BOOST_AUTO_TEST_CASE(binary_messages) {
  BOOST_TEST(read("v4.channel.k8s.io", "\0input"s) == "0:input");
  BOOST_TEST(read("v4.channel.k8s.io", "\4{}"s) == "4:{}");
  BOOST_TEST(read("v4.channel.k8s.io", "\0"s) == "0:");
  BOOST_TEST(read("v4.channel.k8s.io", "") == "none");
  BOOST_TEST(read("v4.channel.k8s.io", "\5x") == "none");
  BOOST_TEST(read("v4.channel.k8s.io", "\xff\0"s) == "none"); // the end of input is a thing of v5
}

BOOST_AUTO_TEST_CASE(the_end_of_input) {
  BOOST_TEST(read("v5.channel.k8s.io", "\xff\0"s) == "close 0");
  BOOST_TEST(read("v5.channel.k8s.io", "\xff") == "none");
  BOOST_TEST(read("v5.channel.k8s.io", "\xff\x09") == "none");
  BOOST_TEST(read("v5.channel.k8s.io", "\xff\0\0"s) == "none");
}

BOOST_AUTO_TEST_CASE(base64_messages) {
  BOOST_TEST(read("base64.channel.k8s.io", "0aGVsbG8=") == "0:hello");
  BOOST_TEST(read("base64.channel.k8s.io", "0aGVsbG8") == "0:hello");
  BOOST_TEST(read("base64.channel.k8s.io", "0a") == "none");
  BOOST_TEST(read("base64.channel.k8s.io", "0a!==") == "none");
  BOOST_TEST(read("base64.channel.k8s.io", "9aGVsbG8=") == "none");
  BOOST_TEST(channel_prefix(*channel_protocol_of("base64.channel.k8s.io"), stream_channel::error_output) ==
             '2');
  BOOST_TEST(channel_prefix(*channel_protocol_of(""), stream_channel::error_output) == '\2');
}

BOOST_AUTO_TEST_CASE(base64_there_and_back) {
  for (const std::string& bytes : {""s, "a"s, "ab"s, "abc"s, "\0\xff\x80"s, "any carnal pleas"s})
    BOOST_TEST(base64_bytes(base64_text(bytes)).value_or("none") == bytes);
  BOOST_TEST(base64_text("any carnal pleas") == "YW55IGNhcm5hbCBwbGVhcw==");
}

BOOST_AUTO_TEST_CASE(sizes_of_terminals) {
  BOOST_TEST((read_terminal_size(R"({"Width":80,"Height":24})") == terminal_size{80, 24}));
  BOOST_TEST(!read_terminal_size(R"({"Width":0,"Height":24})").has_value());
  BOOST_TEST(!read_terminal_size(R"({"Width":70000,"Height":24})").has_value());
  BOOST_TEST(!read_terminal_size(R"({"Width":"80","Height":24})").has_value());
  BOOST_TEST(!read_terminal_size("[80,24]").has_value());
  BOOST_TEST(!read_terminal_size("{").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
