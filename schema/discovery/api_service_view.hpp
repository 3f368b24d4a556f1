#pragma once

#include "schema/view/meta_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

/// The Service behind which an extension server listens.
struct service_reference_view {
  std::string space;
  std::string name;
  std::int64_t port = 443;

  bool operator==(const service_reference_view&) const = default;
};

/// An APIService: who serves one version of a group of the API.
struct api_service_view {
  meta_view meta;
  std::string group; ///< empty for the core group
  std::string version;
  std::optional<service_reference_view> service; ///< none: this server itself
  std::string authority_pem;                     ///< whom the server is believed by; empty: the machine's own
  bool insecure = false;                         ///< believed whoever it is
  std::int64_t group_priority = 0;
  std::int64_t version_priority = 0;
  std::vector<condition_view> conditions;

  /// The condition Available; null when there is none yet.
  [[nodiscard]] const condition_view* available() const;
};

/// Never fails: fields that are missing or of another type read as absent.
api_service_view parse_api_service(std::string_view canonical_text);

} // namespace actord::schema
