#include "net/peer/peer_channel.hpp"
#include "net/peer/peer_tls.hpp"
#include "schema/base/unique_fd.hpp"
#include "schema/peer.capnp.h"
#include "tests/support/peer_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <capnp/message.h>
#include <capnp/rpc.capnp.h>
#include <capnp/serialize.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <mutex>
#include <optional>

/// Whom the port must withstand: strangers, nodes that are not what they say, and bytes of all kinds.

using namespace actord;
using namespace actord::net;
using namespace actord::testing;
namespace wire = actord::schema::wire;

namespace {

unique_fd dial(std::uint16_t port) {
  unique_fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval wait{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BOOST_REQUIRE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  return socket;
}

/// The other end of a connection, byte by byte.
class stranger {
public:
  stranger(std::uint16_t port, const peer_credentials& credentials)
      : socket_(dial(port)), context_(*make_peer_tls(credentials)),
        channel_(context_.get(), socket_.get(), peer_side::dialed, system_clock_source().wall_now()) {}

  bool handshake() { return channel_.handshake().next == channel_step::state::progress; }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto step = channel_.write(bytes);
      if (step.next != channel_step::state::progress) return;
      bytes.remove_prefix(step.count);
    }
  }
  /// The next frame; nothing once the connection has ended.
  std::optional<std::string> frame() {
    while (true) {
      const auto header = read_front();
      if (header && input_.size() >= *header) {
        std::string whole = input_.substr(0, *header);
        input_.erase(0, *header);
        return whole;
      }
      char buffer[4096];
      const auto step = channel_.read(buffer);
      if (step.next != channel_step::state::progress) return {};
      input_.append(buffer, step.count);
    }
  }
  /// Reads on until the other side ends it; false when it does not.
  bool is_ended() {
    while (frame()) {
    }
    return channel_.failure() != "Resource temporarily unavailable";
  }
  void hang_up() { ::shutdown(socket_.get(), SHUT_WR); }
  const std::string& failure() const { return channel_.failure(); }

private:
  std::optional<std::size_t> read_front() const {
    const auto header = capnp::expectedSizeInWordsFromPrefix(kj::ArrayPtr<const capnp::word>(
        reinterpret_cast<const capnp::word*>(input_.data()), input_.size() / 8));
    if (input_.size() < 8) return {};
    return header * 8;
  }

  unique_fd socket_;
  tls_context context_;
  peer_channel channel_;
  std::string input_;
};

std::string bytes_of(capnp::MessageBuilder& message) {
  const auto words = capnp::messageToFlatArray(message);
  const auto bytes = words.asBytes();
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

struct claims {
  std::uint32_t lowest = 1;
  std::uint32_t highest = 1;
  std::string cluster = "c1";
  std::string node = "n2";
  std::uint64_t member = 2;
  std::uint64_t meant = 1;
};

/// Asks for the door and says hello in one go.
std::string hello_frames(const claims& says) {
  capnp::MallocMessageBuilder first;
  first.initRoot<capnp::rpc::Message>().initBootstrap().setQuestionId(0);
  capnp::MallocMessageBuilder second;
  auto call = second.initRoot<capnp::rpc::Message>().initCall();
  call.setQuestionId(1);
  call.initTarget().initPromisedAnswer().setQuestionId(0);
  call.setInterfaceId(capnp::typeId<wire::Door>());
  call.setMethodId(0);
  auto caller = call.initParams().getContent().initAs<wire::Door::HelloParams>().initCaller();
  caller.setLowestVersion(says.lowest);
  caller.setHighestVersion(says.highest);
  caller.setClusterId(says.cluster);
  caller.setNodeName(says.node);
  caller.setMember(says.member);
  caller.setMeant(says.meant);
  return bytes_of(first) + bytes_of(second);
}

/// A call of the peer that the hello will give, before it has.
std::string raft_frame(std::size_t bytes) {
  capnp::MallocMessageBuilder message;
  auto call = message.initRoot<capnp::rpc::Message>().initCall();
  call.setQuestionId(2);
  auto target = call.initTarget().initPromisedAnswer();
  target.setQuestionId(1);
  auto transform = target.initTransform(2);
  transform[0].setGetPointerField(0);
  transform[1].setGetPointerField(1);
  call.setInterfaceId(capnp::typeId<wire::Peer>());
  call.setMethodId(0);
  auto list = call.initParams().getContent().initAs<wire::Peer::RaftParams>().initMessages(2);
  list.init(0, static_cast<unsigned>(bytes));
  list.init(1, 3);
  return bytes_of(message);
}

using fill_steps = std::function<void(capnp::List<wire::StreamStep>::Builder)>;

/// Steps of streams, to the peer that the hello will give.
std::string steps_frame(std::uint32_t question, unsigned count, const fill_steps& fill) {
  capnp::MallocMessageBuilder message;
  auto call = message.initRoot<capnp::rpc::Message>().initCall();
  call.setQuestionId(question);
  auto target = call.initTarget().initPromisedAnswer();
  target.setQuestionId(1);
  auto transform = target.initTransform(2);
  transform[0].setGetPointerField(0);
  transform[1].setGetPointerField(1);
  call.setInterfaceId(capnp::typeId<wire::Peer>());
  call.setMethodId(4);
  fill(call.initParams().getContent().initAs<wire::Peer::StreamParams>().initSteps(count));
  return bytes_of(message);
}

void open_step(wire::StreamStep::Builder to, std::uint64_t number) {
  to.setStream(number);
  to.setOpened(true);
  auto open = to.initOpen();
  open.setMethod("sink");
  open.setPayload(capnp::Data::Reader());
}

std::size_t resident_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t value = 0;
    if (word == "VmRSS:" && status >> value) return value;
  }
  return 0;
}

