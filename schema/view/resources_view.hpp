#pragma once

#include "schema/view/meta_view.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace actord::schema {

/// A list of resource quantities (requests, limits, capacity, allocatable). CPU in thousandths of a core,
/// everything else in whole units (bytes for memory and storage); fractions were rounded up. Unset is not
/// zero: a missing limit is no limit.
struct resource_list_view {
  std::optional<std::int64_t> milli_cpu;
  std::optional<std::int64_t> memory_bytes;
  std::optional<std::int64_t> ephemeral_storage_bytes;
  std::optional<std::int64_t> pods;
  /// hugepages-2Mi, example.com/device, ...
  std::map<std::string, std::int64_t, std::less<>> others;

  bool operator==(const resource_list_view&) const = default;
  /// By the API's name ("cpu" in thousandths).
  [[nodiscard]] std::optional<std::int64_t> amount(std::string_view name) const;
};

resource_list_view parse_resource_list(const read::value& in);

/// requests and limits together.
struct resources_view {
  resource_list_view requests;
  resource_list_view limits;

  bool operator==(const resources_view&) const = default;
};

resources_view parse_resources(read::value in);

} // namespace actord::schema
