#include "net/spdy/spdy_session.hpp"

#include "schema/base/rng.hpp"

#include <boost/test/unit_test.hpp>
#include <zlib.h>

using namespace actord;
using namespace actord::net;

namespace {

/// One side of a connection, with what happened on it as lines.
struct endpoint {
  explicit endpoint(spdy_session::role side, std::size_t streams_max = 100)
      : session(
            side, streams_max,
            {.opened =
                 [this](std::uint32_t id, const spdy_headers& headers, bool finished) {
                   std::string line = "opened " + std::to_string(id) + (finished ? " finished" : "");
                   for (const auto& [name, value] : headers) line += " " + name + "=" + value;
                   happened.push_back(line);
                 },
             .replied = [this](std::uint32_t id) { happened.push_back("replied " + std::to_string(id)); },
             .received =
                 [this](std::uint32_t id, std::string_view bytes) {
                   data[id] += bytes;
                   if (consumes) session.consumed(id, bytes.size());
                 },
             .finished = [this](std::uint32_t id) { happened.push_back("finished " + std::to_string(id)); },
             .reset = [this](std::uint32_t id) { happened.push_back("reset " + std::to_string(id)); },
             .going_away = [this] { happened.emplace_back("going away"); }}) {}

  spdy_session session;
  std::vector<std::string> happened;
  std::map<std::uint32_t, std::string> data;
  bool consumes = true;
};

using lines = std::vector<std::string>;

/// Carries what each has to say to the other, cut into pieces of `piece` bytes, until both are silent.
void exchange(endpoint& left, endpoint& right, std::size_t piece = 1 << 20) {
  const auto carry = [&](endpoint& from, endpoint& to) {
    const std::string bytes = from.session.take_output();
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      const auto read = to.session.receive(std::string_view(bytes).substr(at, piece));
      BOOST_REQUIRE_MESSAGE(read.has_value(), (read ? std::string() : read.error().message));
    }
    return !bytes.empty();
  };
  while (carry(left, right) | carry(right, left)) {
  }
}

std::string number(std::uint32_t value) {
  std::string text;
  for (const int shift : {24, 16, 8, 0}) text += static_cast<char>((value >> shift) & 0xff);
  return text;
}

std::string control(std::uint16_t type, std::uint32_t flags_and_length, std::string_view payload) {
  return number(0x80030000U | type) + number(flags_and_length) + std::string(payload);
}

std::string syn_stream(std::uint32_t id, std::string_view block, std::uint8_t flags = 0) {
  const std::string payload = number(id) + number(0) + std::string(2, '\0') + std::string(block);
  return control(1, std::uint32_t{flags} << 24 | static_cast<std::uint32_t>(payload.size()), payload);
}

