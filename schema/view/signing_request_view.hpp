#pragma once

#include "schema/view/meta_view.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

/// A CertificateSigningRequest as its controllers see it.
struct signing_request_view {
  meta_view meta;
  std::string request_pem;
  std::string signer;
  std::vector<std::string> usages;
  std::optional<std::int64_t> expiration_s;
  // Who asks, as the API server wrote it down.
  std::string user;
  std::string user_uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
  std::vector<condition_view> conditions;
  std::string certificate_pem; ///< empty until it is signed

  [[nodiscard]] bool has(std::string_view condition) const;
};

/// Never fails: fields that are missing or of another type read as absent.
signing_request_view parse_signing_request(std::string_view canonical_text);

} // namespace actord::schema
