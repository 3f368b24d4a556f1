#pragma once

#include "net/pki/openssl_handles.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <chrono>
#include <string>
#include <vector>

/// Steps in making and reading certificates that certificates and signing requests share.

namespace actord::net {

/// How far another machine's clock may lag behind ours.
inline constexpr std::chrono::minutes clock_skew{5};

std::string bio_text(BIO* bio);
result<std::string> certificate_pem_of(X509* certificate);
bool set_validity(X509* certificate, wall_time from, wall_time until);
bool set_random_serial(X509* certificate);
/// Typed as UTF-8 by us: OpenSSL's own choice would refuse more than 64 characters, which node names may
/// have.
bool add_name_entry(X509_NAME* name, int nid, const std::string& text);
bool add_extension(X509* certificate, X509* issuer, int nid, const char* value);
wall_time time_of(const ASN1_TIME* time);

struct alternative_names {
  std::vector<std::string> dns_names;
  std::vector<std::string> addresses; ///< in canonical text form
  std::vector<std::string> emails;
  std::vector<std::string> uris;
};
alternative_names names_in(const GENERAL_NAMES* names);

} // namespace actord::net
