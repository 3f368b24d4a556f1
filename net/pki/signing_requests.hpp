#pragma once

#include "net/pki/certificates.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// Certificates for keys that others hold: PKCS#10 requests in PEM, and what an authority makes of them.

namespace actord::net {

struct signing_request_facts {
  certificate_subject subject;
  // Subject alternative names, in the order in which they were written.
  std::vector<std::string> dns_names;
  std::vector<std::string> addresses;
  std::vector<std::string> emails;
  std::vector<std::string> uris;
  std::string public_pem; ///< SubjectPublicKeyInfo
};

/// A request for our own key; in PEM.
result<std::string> create_signing_request(const signing_key& key, const certificate_subject& subject);

/// Checks the request's own signature: whoever sent it holds the key. Errors are bad_request.
result<signing_request_facts> read_signing_request(std::string_view request_pem);

struct signing_order {
  /// By the names of the certificates API: "digital signature", "client auth". Unknown ones are refused.
  std::vector<std::string> usages;
  std::chrono::seconds lifetime;
};

/// A certificate with the subject, key and alternative names of the request, never outliving the authority.
result<std::string> sign_request(const certified_key& authority, std::string_view request_pem,
                                 const signing_order& order, wall_time now);

} // namespace actord::net
