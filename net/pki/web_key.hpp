#pragma once

#include "schema/base/result.hpp"

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Public keys as web tokens use them (RFC 7517, RFC 7518).

namespace actord::net {

/// A public key that checks signatures: elliptic (P-256, P-384, P-521) or RSA of at least 2048 bits. Cheap to
/// copy; any thread.
class web_key {
public:
  static result<web_key> from_pem(std::string_view public_pem);
  /// The keys of a JSON web key set that can check signatures; others are left out. An error when it is no
  /// set.
  static result<std::vector<web_key>> from_set(std::string_view set_text);

  /// `kid`: given by the set, else derived from the key itself.
  [[nodiscard]] const std::string& id() const { return id_; }
  /// The algorithm this key is meant for in our own tokens: "ES256" for P-256.
  [[nodiscard]] std::string_view algorithm() const;
  /// Whether `signature` is this key's signature of `bytes`; false also when the key is not one of the
  /// algorithm ("RS256", "ES256", "PS256", and with 384 and 512).
  [[nodiscard]] bool verifies(std::string_view algorithm, std::string_view bytes,
                              std::string_view signature) const;
  /// As a JSON object; elliptic keys only (ours are).
  [[nodiscard]] std::string to_json() const;

private:
  web_key(std::shared_ptr<EVP_PKEY> key, std::string id, std::string only_algorithm)
      : key_(std::move(key)), id_(std::move(id)), only_algorithm_(std::move(only_algorithm)) {}
  static result<web_key> from_members(const std::string& object_text);

  std::shared_ptr<EVP_PKEY> key_;
  std::string id_;
  std::string only_algorithm_; ///< `alg` of the set; empty for any
};

/// `{"keys":[...]}`
std::string key_set_text(const std::vector<web_key>& keys);

} // namespace actord::net
