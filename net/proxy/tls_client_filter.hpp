#pragma once

#include "schema/base/result.hpp"

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

namespace actord::net {

class tls_client_terms;

/// TLS from the client's side as a filter between bytes, whoever carries them. Without terms it believes any
/// server: pods show certificates of their own making, and Kubernetes' proxy asks for none better; it hides
/// bytes from the network, it does not prove who answers.
class tls_client_filter {
public:
  /// `terms` may be null.
  explicit tls_client_filter(const std::string& server_name, const tls_client_terms* terms = nullptr);
  ~tls_client_filter();
  tls_client_filter(const tls_client_filter&) = delete;
  tls_client_filter& operator=(const tls_client_filter&) = delete;

  /// Takes what the server sent, appends what it says in plain.
  result<void> put(std::string_view encrypted, std::string& plain);
  /// Plain bytes for the server; kept until the handshake is done.
  result<void> send(std::string_view plain);
  /// Says that nothing follows.
  void finish();
  /// What must go to the server now.
  std::string take_output();
  [[nodiscard]] bool peer_finished() const { return peer_finished_; }

private:
  result<void> advance(std::string& plain);
  [[nodiscard]] error failed() const;

  struct release {
    void operator()(SSL* connection) const;
  };
  std::unique_ptr<SSL, release> connection_;
  std::string unsent_;
  bool ready_ = false;
  bool finishing_ = false;
  bool peer_finished_ = false;
};

} // namespace actord::net
