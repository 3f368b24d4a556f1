#pragma once

#include "schema/base/always.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// Integers as the bytes of keys (big endian, so that byte order is number order) and of values (little
/// endian).

namespace actord::storage {

template <class Integer>
constexpr Integer swap_bytes(Integer value) {
  if constexpr (sizeof(Integer) == 1) return value;
  if constexpr (sizeof(Integer) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(Integer) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(Integer) == 8) return __builtin_bswap64(value);
}
static_assert(std::endian::native == std::endian::little, "values are written as they lie in memory");

template <class Integer>
void append_little(std::string& out, Integer value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value); // NOLINT: bytes of an integer
}
template <class Integer>
void append_big(std::string& out, Integer value) {
  append_little(out, swap_bytes(value));
}
/// `from` must hold at least sizeof(Integer) bytes.
template <class Integer>
Integer load_little(std::string_view from) {
  ALWAYS(from.size() >= sizeof(Integer));
  Integer value;
  const char* const bytes = from.begin();
  std::memcpy(&value, bytes, sizeof value);
  return value;
}
template <class Integer>
Integer load_big(std::string_view from) {
  return swap_bytes(load_little<Integer>(from));
}
/// A pointer would be taken for text that ends with a zero byte.
template <class Integer>
Integer load_little(const char* from) = delete;
template <class Integer>
Integer load_big(const char* from) = delete;
template <class Integer>
void store_little(char* to, Integer value) {
  std::memcpy(to, &value, sizeof value);
}

/// Takes values off the front of bytes that others wrote. `ok` turns false, and stays so, once they run
/// short.
class byte_reader {
public:
  explicit byte_reader(std::string_view bytes) : rest_(bytes) {}

  template <class Integer>
  Integer take() {
    if (rest_.size() < sizeof(Integer)) {
      ok_ = false;
      return Integer{};
    }
    const auto value = load_little<Integer>(rest_);
    rest_.remove_prefix(sizeof(Integer));
    return value;
  }
  std::string_view take_bytes(std::size_t size) {
    if (rest_.size() < size) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }

private:
  std::string_view rest_;
  bool ok_ = true;
};

} // namespace actord::storage
