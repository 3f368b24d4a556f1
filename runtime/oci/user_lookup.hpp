#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::runtime {

struct resolved_user {
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  std::vector<std::uint32_t> groups; ///< supplementary, sorted, each once
  std::string home = "/";
};

/// What was asked for; each overrides what the image says.
struct user_wish {
  std::string image_user; ///< "", "name", "1000", "name:group", "1000:1000"
  std::optional<std::int64_t> user;
  std::optional<std::int64_t> group;
  std::vector<std::int64_t> supplemental_groups;
};

/// Pure: `passwd` and `group_file` are the texts of the image's /etc/passwd and /etc/group, empty when it has
/// none. A number need not be in them (its group is then 0); a name must.
result<resolved_user> resolve_user(const user_wish& wish, std::string_view passwd,
                                   std::string_view group_file);

} // namespace actord::runtime
