#include "net/http/http_client.hpp"
#include "net/http/http_server.hpp"
#include "net/pki/certificates.hpp"
#include "net/pki/openssl_handles.hpp"
#include "net/pki/x509_parts.hpp"

#include <boost/test/unit_test.hpp>

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <future>
#include <mutex>
#include <thread>

using namespace actord;
using namespace actord::net;

namespace {

struct test_keys {
  certified_key authority;
  certified_key server;
  certified_key client;
};

const test_keys& keys() {
  static const test_keys made = [] {
    const wall_time now = system_clock_source().wall_now();
    test_keys all;
    all.authority = *create_authority("test-ca", now);
    all.server = *issue_certificate(all.authority,
                                    {.subject = {"server", {}},
                                     .purpose = certificate_purpose::server,
                                     .dns_names = {"localhost"},
                                     .addresses = {"127.0.0.1"}},
                                    now);
    all.client = *issue_certificate(all.authority, {.subject = {"jane", {"dev", "ops"}}}, now);
    return all;
  }();
  return made;
}

/// A blocking TLS client that can say anything.
class raw_client {
public:
  explicit raw_client(std::uint16_t port, const certified_key* identity = nullptr,
                      int max_version = TLS1_3_VERSION)
      : context_(SSL_CTX_new(TLS_client_method())) {
    const auto authority = parse_certificate(keys().authority.certificate_pem);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority.get());
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_max_proto_version(context_, max_version);
    if (identity != nullptr) {
      const auto certificate = parse_certificate(identity->certificate_pem);
      const auto key = parse_private_key(identity->key_pem);
      SSL_CTX_use_certificate(context_, certificate.get());
      SSL_CTX_use_PrivateKey(context_, key.get());
    }
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    BOOST_REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    connection_ = SSL_new(context_);
    SSL_set_fd(connection_, socket_);
    connected = SSL_connect(connection_) == 1;
  }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;
  ~raw_client() {
    SSL_free(connection_);
    SSL_CTX_free(context_);
    ::close(socket_);
  }

  void say(std::string_view text) { SSL_write(connection_, text.data(), static_cast<int>(text.size())); }

  /// Says that nothing follows, and goes on listening.
  void finish() { SSL_shutdown(connection_); }

  /// Reads on until the text ends with `end`, or the connection does.
  std::string hear(std::string_view end) {
    std::string text;
    std::string piece(16 * 1024, '\0');
    while (!text.ends_with(end)) {
      const int count = SSL_read(connection_, piece.data(), static_cast<int>(piece.size()));
      if (count <= 0) break;
      text.append(piece, 0, static_cast<std::size_t>(count));
    }
    return text;
  }
  std::string hear_all() { return hear("\xff never \xff"); }

  /// What the server showed, its own certificate first.
  std::vector<std::string> chain() const {
    std::vector<std::string> shown;
    STACK_OF(X509)* const certificates = SSL_get_peer_cert_chain(connection_);
    for (int i = 0; i < sk_X509_num(certificates); ++i)
      shown.push_back(*certificate_pem_of(sk_X509_value(certificates, i)));
    return shown;
  }

  bool connected = false;

private:
  SSL_CTX* context_;
  SSL* connection_ = nullptr;
  int socket_ = -1;
};

struct server_fixture {
  http_server_options options;
  http_handler handler;
  std::unique_ptr<http_server> server;

  server_fixture() {
    ::signal(SIGPIPE, SIG_IGN); // the test's own client writes with write(2)
    options.listen_address = "127.0.0.1";
    options.port = 0;
    options.certificate_pem = keys().server.certificate_pem;
    options.key_pem = keys().server.key_pem;
    options.client_ca_pem = keys().authority.certificate_pem;
    handler.handle = [](http_request request, const exchange_handle& exchange) {
      std::string text = request.peer.common_name + "|";
      for (const auto& organization : request.peer.organizations) text += organization + ",";
      exchange->respond({.code = 200, .headers = {}, .body = share_bytes(text + "|" + request.body + "$")});
    };
  }

  std::uint16_t start() {
    auto started = http_server::start(options, handler);
    BOOST_REQUIRE_MESSAGE(started, (started ? std::string() : started.error().message));
    server = *std::move(started);
    return server->port();
  }
};

const std::string get = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

} // namespace

BOOST_FIXTURE_TEST_SUITE(https, server_fixture)

BOOST_AUTO_TEST_CASE(the_certificate_names_the_client) {
  const auto port = start();
  raw_client with(port, &keys().client);
  with.say(get);
  BOOST_CHECK_EQUAL(body_of(with.hear("$")), "jane|dev,ops,|$");
  raw_client old(port, &keys().client, TLS1_2_VERSION);
  old.say(get);
  BOOST_CHECK_EQUAL(body_of(old.hear("$")), "jane|dev,ops,|$");
  raw_client without(port);
  without.say(get);
  BOOST_CHECK_EQUAL(body_of(without.hear("$")), "||$");
}

