#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace actord {

/// Immutable bytes handed from thread to thread without a copy.
using shared_bytes = std::shared_ptr<const std::string>;

inline shared_bytes share_bytes(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

} // namespace actord
