#pragma once

#include "schema/base/result.hpp"

#include <capnp/serialize.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

/// Cap'n Proto messages as plain bytes, for what travels inside calls and streams: written whole, and read
/// without trust.

namespace actord::net {

inline constexpr int flat_nesting_max = 8;

inline kj::ArrayPtr<const kj::byte> data_of(std::string_view text) {
  return {reinterpret_cast<const kj::byte*>(text.data()), text.size()};
}
inline std::string text_of(capnp::Data::Reader data) {
  return {reinterpret_cast<const char*>(data.begin()), data.size()};
}
inline std::string text_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }
/// Views `text`.
inline capnp::Text::Reader reader_of(const std::string& text) { return {text.c_str(), text.size()}; }

inline std::string flat_bytes_of(capnp::MessageBuilder& message) {
  const kj::Array<capnp::word> words = capnp::messageToFlatArray(message);
  const auto bytes = words.asBytes();
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

/// What `read` makes of the message, whose words are aligned and bounded; `malformed` for bytes that are
/// none, or more than `max_bytes`: Cap'n Proto throws at whatever is wrong.
template <class Message, class Read>
auto read_flat(std::string_view bytes, std::size_t max_bytes, const error& malformed, Read&& read)
    -> result<decltype(read(std::declval<typename Message::Reader>()))> {
  if (bytes.size() > max_bytes || bytes.size() % sizeof(capnp::word) != 0) return malformed;
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.begin(), bytes.data(), bytes.size());
  try {
    capnp::FlatArrayMessageReader message(
        words, {.traversalLimitInWords = 2 * words.size() + 64, .nestingLimit = flat_nesting_max});
    return read(message.getRoot<Message>());
  } catch (const kj::Exception&) {
    return malformed;
  }
}

} // namespace actord::net
