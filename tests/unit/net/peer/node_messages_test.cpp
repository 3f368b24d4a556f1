#include "net/peer/node_frame.hpp"
#include "net/peer/node_request.hpp"

#include <boost/test/unit_test.hpp>

/// What servers and nodes say on streams into containers.

using namespace actord;
using namespace actord::net;

namespace {

/// A stream that takes what it is told to.
class scripted_stream final : public peer_stream {
public:
  bool write(std::string_view bytes) override {
    written += bytes;
    return goes_on;
  }
  void end() override { ended = true; }
  void fail(error why) override { failure = std::move(why); }
  void taken(std::size_t) override {}

  std::string written;
  bool goes_on = true;
  bool ended = false;
  std::optional<error> failure;
};

std::vector<node_frame> frames_in(std::string_view bytes) {
  node_frame_reader reader;
  reader.add(bytes);
  std::vector<node_frame> frames;
  for (;;) {
    auto frame = reader.next();
    BOOST_REQUIRE(frame.has_value());
    if (!*frame) return frames;
    frames.push_back(std::move(**frame));
  }
}

bool is_refused(std::string_view bytes) {
  node_frame_reader reader;
  reader.add(bytes);
  const auto frame = reader.next();
  return !frame && frame.error().kind == error_kind::bad_request;
}

std::string raw_frame(std::uint8_t kind, std::size_t length, std::string_view body) {
  std::string frame(1, static_cast<char>(kind));
  for (int shift = 0; shift < 24; shift += 8) frame += static_cast<char>((length >> shift) & 0xFF);
  return frame.append(body);
}

} // namespace

BOOST_AUTO_TEST_SUITE(node_messages)

BOOST_AUTO_TEST_CASE(requests_arrive_as_they_were) {
  const node_request::terms all{.input = true, .output = true, .error_output = true, .terminal = true};
  const std::vector<node_request> requests{
      {"ns", "pod", "uid", "app", node_request::find_container{}},
      {"", "", "uid", "", node_request::find_pod{}},
      {"ns", "pod", "uid", "app", node_request::execute{{"sh", "-c", "", "echo \xff"}, all}},
      {"ns", "pod", "uid", "app", node_request::attach{{.output = true}}},
      {"", "", "uid", "", node_request::dial{8080}},
      {"", "", "uid", "", node_request::dial{8080, pod_door::address}},
      {"ns", "pod", "uid", "app",
       node_request::log{.follow = true,
                         .previous = true,
                         .timestamps = true,
                         .output = false,
                         .error_output = true,
                         .tail_lines = 0,
                         .limit_bytes = 10,
                         .since = wall_time(std::chrono::seconds(7)),
                         .waiting_reason = "ErrImagePull"}},
      {"ns", "pod", "uid", "app", node_request::log{}},
      {"", "", "", "", node_request::image{}}};
  for (const node_request& request : requests) {
    const auto read = decode_node_request(encode_node_request(request));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST((*read == request));
  }
}

