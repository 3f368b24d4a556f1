#include "runtime/container_runtime.hpp"
#include "runtime/probes/probe.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <map>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace actord;
using namespace actord::runtime;
using namespace std::chrono_literals;

/// Answers each connection with the text for its request's path, then closes; a path without text is never
/// answered.
class small_server {
public:
  explicit small_server(std::map<std::string, std::string> answers) : answers_(std::move(answers)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    BOOST_REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    BOOST_REQUIRE(::listen(listener_, 512) == 0);
    BOOST_REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  small_server(const small_server&) = delete;
  small_server& operator=(const small_server&) = delete;
  ~small_server() {
    stopping_ = true;
    thread_.join();
    for (const int held : held_) ::close(held);
    ::close(listener_);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string last_request() const { return last_request_; }

private:
  void run() {
    while (!stopping_) {
      pollfd wait{listener_, POLLIN, 0};
      if (::poll(&wait, 1, 20) <= 0) continue;
      const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      std::string request(4096, '\0');
      const ssize_t got = ::recv(peer, request.data(), request.size(), 0);
      request.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
      const std::size_t start = request.find(' ') + 1;
      const auto answer = answers_.find(request.substr(start, request.find(' ', start) - start));
      if (answer == answers_.end()) {
        held_.push_back(peer);
        continue;
      }
      last_request_ = request;
      ::send(peer, answer->second.data(), answer->second.size(), MSG_NOSIGNAL);
      ::close(peer);
    }
  }

  std::map<std::string, std::string> answers_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::vector<int> held_;
  std::string last_request_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

template <class Probe>
probe_outcome ask(network_prober& prober, const Probe& what, std::chrono::milliseconds timeout = 5s) {
  std::promise<probe_outcome> promise;
  prober.probe(what, timeout, [&](probe_outcome outcome) { promise.set_value(std::move(outcome)); });
  return promise.get_future().get();
}

std::string answer(const std::string& status, const std::string& more = "") {
  return "HTTP/1.1 " + status + "\r\n" + more + "Content-Length: 2\r\n\r\nok";
}

BOOST_AUTO_TEST_SUITE(probes)

BOOST_AUTO_TEST_CASE(codes_from_200_to_399_are_success) {
  small_server server({{"/ok", answer("200 OK")},
                       {"/found", answer("302 Found")},
                       {"/missing", answer("404 Not Found")},
                       {"/error", answer("500 Oops")},
                       {"/low", answer("199 Low")}});
  const auto prober = make_network_prober();
  const auto verdict = [&](const std::string& path) {
    return ask(*prober, http_probe{.address = "127.0.0.1", .port = server.port(), .path = path});
  };
  BOOST_TEST((verdict("/ok").verdict == probe_verdict::success));
  BOOST_TEST((verdict("/found").verdict == probe_verdict::success));
  BOOST_TEST((verdict("/missing").verdict == probe_verdict::failure));
  BOOST_TEST(verdict("/error").message == "HTTP probe failed with statuscode: 500");
}

BOOST_AUTO_TEST_CASE(the_request_is_as_asked) {
  small_server server({{"/a/../b?x=1", answer("200 OK")}});
  {
    const auto prober = make_network_prober();
    const http_probe what{.address = "127.0.0.1",
                          .port = server.port(),
                          .host = "my.host",
                          .path = "/a/../b?x=1",
                          .tls = false,
                          .headers = {{"X-One", "1"}, {"X-Empty", ""}}};
    BOOST_TEST((ask(*prober, what).verdict == probe_verdict::success));
  }
  for (const char* line : {"GET /a/../b?x=1 HTTP/1.1\r\n", "Host: my.host\r\n", "X-One: 1\r\n",
                           "X-Empty:", "User-Agent: kube-probe/"})
    BOOST_TEST(server.last_request().find(line) != std::string::npos, server.last_request());
}

BOOST_AUTO_TEST_CASE(redirects_are_followed_on_the_same_host_only) {
  small_server server({{"/to-bad", answer("302 Found", "Location: /bad\r\n")},
                       {"/bad", answer("500 Oops")},
                       {"/away", answer("302 Found", "Location: http://192.0.2.1/\r\n")},
                       {"/loop", answer("302 Found", "Location: /loop\r\n")}});
  const auto prober = make_network_prober();
  const auto verdict = [&](const std::string& path) {
    return ask(*prober, http_probe{.address = "127.0.0.1", .port = server.port(), .path = path}).verdict;
  };
  BOOST_TEST((verdict("/to-bad") == probe_verdict::failure));
  BOOST_TEST((verdict("/away") == probe_verdict::success));
  BOOST_TEST((verdict("/loop") == probe_verdict::failure));
}

BOOST_AUTO_TEST_CASE(silence_endless_bodies_and_garbage_end) {
  small_server server(
      {{"/endless", "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + std::string(50'000, 'x')},
       {"/garbage", "\x01\x02\x03 nonsense"}});
  const auto prober = make_network_prober();
  const auto silent =
      ask(*prober, http_probe{.address = "127.0.0.1", .port = server.port(), .path = "/silent"}, 100ms);
  BOOST_TEST((silent.verdict == probe_verdict::failure));
  BOOST_TEST(silent.message.find("context deadline exceeded") != std::string::npos);
  BOOST_TEST(
      (ask(*prober, http_probe{.address = "127.0.0.1", .port = server.port(), .path = "/endless"}).verdict ==
       probe_verdict::success));
  BOOST_TEST(
      (ask(*prober, http_probe{.address = "127.0.0.1", .port = server.port(), .path = "/garbage"}).verdict ==
       probe_verdict::failure));
}

BOOST_AUTO_TEST_CASE(tcp_probes_ask_for_a_connection_only) {
  const auto prober = make_network_prober();
  std::uint16_t port = 0;
  {
    small_server server({});
    port = server.port();
    BOOST_TEST((ask(*prober, tcp_probe{"127.0.0.1", port}).verdict == probe_verdict::success));
  }
  const auto refused = ask(*prober, tcp_probe{"127.0.0.1", port});
  BOOST_TEST((refused.verdict == probe_verdict::failure));
  BOOST_TEST(refused.message.find("connection refused") != std::string::npos, refused.message);
}

BOOST_AUTO_TEST_CASE(hundreds_wait_on_one_thread) {
  small_server server({});
  const auto prober = make_network_prober();
  std::atomic<int> ended = 0;
  std::promise<void> all;
  for (int number = 0; number < 300; ++number)
    prober->probe(http_probe{.address = "127.0.0.1", .port = server.port(), .path = "/silent"}, 500ms,
                  [&](probe_outcome outcome) {
                    BOOST_TEST((outcome.verdict == probe_verdict::failure));
                    if (++ended == 300) all.set_value();
                  });
  BOOST_TEST((all.get_future().wait_for(20s) == std::future_status::ready));
}

BOOST_AUTO_TEST_CASE(dropping_the_prober_fails_what_is_on_its_way) {
  small_server server({});
  std::atomic<int> failed = 0;
  {
    const auto prober = make_network_prober();
    for (int number = 0; number < 5; ++number)
      prober->probe(
          http_probe{.address = "127.0.0.1", .port = server.port(), .path = "/silent"}, 60s,
          [&](const probe_outcome& outcome) { failed += outcome.verdict == probe_verdict::failure; });
  }
  BOOST_TEST(failed == 5);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
