#include "net/peer/frame_header.hpp"

#include "storage/encoding/bytes.hpp"

namespace actord::net {

namespace {

constexpr std::size_t word = 8;

std::size_t padded(std::size_t bytes) { return (bytes + word - 1) / word * word; }

frame_header refuse(std::string why) {
  frame_header header;
  header.is = frame_header::state::refused;
  header.why = std::move(why);
  return header;
}

} // namespace

frame_header read_frame_header(std::string_view bytes) {
  frame_header header;
  if (bytes.size() < header.header_bytes) return header;
  storage::byte_reader reader(bytes);
  const std::uint64_t segments = std::uint64_t{reader.take<std::uint32_t>()} + 1;
  if (segments > max_frame_segments) return refuse("a frame of " + std::to_string(segments) + " segments");
  header.header_bytes = padded(4 + 4 * segments);
  if (bytes.size() < header.header_bytes) return header;
  std::uint64_t words = 0;
  header.segment_words.reserve(segments);
  for (std::uint64_t i = 0; i < segments; ++i) {
    header.segment_words.push_back(reader.take<std::uint32_t>());
    words += header.segment_words.back();
  }
  if (words * word > max_frame_bytes) return refuse("a frame of " + std::to_string(words * word) + " bytes");
  header.body_bytes = words * word;
  header.is = frame_header::state::complete;
  return header;
}

void append_frame_header(std::string& out, const std::vector<std::uint32_t>& segment_words) {
  const std::size_t from = out.size();
  storage::append_little(out, static_cast<std::uint32_t>(segment_words.size() - 1));
  for (const std::uint32_t words : segment_words) storage::append_little(out, words);
  out.resize(from + padded(out.size() - from));
}

} // namespace actord::net
