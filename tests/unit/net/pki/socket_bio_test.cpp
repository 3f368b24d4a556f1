#include "net/pki/socket_bio.hpp"

#include <boost/test/unit_test.hpp>

#include <openssl/bio.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace actord::net;

namespace {

/// Both ends of a TCP connection to ourselves; what one sends, the kernel hands to the other before it
/// returns.
struct tcp_pair {
  tcp_pair() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    BOOST_REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0);
    BOOST_REQUIRE(::listen(listener, 1) == 0);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
    near = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    BOOST_REQUIRE(::connect(near, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    far = ::accept(listener, nullptr, nullptr);
    ::close(listener);
    send_at_once();
  }
  tcp_pair(const tcp_pair&) = delete;
  tcp_pair& operator=(const tcp_pair&) = delete;
  ~tcp_pair() {
    ::close(near);
    ::close(far);
  }

  void send_at_once() const {
    const int yes = 1;
    ::setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  [[nodiscard]] ssize_t arrived() const {
    char bytes[64];
    return ::recv(far, bytes, sizeof bytes, MSG_DONTWAIT);
  }

  int near = -1;
  int far = -1;
};

} // namespace

BOOST_AUTO_TEST_SUITE(socket_bio)

BOOST_AUTO_TEST_CASE(what_more_follows_waits_for_it) {
  constexpr int tries = 100; // the kernel waits a fifth of a second, and this test may be held up for longer
  int held = 0;
  for (int i = 0; i < tries; ++i) {
    const tcp_pair ends;
    BIO* bio = make_socket_bio(ends.near);
    BOOST_TEST(BIO_write(bio, "alone", 5) == 5);
    BOOST_TEST(ends.arrived() == 5);

    set_more_follows(bio, true);
    BOOST_TEST(BIO_write(bio, "first ", 6) == 6);
    const ssize_t before = ends.arrived();
    set_more_follows(bio, false);
    BOOST_TEST(BIO_write(bio, "last", 4) == 4);
    if (before < 0 && ends.arrived() == 10) ++held;

    set_more_follows(bio, true);
    BOOST_TEST(BIO_write(bio, "said", 4) == 4);
    ends.send_at_once();
    BOOST_TEST(ends.arrived() > 0);
    BIO_free(bio);
    if (held > 0) return;
  }
  BOOST_TEST(held > 0);
}

BOOST_AUTO_TEST_SUITE_END()