/// What a server answers to those bytes: the error's text, or "fine".
std::string verdict(std::string_view bytes) {
  endpoint server(spdy_session::role::server);
  const auto read = server.session.receive(bytes);
  return read ? "fine" : read.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(spdy)

BOOST_AUTO_TEST_CASE(the_dictionary_is_the_one_of_the_specification) {
  const std::string& dictionary = spdy_dictionary();
  BOOST_TEST(dictionary.size() == 1423U);
  // The identifier that zlib puts into every stream made with it.
  BOOST_TEST(::adler32(::adler32(0, nullptr, 0), reinterpret_cast<const Bytef*>(dictionary.data()),
                       static_cast<uInt>(dictionary.size())) == 0xe3c6a7c2UL);
}

BOOST_AUTO_TEST_CASE(header_blocks_of_one_direction_are_one_stream) {
  header_deflater deflater;
  header_inflater inflater;
  const spdy_headers first{{"streamtype", "stdin"}, {"port", "8080"}};
  const spdy_headers second{{"streamtype", "stdout"}, {"port", "8080"}};
  const std::string one = deflater.pack(first);
  const std::string two = deflater.pack(second);
  BOOST_TEST(two.size() < one.size()); // the first taught the second
  const auto read_one = inflater.unpack(one);
  const auto read_two = inflater.unpack(two);
  BOOST_REQUIRE(read_one);
  BOOST_REQUIRE(read_two);
  BOOST_TEST((*read_one == first));
  BOOST_TEST((*read_two == second));
  BOOST_TEST(find_header(*read_two, "streamtype") == "stdout");
  BOOST_TEST(find_header(*read_two, "absent").empty());
}

BOOST_AUTO_TEST_CASE(header_blocks_are_bounded) {
  header_deflater deflater;
  header_inflater large;
  BOOST_TEST(!large.unpack(deflater.pack({{"a", std::string(100'000, 'x')}})).has_value());
  header_deflater fresh;
  header_inflater many;
  spdy_headers pairs;
  for (int at = 0; at < 200; ++at) pairs.emplace_back("name" + std::to_string(at), "x");
  BOOST_TEST(!many.unpack(fresh.pack(pairs)).has_value());
}

BOOST_AUTO_TEST_CASE(header_blocks_of_bad_form_are_refused) {
  const auto refusal = [](const spdy_headers& headers) {
    header_deflater deflater;
    header_inflater inflater;
    const auto read = inflater.unpack(deflater.pack(headers));
    return read ? std::string("fine") : read.error().message;
  };
  BOOST_TEST(refusal({{"Upper", "x"}}) == "SPDY header block: a name is empty or not in lower case");
  BOOST_TEST(refusal({{"", "x"}}) == "SPDY header block: a name is empty or not in lower case");
  BOOST_TEST(refusal({{"a", "x"}, {"a", "y"}}) == "SPDY header block: a name repeats");
  header_inflater inflater;
  BOOST_TEST(!inflater.unpack("not zlib at all").has_value());
}

BOOST_AUTO_TEST_CASE(streams_open_carry_and_finish) {
  for (const std::size_t piece : {1UL, 3UL, 7UL, 100'000UL}) {
    endpoint client(spdy_session::role::client);
    endpoint server(spdy_session::role::server);
    const std::uint32_t id = client.session.open({{"streamtype", "stdin"}}, false);
    exchange(client, server, piece);
    BOOST_TEST((server.happened == lines{"opened 1 streamtype=stdin"}));
    server.session.reply(id);
    client.session.send(id, std::string(40'000, 'a'));
    client.session.finish(id);
    server.session.send(id, "answer");
    server.session.finish(id);
    exchange(client, server, piece);
    BOOST_TEST(server.data[id] == std::string(40'000, 'a'));
    BOOST_TEST(client.data[id] == "answer");
    BOOST_TEST((client.happened == lines{"replied 1", "finished 1"}));
    BOOST_TEST((server.happened.back() == "finished 1"));
    BOOST_TEST(client.session.streams() == 0U);
    BOOST_TEST(server.session.streams() == 0U);
    BOOST_TEST(client.session.open({}, true) == 3U);
  }
}

BOOST_AUTO_TEST_CASE(a_peer_that_keeps_no_windows_is_not_held_back) {
  endpoint server(spdy_session::role::server);
  endpoint client(spdy_session::role::client);
  client.consumes = false;
  const std::uint32_t id = client.session.open({}, false);
  exchange(client, server);
  server.session.send(id, std::string(300'000, 'b'));
  BOOST_TEST(server.session.queued_bytes() == 0U);
  exchange(client, server);
  BOOST_TEST(client.data[id].size() == 300'000U);
}

BOOST_AUTO_TEST_CASE(a_peer_that_keeps_windows_gets_no_more_than_they_allow) {
  endpoint server(spdy_session::role::server);
  endpoint client(spdy_session::role::client);
  client.consumes = false;
  const std::uint32_t id = client.session.open({}, false);
  exchange(client, server);
  // SETTINGS: streams begin with a window of 1000 bytes.
  BOOST_REQUIRE(server.session.receive(control(4, 12, number(1) + number(7) + number(1000))));
  server.session.send(id, std::string(5'000, 'c'));
  server.session.finish(id);
  exchange(client, server);
  BOOST_TEST(client.data[id].size() == 1'000U);
  BOOST_TEST(server.session.queued_bytes() == 4'000U);
  BOOST_REQUIRE(server.session.receive(control(9, 8, number(id) + number(2'500))));
  exchange(client, server);
  BOOST_TEST(client.data[id].size() == 3'500U);
  BOOST_REQUIRE(server.session.receive(control(9, 8, number(id) + number(100'000))));
  exchange(client, server);
  BOOST_TEST(client.data[id].size() == 5'000U);
  BOOST_TEST((client.happened == lines{"finished 1"}));
  BOOST_TEST(server.session.queued_bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(what_was_consumed_is_given_back) {
  endpoint server(spdy_session::role::server);
  endpoint client(spdy_session::role::client);
  const std::uint32_t id = client.session.open({}, false);
  client.session.send(id, std::string(32 * 1024, 'd'));
  exchange(client, server);
  // Having been told of a window, the client keeps to them from here on: one full window is still free.
  client.session.send(id, std::string(200'000, 'd'));
  exchange(client, server);
  BOOST_TEST(server.data[id].size() == 200'000U + 32 * 1024);
}

BOOST_AUTO_TEST_CASE(resets_and_refusals) {
  endpoint server(spdy_session::role::server, 2);
  endpoint client(spdy_session::role::client);
  const std::uint32_t first = client.session.open({}, false);
  const std::uint32_t second = client.session.open({}, false);
  const std::uint32_t third = client.session.open({}, false);
  exchange(client, server);
  BOOST_TEST(server.session.streams() == 2U);
  BOOST_TEST((client.happened == lines{"reset " + std::to_string(third)}));
  client.session.reset(first, spdy_reset::cancel);
  server.session.reset(second, spdy_reset::internal_error);
  exchange(client, server);
  BOOST_TEST(server.happened.back() == "reset 1");
  BOOST_TEST(client.happened.back() == "reset 3");
  BOOST_TEST(server.session.streams() + client.session.streams() == 0U);
  // What comes for a stream that is gone is read away.
  BOOST_TEST(static_cast<bool>(server.session.receive(number(first) + number(3) + "abc")));
}

BOOST_AUTO_TEST_CASE(pings_come_back_and_going_away_is_said_once) {
  endpoint server(spdy_session::role::server);
  BOOST_REQUIRE(server.session.receive(control(6, 4, number(1))));
  BOOST_TEST(server.session.take_output() == control(6, 4, number(1)));
  BOOST_REQUIRE(server.session.receive(control(6, 4, number(2))));
  BOOST_TEST(server.session.take_output().empty());
  server.session.go_away();
  server.session.go_away();
  BOOST_TEST(server.session.take_output() == control(7, 8, number(0) + number(0)));
}

BOOST_AUTO_TEST_CASE(breaches_of_the_protocol_end_the_session) {
  header_deflater deflater;
  const std::string block = deflater.pack({{"a", "b"}});
  BOOST_TEST(verdict(syn_stream(1, block)) == "fine");
  BOOST_TEST(verdict(syn_stream(2, block)) == "SPDY: a stream's number is not a new one of the peer");
  BOOST_TEST(verdict(syn_stream(0, block)) == "SPDY: a stream's number is not a new one of the peer");
  BOOST_TEST(verdict(syn_stream(1, "garbage")) == "SPDY: SPDY header block: not a zlib stream");
  BOOST_TEST(verdict(control(1, 4, number(1))) == "SPDY: SYN_STREAM is too short");
  BOOST_TEST(verdict(control(1, 0xffffff, "")) == "SPDY: a control frame is too large");
  BOOST_TEST(verdict(number(0x80020001) + number(0)) == "SPDY: a frame of another version");
  BOOST_TEST(verdict(number(0) + number(1) + "x") == "SPDY: data without a stream");
  BOOST_TEST(verdict(number(9) + number(1) + "x") == "SPDY: data of a stream that was never opened");
  BOOST_TEST(verdict(control(3, 4, number(1))) == "SPDY: RST_STREAM has another size");
  BOOST_TEST(verdict(control(4, 4, number(5))) == "SPDY: SETTINGS has another size");
  BOOST_TEST(verdict(control(4, 0, "")) == "SPDY: SETTINGS is too short");
  BOOST_TEST(verdict(control(6, 8, number(1) + number(1))) == "SPDY: PING has another size");
  BOOST_TEST(verdict(control(9, 4, number(1))) == "SPDY: WINDOW_UPDATE has another size");
  BOOST_TEST(verdict(control(7, 4, number(1))) == "SPDY: GOAWAY has another size");
  BOOST_TEST(verdict(control(77, 3, "abc")) == "fine"); // unknown types are ignored
}

BOOST_AUTO_TEST_CASE(noise_never_does_worse_than_end_the_session) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    seeded_random_source random(seed);
    endpoint client(spdy_session::role::client);
    endpoint server(spdy_session::role::server);
    const std::uint32_t id = client.session.open({{"streamtype", "data"}, {"port", "80"}}, false);
    client.session.send(id, std::string(500, 'n'));
    std::string bytes = client.session.take_output();
    for (int change = 0; change < 4; ++change)
      bytes[random.next() % bytes.size()] = static_cast<char>(random.next() & 0xff);
    BOOST_TEST_CONTEXT("seed " << seed) {
      const auto read = server.session.receive(bytes);
      // Either it was understood, or the peer was told to go away.
      BOOST_TEST((read || server.session.take_output().find(number(0x80030007)) != std::string::npos));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