struct one_member : peer_cluster {
  peer_member& one = serving();
  std::uint16_t port = one.network->port();
  peer_credentials two = authority.credentials(identity(2));

  /// A member with a stream that takes what comes and reports nothing.
  peer_member& serving() {
    peer_member& member = add(1);
    member.network->serve_stream(
        "sink",
        [this](const peer_caller&, std::string, std::shared_ptr<peer_stream> stream) {
          const std::scoped_lock hold(mutex);
          kept.push_back(std::move(stream));
          return result<stream_events>(stream_events{.piece = [](std::string) { return intake::later; }});
        },
        callers::everyone);
    ALWAYS(member.start(options(1)).has_value());
    return member;
  }
  std::mutex mutex;
  std::vector<std::shared_ptr<peer_stream>> kept;
  ~one_member() {
    one.network->stop();
    kept.clear();
  }

  /// What the port answers to a hello with these claims, shown with these credentials.
  std::string refusal(const claims& says, const peer_credentials& shown) {
    stranger guest(port, shown);
    BOOST_REQUIRE(guest.handshake());
    guest.send(hello_frames(says));
    while (const auto bytes = guest.frame()) {
      capnp::FlatArrayMessageReader reader(
          {reinterpret_cast<const capnp::word*>(bytes->data()), bytes->size() / 8});
      const auto message = reader.getRoot<capnp::rpc::Message>();
      if (!message.isReturn() || message.getReturn().getAnswerId() != 1) continue;
      const auto answer =
          message.getReturn().getResults().getContent().getAs<wire::Door::HelloResults>().getAnswer();
      return answer.isWelcome() ? "welcome" : std::string(answer.getRefused().cStr());
    }
    return "no answer: " + guest.failure();
  }
  /// The port still does its work.
  void require_alive() { BOOST_REQUIRE(refusal({}, two) == "welcome"); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(hostile_peers, one_member)

BOOST_AUTO_TEST_CASE(certificates_of_others_are_refused_in_the_handshake) {
  const auto told = [&](const peer_credentials& shown, const std::string& line) {
    stranger guest(port, shown);
    // TLS 1.3: our side is through with the handshake before the other has looked at our certificate.
    if (guest.handshake()) BOOST_TEST(!guest.frame().has_value());
    BOOST_TEST(guest.failure().starts_with("TLS: "));
    BOOST_TEST(log.wait_for(line), log.text());
  };
  const peer_authority foreign("foreign");
  auto shown = foreign.credentials(identity(2));
  shown.authorities_pem = authority.pem();
  told(shown, "refused: the certificate of \"system:node:n2\" is not good: ");
  const auto issued = [&](const certificate_order& order) {
    return peer_credentials{authority.pem(), authority.issue(order)};
  };
  told(issued({.subject = {"kubernetes-admin", {"system:masters"}}}),
       "refused: the certificate of \"kubernetes-admin\" is not a node's");
  auto order = node_certificate_order(identity(2), std::chrono::hours(24));
  order.purpose = certificate_purpose::server;
  told(issued(order), "refused: the certificate of \"system:node:n2\" is not good: ");
  order = node_certificate_order(identity(2), std::chrono::hours(24));
  order.subject.common_name = "system:node:n3";
  told(issued(order), "refused: the certificate of \"system:node:n3\" is not a node's");
  require_alive();
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_is_refused) {
  manual_clock_source late(system_clock_source().wall_now() + std::chrono::hours(48));
  peer_member future;
  future.network = peer_network::create(late, system_random_source());
  BOOST_REQUIRE(future.start(options(3)));
  stranger guest(future.network->port(), two);
  if (guest.handshake()) BOOST_TEST(!guest.frame().has_value());
  BOOST_TEST(log.wait_for("the certificate of \"system:node:n2\" is not good: certificate has expired"),
             log.text());
}

BOOST_AUTO_TEST_CASE(who_says_what_is_not_so_is_refused) {
  BOOST_TEST(refusal({}, two) == "welcome");
  const auto refused = [&](const claims& says, const peer_credentials& shown) {
    const std::string why = refusal(says, shown);
    BOOST_TEST(log.count("refused: " + why) == 1U, log.text());
    return why;
  };
  BOOST_TEST(refused({.lowest = 2, .highest = 5}, two) ==
             "member 2 (n2) speaks versions 2 to 5 of the protocol, this member version 1");
  BOOST_TEST(refused({.lowest = 0, .highest = 0}, two) ==
             "member 2 (n2) speaks version 0 of the protocol, this member version 1");
  BOOST_TEST(refused({.cluster = "c2"}, two) == "member 2 (n2) is of cluster c2, this is cluster c1");
  BOOST_TEST(refused({.node = "n3", .member = 3}, two) ==
             "the certificate of member 2 (n2) used by member 3 (n3)");
  BOOST_TEST(refused({.meant = 4}, two) == "member 2 (n2) means member 4, this is member 1");
  BOOST_TEST(refused({.node = "w", .member = 9}, authority.credentials({"c1", "w", 0})) ==
             "the certificate of worker w used by member 9 (w)");
  BOOST_TEST(refused({.node = std::string(1000, 'n'), .member = 3}, two).size() < 400U);
  BOOST_TEST(one.seen.all().empty());
}

BOOST_AUTO_TEST_CASE(workers_that_say_what_is_not_so_are_refused) {
  const peer_credentials worker = authority.credentials({"c1", "w", 0});
  BOOST_TEST(refusal({.node = "w", .member = 0}, worker) == "welcome");
  const auto refused = [&](const claims& says, const peer_credentials& shown) {
    const std::string why = refusal(says, shown);
    BOOST_TEST(log.count("refused: " + why) == 1U, log.text());
    return why;
  };
  BOOST_TEST(refused({.node = "v", .member = 0}, worker) == "the certificate of worker w used by worker v");
  BOOST_TEST(refused({.node = "n2", .member = 0}, two) ==
             "the certificate of member 2 (n2) used by worker n2");
  BOOST_TEST(refused({.lowest = 9, .highest = 9, .node = "w", .member = 0}, worker) ==
             "worker w speaks version 9 of the protocol, this member version 1");
  BOOST_TEST(refused({.lowest = 0, .highest = 0, .node = "w", .member = 0}, worker) ==
             "worker w speaks version 0 of the protocol, this member version 1");
  BOOST_TEST(refused({.cluster = "c2", .node = "w", .member = 0}, worker) ==
             "worker w is of cluster c2, this is cluster c1");
  BOOST_TEST(refused({.node = "w", .member = 0, .meant = 7}, worker) ==
             "worker w means member 7, this is member 1");
}

BOOST_AUTO_TEST_CASE(members_refuse_each_other_and_say_why_on_both_sides) {
  auto newer = options(3);
  newer.versions = {7, 8};
  peer_member& three = start(3, newer);
  three.network->set_address(1, one.at());
  BOOST_TEST(log.wait_for("peer 127.0.0.1"), log.text());
  BOOST_TEST(
      log.wait_for("member 1 at " + one.at() + " refused: it refused: member 3 (n3) speaks versions 7 to 8"),
      log.text());
  BOOST_TEST((three.status_of(1).link == peer_link::refused));
  BOOST_TEST(three.status_of(1).why.ends_with("of the protocol, this member version 1"));
  one.network->set_address(4, three.at());
  BOOST_TEST(log.wait_for("member 4 at " + three.at() +
                          " refused: the certificate of member 3 (n3) where member 4 is expected"),
             log.text());
  BOOST_TEST(one.seen.all().empty());
  BOOST_TEST(three.seen.all().empty());
}

BOOST_AUTO_TEST_CASE(bytes_without_tls_are_refused) {
  for (const std::string_view bytes :
       {std::string_view("GET / HTTP/1.1\r\n\r\n"), std::string_view("\0\0\0\0\1", 5),
        std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff"), std::string_view()}) {
    const unique_fd socket = dial(port);
    BOOST_REQUIRE(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0);
    ::shutdown(socket.get(), SHUT_WR);
    char buffer[512];
    ssize_t got = 0;
    while ((got = ::recv(socket.get(), buffer, sizeof buffer, 0)) > 0) {
    }
    BOOST_TEST(got == 0);
  }
  BOOST_TEST(log.wait_for("refused: TLS: ", 2), log.text());
  require_alive();
}

BOOST_AUTO_TEST_CASE(frames_beyond_the_limits_end_the_connection) {
  const auto ends = [&](std::string_view bytes, const std::string& line) {
    stranger guest(port, two);
    BOOST_REQUIRE(guest.handshake());
    guest.send(bytes);
    BOOST_TEST(guest.is_ended());
    BOOST_TEST(log.wait_for(line), log.text());
  };
  ends("\xff\xff\xff\xff\xff\xff\xff\xff", "refused: sent a frame of 4294967296 segments");
  ends(std::string("\0\0\0\0\1\0\x20\0", 8), "refused: sent a frame of 16777224 bytes");
  ends(std::string("\1\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 16), "bytes");
  require_alive();
}

BOOST_AUTO_TEST_CASE(frames_of_all_kinds_cost_neither_life_nor_memory) {
  seeded_random_source random(7);
  const std::string good = hello_frames({}) + raft_frame(3000);
  require_alive();
  std::size_t before = 0;
  const int cases = 400;
  for (int i = 0; i < cases; ++i) {
    if (i == cases / 4) before = resident_kb();
    std::string bytes = good;
    switch (i % 4) {
    case 0: // flipped bits
      for (std::uint64_t flips = 1 + random.next() % 8; flips > 0; --flips) {
        bytes[random.next() % bytes.size()] ^= static_cast<char>(1U << (random.next() % 8));
      }
      break;
    case 1: // cut short
      bytes.resize(random.next() % bytes.size());
      break;
    case 2: // a good front, noise behind
      bytes.resize(8 + 8 * (random.next() % 64));
      bytes.replace(
          0, 8, std::string("\0\0\0\0", 4) + static_cast<char>(bytes.size() / 8 - 1) + std::string(3, '\0'));
      for (std::size_t at = 8; at < bytes.size(); ++at) bytes[at] = static_cast<char>(random.next());
      break;
    default: // pointers that lead anywhere
      for (std::uint64_t words = 1 + random.next() % 6; words > 0; --words) {
        const std::size_t at = random.next() % (bytes.size() / 8) * 8;
        const std::uint64_t pointer = (random.next() % 64) << (random.next() % 48) | random.next() % 4;
        bytes.replace(at, 8, reinterpret_cast<const char*>(&pointer), 8);
      }
    }
    stranger guest(port, two);
    BOOST_REQUIRE(guest.handshake());
    guest.send(bytes);
    guest.hang_up();
    BOOST_REQUIRE_MESSAGE(guest.is_ended(), "case " << i);
  }
  require_alive();
  const std::size_t grown = resident_kb() - std::min(resident_kb(), before);
  BOOST_TEST(grown < 16U * 1024U);
}

BOOST_AUTO_TEST_CASE(a_message_that_never_ends_ends_the_connection) {
  stranger guest(port, two);
  BOOST_REQUIRE(guest.handshake());
  guest.send(hello_frames({}));
  for (std::uint32_t i = 0; i < 12; ++i) {
    capnp::MallocMessageBuilder message;
    auto call = message.initRoot<capnp::rpc::Message>().initCall();
    call.setQuestionId(2 + i);
    auto target = call.initTarget().initPromisedAnswer();
    target.setQuestionId(1);
    auto transform = target.initTransform(2);
    transform[0].setGetPointerField(0);
    transform[1].setGetPointerField(1);
    call.setInterfaceId(capnp::typeId<wire::Peer>());
    call.setMethodId(1);
    call.initParams().getContent().initAs<wire::Peer::PartParams>().initBytes(512U << 10U);
    guest.send(bytes_of(message));
  }
  BOOST_TEST(guest.is_ended());
  BOOST_TEST(log.wait_for("sent a message of more than 5 MiB"), log.text());
  BOOST_TEST(one.seen.count("raft") == 0U);
}

BOOST_AUTO_TEST_CASE(steps_of_streams_that_may_not_be_end_the_connection) {
  const auto ends = [&](unsigned count, const fill_steps& fill, const std::string& line) {
    stranger guest(port, two);
    BOOST_REQUIRE(guest.handshake());
    guest.send(hello_frames({}) + steps_frame(2, count, fill));
    BOOST_TEST(guest.is_ended());
    BOOST_TEST(log.wait_for(line), log.text());
  };
  using steps = capnp::List<wire::StreamStep>::Builder;
  const auto data = [](wire::StreamStep::Builder to, unsigned size) {
    to.setStream(1);
    to.setOpened(true);
    to.initData(size);
  };
  ends(
      2,
      [](steps to) {
        open_step(to[0], 7);
        open_step(to[1], 7);
      },
      "opened a stream out of turn");
  ends(1, [](steps to) { open_step(to[0], UINT64_MAX); }, "opened a stream out of turn");
  ends(
      2,
      [&](steps to) {
        open_step(to[0], 1);
        data(to[1], 0);
      },
      "sent a piece of a wrong size");
  ends(
      2,
      [&](steps to) {
        open_step(to[0], 1);
        data(to[1], stream_piece_bytes + 1);
      },
      "sent a piece of a wrong size");
  ends(
      3,
      [&](steps to) {
        open_step(to[0], 1);
        data(to[1], stream_window_first);
        data(to[2], 1);
      },
      "sent more of a stream than its window");
  ends(
      3,
      [&](steps to) {
        open_step(to[0], 1);
        to[1].setStream(1);
        to[1].setOpened(true);
        to[1].setEnd();
        data(to[2], 1);
      },
      "wrote to a stream that it had ended");
  const auto taken = [](wire::StreamStep::Builder to, std::uint64_t bytes, std::uint32_t window) {
    to.setStream(1);
    to.setOpened(true);
    auto said = to.initTaken();
    said.setBytes(bytes);
    said.setWindow(window);
  };
  ends(
      2,
      [&](steps to) {
        open_step(to[0], 1);
        taken(to[1], 1, stream_window_first);
      },
      "took more of a stream than was sent");
  ends(
      2,
      [&](steps to) {
        open_step(to[0], 1);
        taken(to[1], 0, 1);
      },
      "gave a stream a wrong window");
  ends(
      2,
      [&](steps to) {
        open_step(to[0], 1);
        taken(to[1], 0, 0xFFFFFFFF);
      },
      "gave a stream a wrong window");
  require_alive();
}

BOOST_AUTO_TEST_CASE(who_opens_streams_and_takes_no_refusals_is_left) {
  stranger guest(port, two); // its hello offers nothing that could take them
  BOOST_REQUIRE(guest.handshake());
  guest.send(hello_frames({}));
  for (std::uint32_t frame = 0; frame < 6; ++frame) {
    guest.send(steps_frame(2 + frame, 1000, [&](auto to) {
      for (unsigned i = 0; i < 1000; ++i) open_step(to[i], 1 + frame * 1000 + i);
    }));
  }
  BOOST_TEST(guest.is_ended());
  BOOST_TEST(log.wait_for("opens streams and does not take the refusals"), log.text());
  {
    const std::scoped_lock hold(mutex);
    BOOST_TEST(kept.size() == peer_limits{}.streams);
  }
  require_alive();
}

BOOST_AUTO_TEST_CASE(steps_of_all_kinds_cost_neither_life_nor_memory) {
  seeded_random_source random(11);
  const std::string good = hello_frames({}) + steps_frame(2, 6, [](auto to) {
                             open_step(to[0], 1);
                             open_step(to[1], 2);
                             for (unsigned i = 2; i < 5; ++i) {
                               to[i].setStream(1 + i % 2);
                               to[i].setOpened(true);
                               to[i].initData(1000 * i);
                             }
                             to[5].setStream(2);
                             to[5].setOpened(true);
                             to[5].setEnd();
                           });
  std::size_t before = 0;
  const int cases = 300;
  for (int i = 0; i < cases; ++i) {
    if (i == cases / 4) before = resident_kb();
    std::string bytes = good;
    for (std::uint64_t flips = 1 + random.next() % 8; flips > 0; --flips) {
      const std::size_t at = good.size() - 1 - random.next() % (random.next() % 3 == 0 ? good.size() : 400);
      bytes[at] ^= static_cast<char>(1U << (random.next() % 8));
    }
    stranger guest(port, two);
    BOOST_REQUIRE(guest.handshake());
    guest.send(bytes);
    guest.hang_up();
    BOOST_REQUIRE_MESSAGE(guest.is_ended(), "case " << i);
    const std::scoped_lock hold(mutex);
    kept.clear();
  }
  require_alive();
  const std::size_t grown = resident_kb() - std::min(resident_kb(), before);
  BOOST_TEST(grown < 16U * 1024U);
}

BOOST_AUTO_TEST_SUITE_END()
