#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The front of a Cap'n Proto frame, read by ourselves so that nothing is allocated for a frame that nobody
/// means: number of segments less one, then the words of each, u32 little-endian, padded to 8 bytes.

namespace actord::net {

inline constexpr std::uint32_t max_frame_segments = 512;
inline constexpr std::size_t max_frame_bytes = 16U << 20U; ///< of all segments

struct frame_header {
  enum class state : std::uint8_t {
    incomplete, ///< `header_bytes` are needed to say more
    complete,
    refused ///< `why`
  };
  state is = state::incomplete;
  std::size_t header_bytes = 4;
  std::size_t body_bytes = 0;
  std::vector<std::uint32_t> segment_words = {};
  std::string why = {};
};

/// Looks at the first bytes of a frame, however many have come.
frame_header read_frame_header(std::string_view bytes);
/// The same front for a frame of these segments, appended to `out`.
void append_frame_header(std::string& out, const std::vector<std::uint32_t>& segment_words);

} // namespace actord::net
