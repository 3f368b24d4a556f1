#include "net/http2/repeated_credentials.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace actord::net {

namespace {

constexpr std::size_t shortest_code = 64; ///< below, decoding costs less than this
constexpr std::size_t longest_code = 4096;
constexpr std::uint64_t authorization_index = 23; ///< RFC 7541, appendix A

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::size_t length_of(std::string_view head) {
  return std::size_t{byte_at(head, 0)} << 16U | std::size_t{byte_at(head, 1)} << 8U | byte_at(head, 2);
}

/// A header block that is whole in one frame and begins where its payload does, or behind a priority.
bool is_simple(std::string_view head) {
  constexpr unsigned needed = NGHTTP2_FLAG_END_HEADERS;
  return byte_at(head, 3) == NGHTTP2_HEADERS &&
         (byte_at(head, 4) & (needed | unsigned{NGHTTP2_FLAG_PADDED})) == needed;
}

/// RFC 7541 5.1 and 5.2, without decoding what strings say.
class block_reader {
public:
  explicit block_reader(std::string_view block) : block_(block) {}

  [[nodiscard]] bool at_end() const { return at_ == block_.size(); }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] std::uint8_t peek() const { return byte_at(block_, at_); }

  std::optional<std::uint64_t> integer(unsigned prefix_bits) {
    if (at_end()) return {};
    const std::uint64_t most = (std::uint64_t{1} << prefix_bits) - 1;
    std::uint64_t number = byte_at(block_, at_++) & most;
    if (number < most) return number;
    for (unsigned shift = 0; shift <= 21; shift += 7) {
      if (at_end()) return {};
      const std::uint8_t next = byte_at(block_, at_++);
      number += std::uint64_t{next & 0x7fU} << shift;
      if ((next & 0x80U) == 0) return number;
    }
    return {}; // larger than any block
  }

  struct spelled {
    bool huffman = false;
    std::string_view bytes;
  };
  std::optional<spelled> string() {
    if (at_end()) return {};
    const bool huffman = (peek() & 0x80U) != 0;
    const auto length = integer(7);
    if (!length || *length > block_.size() - at_) return {};
    const std::string_view bytes = block_.substr(at_, *length);
    at_ += *length;
    return spelled{huffman, bytes};
  }

private:
  std::string_view block_;
  std::size_t at_ = 0;
};

struct found_field {
  std::size_t begin = 0; ///< of the field in its block
  std::size_t value = 0; ///< of the value's length
  std::size_t end = 0;
  std::string_view code;
};

/// The Authorization field of a block, when it stays out of the table and is in Huffman code. None also when
/// the block is not as it should be.
std::optional<found_field> find_credentials(std::string_view block) {
  std::optional<found_field> found;
  block_reader reader(block);
  while (!reader.at_end()) {
    const std::size_t begin = reader.at();
    const std::uint8_t kind = reader.peek();
    if ((kind & 0x80U) != 0) { // a field of the table
      if (!reader.integer(7)) return {};
      continue;
    }
    if ((kind & 0xe0U) == 0x20U) { // the table's size
      if (!reader.integer(5)) return {};
      continue;
    }
    const bool enters_table = (kind & 0x40U) != 0;
    const auto name = reader.integer(enters_table ? 6 : 4);
    if (!name || (*name == 0 && !reader.string())) return {};
    const std::size_t value_at = reader.at();
    const auto value = reader.string();
    if (!value) return {};
    if (*name == authorization_index && !enters_table && value->huffman && !found)
      found = found_field{begin, value_at, reader.at(), value->bytes};
  }
  return found;
}

struct inflater_release {
  void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
};

/// What a field that refers to no table but the static one says; none when it says nothing that a field may.
std::optional<std::string> decode(std::string_view field) {
  nghttp2_hd_inflater* made = nullptr;
  if (nghttp2_hd_inflate_new(&made) != 0) return {};
  const std::unique_ptr<nghttp2_hd_inflater, inflater_release> inflater(made);
  nghttp2_nv said{};
  int flags = 0;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(field.data());
  const ssize_t used = nghttp2_hd_inflate_hd2(inflater.get(), &said, &flags, bytes, field.size(), 1);
  if (used != static_cast<ssize_t>(field.size()) ||
      (static_cast<unsigned>(flags) & unsigned{NGHTTP2_HD_INFLATE_EMIT}) == 0 ||
      nghttp2_check_header_value(said.value, said.valuelen) == 0)
    return {};
  return std::string(reinterpret_cast<const char*>(said.value), said.valuelen);
}

} // namespace

std::string_view repeated_credentials::next(std::string_view& input) {
  shortened_ = false;
  std::size_t count = 0;
  const auto take = [&input](std::size_t some) {
    const std::string_view taken = input.substr(0, some);
    input.remove_prefix(some);
    return taken;
  };
  while (count < input.size()) {
    if (pass_ > 0) {
      const std::size_t some = std::min(pass_, input.size() - count);
      pass_ -= some;
      count += some;
      continue;
    }
    const std::string_view rest = input.substr(count);
    if (head_count_ > 0 || rest.size() < head_bytes) {
      const std::size_t some = std::min(head_bytes - head_count_, rest.size());
      std::copy_n(rest.begin(), some, head_.begin() + static_cast<std::ptrdiff_t>(head_count_));
      head_count_ += some;
      count += some;
      if (head_count_ < head_bytes) break;
      head_count_ = 0;
      pass_ = length_of({head_.data(), head_.size()});
      continue;
    }
    const std::size_t whole = head_bytes + length_of(rest);
    if (is_simple(rest) && whole <= rest.size()) {
      if (count > 0) break; // first what is before it
      const std::string_view frame = take(whole);
      shortened_ = shorten(frame);
      return shortened_ ? std::string_view(frame_) : frame;
    }
    pass_ = whole;
  }
  return take(count);
}

bool repeated_credentials::shorten(std::string_view frame) {
  constexpr std::size_t priority_bytes = 5;
  const bool has_priority = (byte_at(frame, 4) & unsigned{NGHTTP2_FLAG_PRIORITY}) != 0;
  const std::size_t block_at = head_bytes + (has_priority ? priority_bytes : 0);
  if (block_at > frame.size()) return false;
  const std::string_view block = frame.substr(block_at);
  const auto found = find_credentials(block);
  if (!found || found->code.size() < shortest_code || found->code.size() > longest_code ||
      !recognize(found->code, block.substr(found->begin, found->end - found->begin)))
    return false;
  static_assert(placeholder.size() < 0x7f); // its length is one byte, of a string not in Huffman code
  frame_.assign(frame.substr(0, block_at + found->value));
  frame_.push_back(static_cast<char>(placeholder.size()));
  frame_.append(placeholder).append(block.substr(found->end));
  const std::size_t length = frame_.size() - head_bytes;
  for (std::size_t i = 0; i < 3; ++i) frame_[i] = static_cast<char>(length >> (16 - 8 * i) & 0xffU);
  return true;
}

bool repeated_credentials::recognize(std::string_view code, std::string_view field) {
  if (code != code_) {
    code_.assign(code);
    value_.clear();
    seen_twice_ = false;
    return false;
  }
  if (!std::exchange(seen_twice_, true)) value_ = decode(field).value_or(std::string());
  return !value_.empty();
}

} // namespace actord::net