BOOST_AUTO_TEST_CASE(a_certificate_that_does_not_verify_names_nobody) {
  const auto port = start();
  const wall_time now = system_clock_source().wall_now();
  const certificate_subject root{"root", {"system:masters"}};
  const auto strangers = *create_authority("test-ca", now);
  const auto foreign = *issue_certificate(strangers, {.subject = root}, now);
  const auto expired =
      *issue_certificate(keys().authority, {.subject = root}, now - std::chrono::hours(24 * 365 + 1));
  const auto server_only =
      *issue_certificate(keys().authority, {.subject = root, .purpose = certificate_purpose::server}, now);
  for (const auto* identity : {&foreign, &expired, &server_only}) {
    raw_client client(port, identity);
    client.say(get);
    BOOST_CHECK_EQUAL(body_of(client.hear("$")), "||$");
  }
}

BOOST_AUTO_TEST_CASE(a_certificate_is_replaced_while_connections_live_on) {
  options.certificate_pem = keys().server.certificate_pem + keys().authority.certificate_pem;
  const auto port = start();
  raw_client before(port, &keys().client);
  BOOST_CHECK((before.chain() ==
               std::vector<std::string>{keys().server.certificate_pem, keys().authority.certificate_pem}));
  const wall_time now = system_clock_source().wall_now();
  const auto next = *issue_certificate(
      keys().authority, {.subject = {"server", {}}, .purpose = certificate_purpose::server}, now);
  const auto strangers = *create_authority("next-ca", now);
  const auto jill = *issue_certificate(strangers, {.subject = {"jill", {}}}, now);
  BOOST_REQUIRE(server->use_certificate(
      {.certificate_pem = next.certificate_pem,
       .key_pem = next.key_pem,
       .client_ca_pem = keys().authority.certificate_pem + strangers.certificate_pem}));
  raw_client after(port, &jill);
  BOOST_CHECK((after.chain() == std::vector<std::string>{next.certificate_pem}));
  after.say(get);
  BOOST_CHECK_EQUAL(body_of(after.hear("$")), "jill||$");
  before.say(get);
  BOOST_CHECK_EQUAL(body_of(before.hear("$")), "jane|dev,ops,|$");
  // One that does not fit changes nothing.
  BOOST_CHECK(!server->use_certificate({.certificate_pem = next.certificate_pem,
                                        .key_pem = keys().server.key_pem,
                                        .client_ca_pem = keys().authority.certificate_pem}));
  raw_client again(port);
  BOOST_CHECK((again.chain() == std::vector<std::string>{next.certificate_pem}));
}

BOOST_AUTO_TEST_CASE(old_tls_is_refused) {
  const auto port = start();
  raw_client client(port, nullptr, TLS1_1_VERSION);
  BOOST_CHECK(!client.connected);
}