BOOST_AUTO_TEST_CASE(ends_arrive_as_far_as_they_fit) {
  node_end end{.exit_code = 137, .images = {"a:1", "b:2"}, .failure = {}};
  BOOST_TEST((*decode_node_end(encode_node_end(end)) == end));
  end.failure = error{.kind = error_kind::too_many_requests, .message = "later", .retry_after_s = 3};
  BOOST_TEST((*decode_node_end(encode_node_end(end)) == end));
  end.images.assign(10'000, std::string(200, 'i'));
  end.failure->message.assign(1'000'000, 'm');
  const std::string bytes = encode_node_end(end);
  BOOST_TEST(bytes.size() <= frame_body_max_bytes);
  const auto read = decode_node_end(bytes);
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(read->images.size() > 100U);
  BOOST_TEST(read->failure->message == std::string(16'384, 'm'));
}

BOOST_AUTO_TEST_CASE(what_is_no_message_is_refused) {
  const std::string good = encode_node_request({"ns", "pod", "uid", "app", node_request::dial{1}});
  for (std::size_t length = 0; length < good.size(); ++length)
    BOOST_TEST(!decode_node_request(good.substr(0, length)).has_value());
  BOOST_TEST(!decode_node_request(std::string(1U << 20U, '\0')).has_value());
  BOOST_TEST(!decode_node_request(std::string(64, '\xff')).has_value());
  BOOST_TEST(!decode_node_request(encode_node_request({"", "", "u", "", node_request::dial{0}})).has_value());
  BOOST_TEST(
      !decode_node_request(encode_node_request({"", "", "u", "", node_request::execute{}})).has_value());
  BOOST_TEST(!decode_node_end("").has_value());
  BOOST_TEST(!decode_node_end("12345678").has_value());
}

BOOST_AUTO_TEST_CASE(frames_are_found_however_they_were_cut) {
  const std::string bytes = encode_frame(frame_kind::input, "hello") +
                            encode_frame(frame_kind::input_end, "") +
                            encode_frame(frame_kind::size, size_body({.columns = 300, .rows = 24})) +
                            encode_frame(frame_kind::sent, number_body(70'000));
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    node_frame_reader reader;
    std::vector<node_frame> frames;
    for (std::size_t at = 0; at < bytes.size(); at += cut) {
      reader.add(std::string_view(bytes).substr(at, cut));
      for (auto frame = reader.next(); *frame; frame = reader.next()) frames.push_back(**frame);
    }
    BOOST_REQUIRE(frames.size() == 4U);
    BOOST_TEST((frames[0] == node_frame{frame_kind::input, "hello"}));
    BOOST_TEST((frames[1] == node_frame{frame_kind::input_end, ""}));
    BOOST_TEST((frames[2].terminal() == terminal_size{.columns = 300, .rows = 24}));
    BOOST_TEST(frames[3].number() == 70'000U);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_frame_is_refused) {
  BOOST_TEST(is_refused(raw_frame(0, 0, "")));
  BOOST_TEST(is_refused(raw_frame(6, 1, "x")));
  BOOST_TEST(is_refused(raw_frame(255, 4, "1234")));
  BOOST_TEST(is_refused(raw_frame(1, frame_body_max_bytes + 1, "")));
  BOOST_TEST(is_refused(raw_frame(1, 0, "")));
  BOOST_TEST(is_refused(raw_frame(2, 1, "x")));
  BOOST_TEST(is_refused(raw_frame(3, 3, "123")));
  BOOST_TEST(is_refused(raw_frame(20, 5, "12345")));
  BOOST_TEST(is_refused(raw_frame(21, 0, "")));
  BOOST_TEST(!is_refused(raw_frame(1, frame_body_max_bytes, ""))); // waits for the rest
}

BOOST_AUTO_TEST_CASE(a_writer_waits_for_its_reader_and_puts_together_what_waits) {
  const auto stream = std::make_shared<scripted_stream>();
  node_frame_writer writer(stream);
  stream->goes_on = false;
  writer.put_bytes(frame_kind::output, "first");
  for (int i = 0; i < 1000; ++i) {
    writer.put_bytes(frame_kind::output, "x");
    writer.put_number(frame_kind::sent, 2);
  }
  writer.put(frame_kind::output_end, {});
  writer.put(frame_kind::ended, "the end");
  writer.end();
  BOOST_TEST((frames_in(stream->written) == std::vector<node_frame>{{frame_kind::output, "first"}}));
  BOOST_TEST(!stream->ended);

  stream->goes_on = true;
  stream->written.clear();
  writer.drained();
  std::string text;
  std::uint64_t sent = 0;
  const auto frames = frames_in(stream->written);
  for (const node_frame& frame : frames) {
    if (frame.kind == frame_kind::output) text += frame.body;
    if (frame.kind == frame_kind::sent) sent += frame.number();
  }
  BOOST_TEST(text == std::string(1000, 'x'));
  BOOST_TEST(sent == 2000U);
  BOOST_TEST(frames.size() <= 5U);
  BOOST_TEST((frames.back() == node_frame{frame_kind::ended, "the end"}));
  BOOST_TEST(stream->ended);
}

BOOST_AUTO_TEST_CASE(a_writer_keeps_no_more_than_its_bound) {
  const auto stream = std::make_shared<scripted_stream>();
  node_frame_writer writer(stream);
  stream->goes_on = false;
  writer.put_bytes(frame_kind::input, std::string(node_frame_writer::kept_max_bytes - 100'000, 'x'));
  BOOST_TEST(!stream->failure.has_value());
  writer.put_bytes(frame_kind::input, std::string(200'000, 'x'));
  BOOST_TEST(stream->failure.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
