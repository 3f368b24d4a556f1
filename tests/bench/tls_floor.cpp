#include "net/http/tls_context.hpp"
#include "net/pki/certificates.hpp"
#include "net/pki/socket_bio.hpp"
#include "schema/base/clock.hpp"

#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

/// What remains of a server when everything is taken away but the kernel's TCP and the daemon's TLS: one
/// thread that answers each request of one connection after the other with the same bytes.
///   bench_tls_floor PORT BODY_BYTES
/// Prints "ready"; ends when killed.

namespace {

using namespace actord;

constexpr std::size_t record_bytes = std::size_t{16} * 1024;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1); // NOLINT(concurrency-mt-unsafe)
}

net::tls_context make_tls() {
  const wall_time now = system_clock_source().wall_now();
  const auto authority = net::create_authority("floor", now);
  if (!authority) die("authority");
  const auto server = net::issue_certificate(*authority,
                                             {.subject = {"floor", {}},
                                              .purpose = net::certificate_purpose::server,
                                              .dns_names = {"localhost"},
                                              .addresses = {"127.0.0.1"}},
                                             now);
  if (!server) die("certificate");
  auto context = net::make_server_tls(
      {.certificate_pem = server->certificate_pem, .key_pem = server->key_pem, .client_ca_pem = {}});
  if (!context) die("TLS");
  return std::move(*context);
}

bool write_all(SSL* connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view record = bytes.substr(0, record_bytes);
    net::set_more_follows(SSL_get_wbio(connection), record.size() < bytes.size());
    const int count = SSL_write(connection, record.data(), static_cast<int>(record.size()));
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void serve(SSL* connection, const std::string& answer) {
  std::string request;
  std::string piece(record_bytes, '\0');
  if (SSL_accept(connection) != 1) return;
  for (;;) {
    const int count = SSL_read(connection, piece.data(), static_cast<int>(piece.size()));
    if (count <= 0) return;
    request.append(piece, 0, static_cast<std::size_t>(count));
    if (!request.ends_with("\r\n\r\n")) continue;
    request.clear();
    if (!write_all(connection, answer)) return;
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench_tls_floor PORT BODY_BYTES\n");
    return 2;
  }
  const std::size_t bytes = std::strtoull(argv[2], nullptr, 10);
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(bytes) +
      "\r\n\r\n" + std::string(bytes, 'x');
  const net::tls_context tls = make_tls();
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || ::listen(listener, 8) != 0)
    die("listen");
  std::puts("ready");
  std::fflush(stdout);
  for (;;) {
    const int socket = ::accept(listener, nullptr, nullptr);
    if (socket < 0) die("accept");
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    SSL* connection = SSL_new(tls.get());
    BIO* bio = net::make_socket_bio(socket);
    SSL_set_bio(connection, bio, bio);
    serve(connection, answer);
    SSL_free(connection);
    ::close(socket);
  }
}
