#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// X.509 as values: PEM texts in, PEM texts out. All keys are ECDSA P-256. Nothing here touches a file or a
/// clock.

namespace actord::net {

/// A certificate and the private key of its subject.
struct certified_key {
  std::string certificate_pem;
  std::string key_pem;

  bool operator==(const certified_key&) const = default;
};

/// A bare key pair (service-account token signing).
struct signing_key {
  std::string private_pem; ///< PKCS#8
  std::string public_pem;  ///< SubjectPublicKeyInfo

  bool operator==(const signing_key&) const = default;
};

enum class certificate_purpose { server, client, server_and_client };

/// What a certificate says about its holder. Kubernetes reads `common_name` as user and `organizations` as
/// groups.
struct certificate_subject {
  std::string common_name;
  std::vector<std::string> organizations = {};

  bool operator==(const certificate_subject&) const = default;
};

struct certificate_order {
  certificate_subject subject;
  certificate_purpose purpose = certificate_purpose::client;
  std::vector<std::string> dns_names = {}; ///< subject alternative names
  std::vector<std::string> addresses = {}; ///< IPv4 or IPv6 in text form; others are refused as bad_request
  std::chrono::hours lifetime{365 * 24};
};

/// A certificate read back; names in the order in which they were written.
struct certificate_facts {
  certificate_subject subject;
  std::vector<std::string> dns_names;
  std::vector<std::string> addresses; ///< in canonical text form
  wall_time not_before;
  wall_time not_after;
  bool is_authority = false;
};

/// A self-signed authority, valid for ten years from five minutes before `now`.
result<certified_key> create_authority(std::string_view common_name, wall_time now);
/// A new key and its certificate, signed by `authority`, never outliving it.
result<certified_key> issue_certificate(const certified_key& authority, const certificate_order& order,
                                        wall_time now);
result<signing_key> create_signing_key();

result<certificate_facts> read_certificate(std::string_view certificate_pem);
/// True when the key belongs to the certificate.
bool key_matches(const certified_key& pair);
/// True when `certificate_pem` carries a valid signature of `authority_pem`. Dates and purposes are not
/// looked at.
bool is_signed_by(std::string_view certificate_pem, std::string_view authority_pem);
/// True when `key` is complete and its halves belong together.
bool key_matches(const signing_key& key);

} // namespace actord::net