BOOST_AUTO_TEST_CASE(one_connection_serves_many_requests) {
  const auto port = start();
  raw_client client(port);
  for (int count = 0; count < 500; ++count) {
    client.say("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    BOOST_REQUIRE_EQUAL(body_of(client.hear("$")), "||abc$");
  }
  BOOST_CHECK_EQUAL(server->connections(), 1U);
}

BOOST_AUTO_TEST_CASE(large_answers_and_bodies_pass_whole) {
  std::string pattern(5'000'000, '\0');
  for (std::size_t index = 0; index < pattern.size(); ++index)
    pattern[index] = static_cast<char>('a' + index % 25);
  options.body_limit_bytes = 10'000'000;
  const auto port = start();
  raw_client client(port);
  client.say("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n");
  client.say(pattern);
  BOOST_CHECK(body_of(client.hear("$")) == "||" + pattern + "$");
}

BOOST_AUTO_TEST_CASE(another_thread_can_stream_against_a_slow_reader) {
  constexpr std::size_t budget_bytes = 256 * 1024;
  constexpr std::size_t pieces = 2'000;
  std::atomic<std::size_t> most_pending{0};
  std::promise<std::thread> producer;
  handler.handle = [&](http_request, const exchange_handle& exchange) {
    producer.set_value(std::thread([&, exchange] {
      std::mutex mutex;
      std::condition_variable drained;
      exchange->on_drained([&] {
        const std::scoped_lock lock(mutex);
        drained.notify_one();
      });
      exchange->begin({.code = 200, .headers = {}, .body = {}});
      for (std::size_t count = 0; count < pieces; ++count) {
        std::unique_lock lock(mutex);
        if (exchange->pending_bytes() >= budget_bytes) {
          drained.wait(lock, [&] { return exchange->pending_bytes() < budget_bytes; });
        }
        lock.unlock();
        exchange->write(share_bytes(std::string(10'000, static_cast<char>('a' + count % 26))));
        most_pending = std::max(most_pending.load(), exchange->pending_bytes());
      }
      std::promise<void> over;
      exchange->on_closed([&over] { over.set_value(); });
      exchange->end();
      over.get_future().wait();
    }));
  };
  const auto port = start();
  raw_client client(port);
  client.say(get);
  const std::string text = client.hear("\r\n0\r\n\r\n");
  producer.get_future().get().join();
  BOOST_CHECK_GT(text.size(), pieces * 10'000);
  BOOST_CHECK_LT(most_pending.load(), budget_bytes + 20'000);
}

BOOST_AUTO_TEST_CASE(broken_input_is_answered_and_the_server_lives) {
  const auto port = start();
  raw_client client(port);
  client.say("NONSENSE\r\n\r\n");
  BOOST_CHECK_EQUAL(client.hear_all().substr(0, 12), "HTTP/1.1 400");
  raw_client large(port);
  large.say("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n");
  large.say(std::string(1'000'000, 'x'));
  BOOST_CHECK_EQUAL(large.hear_all().substr(0, 12), "HTTP/1.1 413");
  raw_client fine(port);
  fine.say(get);
  BOOST_CHECK_EQUAL(body_of(fine.hear("$")), "||$");
}

BOOST_AUTO_TEST_CASE(clients_that_can_speak_http2) {
  std::atomic<int> left_http1{0};
  handler.handle = [&](http_request request, const exchange_handle& exchange) {
    if (!exchange->can_switch_protocols()) ++left_http1;
    exchange->respond(
        {.code = 200, .headers = {}, .body = share_bytes(request.peer.common_name + request.body)});
  };
  options.body_limit_bytes = 10'000'000;
  const auto port = start();
  const auto client = http_client::create({.base_url = "https://127.0.0.1:" + std::to_string(port),
                                           .authority_pem = keys().authority.certificate_pem,
                                           .client = keys().client,
                                           .token = {}});
  BOOST_REQUIRE(client);
  const std::string body(5'000'000, 'b');
  for (int count = 0; count < 3; ++count) {
    const auto answer = (*client)->send({.method = "PUT", .target = "/x", .body = body});
    BOOST_REQUIRE_MESSAGE(answer, (answer ? std::string() : answer.error().message));
    BOOST_CHECK_EQUAL(answer->code, 200);
    BOOST_CHECK(answer->body == "jane" + body);
  }
  BOOST_CHECK_EQUAL(left_http1.load(), 3);
  BOOST_CHECK_EQUAL(server->connections(), 1U);
}

BOOST_AUTO_TEST_CASE(a_client_that_has_said_all_still_gets_its_answer) {
  std::promise<exchange_handle> received;
  handler.handle = [&](http_request, const exchange_handle& exchange) { received.set_value(exchange); };
  const auto port = start();
  raw_client client(port);
  client.say(get);
  client.finish();
  received.get_future().get()->respond({.code = 200, .headers = {}, .body = share_bytes("$")});
  BOOST_CHECK_EQUAL(body_of(client.hear_all()), "$");
}

BOOST_AUTO_TEST_CASE(a_connection_can_leave_http) {
  std::promise<upgraded_handle> opened;
  std::promise<void> over;
  std::promise<std::string> heard;
  handler.handle = [&](http_request, const exchange_handle& exchange) {
    auto stream = exchange->switch_protocols(
        {{"upgrade", "SPDY/3.1"}},
        {.received = [&](std::string_view bytes) { heard.set_value(std::string(bytes)); },
         .drained = {},
         .closed = [&] { over.set_value(); }});
    opened.set_value(stream);
  };
  const auto port = start();
  raw_client client(port);
  client.say(get);
  const auto stream = opened.get_future().get();
  BOOST_REQUIRE(stream);
  BOOST_CHECK(client.hear("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  stream->resume();
  client.say("ping");
  BOOST_CHECK_EQUAL(heard.get_future().get(), "ping");
  stream->write(share_bytes("pong"));
  BOOST_CHECK_EQUAL(client.hear("pong"), "pong");
  stream->end();
  BOOST_CHECK_EQUAL(client.hear_all(), "");
  over.get_future().get();
}

BOOST_AUTO_TEST_CASE(the_connection_cap_holds) {
  options.connections_max = 2;
  const auto port = start();
  raw_client first(port);
  raw_client second(port);
  raw_client third(port);
  BOOST_CHECK(first.connected);
  BOOST_CHECK(second.connected);
  BOOST_CHECK(!third.connected);
}

BOOST_AUTO_TEST_CASE(an_exchange_outlives_the_server) {
  std::promise<exchange_handle> received;
  handler.handle = [&](http_request, const exchange_handle& exchange) { received.set_value(exchange); };
  const auto port = start();
  raw_client client(port);
  client.say(get);
  const auto exchange = received.get_future().get();
  bool closed = false;
  exchange->on_closed([&closed] { closed = true; });
  server.reset();
  BOOST_CHECK(closed);
  exchange->respond({.code = 200, .headers = {}, .body = share_bytes("late")});
  BOOST_CHECK_EQUAL(client.hear_all(), "");
}

BOOST_AUTO_TEST_CASE(a_busy_port_and_bad_keys_are_errors) {
  options.port = start();
  BOOST_CHECK(!http_server::start(options, handler));
  options.port = 0;
  options.listen_address = "not an address";
  BOOST_CHECK(!http_server::start(options, handler));
  options.listen_address = "127.0.0.1";
  options.key_pem = keys().client.key_pem;
  BOOST_CHECK(!http_server::start(options, handler));
}

BOOST_AUTO_TEST_SUITE_END()
