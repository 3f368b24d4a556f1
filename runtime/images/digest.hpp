#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace actord::runtime {

/// SHA-256 of what was fed to it; the only digest that images use in practice, and the only one accepted.
class sha256_digest {
public:
  sha256_digest();
  ~sha256_digest();
  sha256_digest(sha256_digest&&) noexcept;
  sha256_digest& operator=(sha256_digest&&) noexcept;

  void update(std::string_view bytes);
  /// 64 hexadecimal digits. Ends the computation.
  std::string finish();

private:
  struct state;
  std::unique_ptr<state> state_;
};

std::string sha256_hex(std::string_view bytes);

/// "sha256:<64 hexadecimal digits>" → the digits; empty when it is anything else.
std::string_view digest_hex(std::string_view digest);

} // namespace actord::runtime
