#pragma once

#include <functional>
#include <memory>
#include <string>

namespace actord::actors {

/// The authorities by which pods verify the API server, at present, as PEM: what kube-root-ca.crt and the
/// tokens of secrets hold. Copies are one and the same. Any thread.
class root_certificate {
public:
  root_certificate() : root_certificate(std::string()) {}
  // Whoever has one that never changes just says it.
  root_certificate(std::string pem); // NOLINT(google-explicit-constructor,hicpp-explicit-conversions)
  root_certificate(const char* pem)  // NOLINT(google-explicit-constructor,hicpp-explicit-conversions)
      : root_certificate(std::string(pem)) {}

  [[nodiscard]] std::string pem() const;
  /// Another authority is believed, or one less. Tells whoever listens, on this thread.
  void replace(std::string pem) const;
  /// Until what is returned is destroyed; not called any more then.
  [[nodiscard]] std::shared_ptr<void> on_change(std::function<void()> changed) const;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace actord::actors
