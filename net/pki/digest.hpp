#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace actord::net {

using sha256_digest = std::array<unsigned char, 32>;

sha256_digest sha256(std::string_view bytes);

/// For tables keyed by digests: any part of one is as good as random.
struct digest_hash {
  std::size_t operator()(const sha256_digest& digest) const noexcept {
    std::size_t part = 0;
    std::memcpy(&part, digest.data(), sizeof part);
    return part;
  }
};

} // namespace actord::net
