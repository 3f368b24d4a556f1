#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace actord {

/// A name to be found among sorted ones, as `object.find(quick_name("spec"))` or by an algorithm. Its first
/// eight bytes are a number, so most comparisons are of two numbers instead of a call: a pod's create makes
/// two thousand. Orders as std::string_view does. Views the text.
class quick_name {
public:
  explicit quick_name(std::string_view text) : text_(text), head_(head_of(text)) {}

  [[nodiscard]] bool operator==(std::string_view other) const { return text_ == other; }
  friend bool operator<(const quick_name& left, std::string_view right) {
    return less(left.text_, left.head_, right, head_of(right));
  }
  friend bool operator<(std::string_view left, const quick_name& right) {
    return less(left, head_of(left), right.text_, right.head_);
  }

private:
  /// The first eight bytes, the first one highest; zeros behind a shorter text.
  static std::uint64_t head_of(std::string_view text) {
    const std::size_t size = text.size();
    if (size >= 8) return load<std::uint64_t>(text.data());
    if (size >= 4) {
      // Two halves that overlap, in which the shared bytes are the same.
      const std::uint64_t first = load<std::uint32_t>(text.data());
      const std::uint64_t last = load<std::uint32_t>(text.data() + size - 4);
      return (first << 32U) | (last << (8 * (8 - size)));
    }
    if (size == 0) return 0;
    const auto byte = [&](std::size_t at) {
      return static_cast<std::uint64_t>(static_cast<unsigned char>(text[at])) << (56 - 8 * at);
    };
    return byte(0) | byte(size / 2) | byte(size - 1);
  }
  template <class Number>
  static Number load(const char* from) {
    Number number = 0;
    std::memcpy(&number, from, sizeof number);
    if constexpr (std::endian::native == std::endian::big) return number;
    return sizeof number == 8 ? static_cast<Number>(__builtin_bswap64(number))
                              : static_cast<Number>(__builtin_bswap32(static_cast<std::uint32_t>(number)));
  }
  static bool less(std::string_view left, std::uint64_t left_head, std::string_view right,
                   std::uint64_t right_head) {
    if (left_head != right_head) return left_head < right_head;
    // A zero at the end of a text looks like none: the shorter of two such texts comes first.
    if (left.size() <= 8 && right.size() <= 8) return left.size() < right.size();
    return left < right;
  }

  std::string_view text_;
  std::uint64_t head_;
};

} // namespace actord
