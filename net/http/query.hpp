#pragma once

#include "schema/base/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Percent-decoding of what a client put into its request line. All failures are `bad_request`.

namespace actord::net {

inline constexpr std::size_t path_segments_max = 64;
inline constexpr std::size_t query_parameters_max = 256;

/// Decodes %XX. With `plus_is_space` '+' becomes ' ' (query strings). Refuses broken escapes, NUL and invalid
/// UTF-8.
result<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// The decoded segments of a path between its slashes: "/api/v1/" gives {"api", "v1"}. Refuses a path without
/// a leading slash, empty segments inside, the segments "." and "..", decoded slashes, and more than
/// `path_segments_max` segments.
result<std::vector<std::string>> split_path(std::string_view path);

/// Query parameters in the order in which they were sent; a name may repeat.
class query_parameters {
public:
  /// Takes the text after '?'. Refuses more than `query_parameters_max` parameters and the old separator ';'.
  static result<query_parameters> parse(std::string_view query);

  /// The first value of `name`.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  /// The first value of `name`, or an empty text.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& entries() const { return entries_; }

private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

/// Escapes everything but unreserved characters, for one path segment or query value.
std::string percent_encode(std::string_view text);

} // namespace actord::net
