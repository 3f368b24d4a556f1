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
  std::vector<std::string> uris = {};
  std::chrono::seconds lifetime = std::chrono::hours(365 * 24);
};

/// A certificate read back; names in the order in which they were written.
struct certificate_facts {
  certificate_subject subject;
  std::vector<std::string> dns_names;
  std::vector<std::string> addresses; ///< in canonical text form
  std::vector<std::string> uris;
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
/// Both halves of a key whose private half is given.
result<signing_key> signing_key_of(std::string_view private_pem);
/// The same for a key that somebody else holds: `public_pem` is a SubjectPublicKeyInfo.
result<std::string> certify_key(const certified_key& authority, std::string_view public_pem,
                                const certificate_order& order, wall_time now);

/// When half of a certificate's life is over: time for the next one.
wall_time half_life(const certificate_facts& facts);
/// Whether it is to be used now: valid, not past the half of its life, and not for longer than is wished
/// today.
bool is_fresh(const certificate_facts& facts, std::chrono::seconds lifetime, wall_time now);
/// SHA-256 of the public key (SubjectPublicKeyInfo) in hexadecimal digits: the same for every certificate of
/// one key. Empty when the text is no certificate (or no key).
std::string key_hash_of_certificate(std::string_view certificate_pem);
std::string key_hash(std::string_view public_pem);
/// The certificates of a text of several, each in its own; what stands between them is left out. At most 64.
std::vector<std::string> split_certificates(std::string_view pem);

result<certificate_facts> read_certificate(std::string_view certificate_pem);
/// True when the key belongs to the certificate.
bool key_matches(const certified_key& pair);
/// True when `certificate_pem` carries a valid signature of `authority_pem`. Dates and purposes are not
/// looked at.
bool is_signed_by(std::string_view certificate_pem, std::string_view authority_pem);
/// True when `key` is complete and its halves belong together.
bool key_matches(const signing_key& key);

} // namespace actord::net
