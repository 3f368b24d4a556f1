#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace actord::actors {

/// Ten characters for names and labels that tell one pod template from another. A collision that was found
/// makes another hash of the same text.
std::string name_hash(std::string_view text, std::optional<std::int64_t> collisions);

} // namespace actord::actors
