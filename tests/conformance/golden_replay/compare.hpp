#pragma once

#include "schema/base/json_fwd.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace actord::golden {

struct difference {
  std::string place;
  std::string wanted;
  std::string got;
};

/// What differs between a recorded answer and ours, where what other writers add does not count. "*" matches
/// anything, alone or inside a text.
std::vector<difference> differences(const json& wanted, const json& got);
/// The same for two errors: code aside, only reason, subject and causes count.
std::vector<difference> error_differences(const json& wanted, const json& got);
bool matches_text(std::string_view pattern, std::string_view text);

} // namespace actord::golden
