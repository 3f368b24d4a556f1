#pragma once

#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"

#include <string>
#include <string_view>

namespace actord::net {

/// What lets a machine join a cluster: "abcdef.0123456789abcdef.HASH". The first two parts are a bootstrap
/// token of Kubernetes' form, for the cluster to know the machine by; the third is the hash of the cluster's
/// authority (its public key, SHA-256, 64 hexadecimal digits), for the machine to know the cluster by.
struct join_token {
  std::string id;
  std::string secret;
  std::string authority_hash;

  bool operator==(const join_token&) const = default;
  [[nodiscard]] std::string text() const { return credential() + "." + authority_hash; }
  /// "abcdef.0123456789abcdef": what is shown to the cluster.
  [[nodiscard]] std::string credential() const { return id + "." + secret; }
};

/// With id and secret drawn now.
join_token create_join_token(std::string authority_hash, random_source& random);

/// Errors are bad_request, say what is wrong with the text and never show the secret.
result<join_token> parse_join_token(std::string_view text);
/// The id alone: six lower-case letters or digits.
bool is_token_id(std::string_view text);

} // namespace actord::net
