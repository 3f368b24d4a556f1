#pragma once

#include "schema/base/json_fwd.hpp"

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace actord::schema {

/// A growing buffer for canonical JSON text. Room is made once for each piece, not for each character, and
/// memory is kept for the next text unless that was an unusually large one.
class text_writer {
public:
  void clear();
  [[nodiscard]] std::string_view text() const { return {buffer_.get(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }

  void put(char c) {
    if (size_ == capacity_) make_room(1);
    buffer_[size_++] = c;
  }
  void put(std::string_view piece) {
    if (piece.empty()) return;
    if (capacity_ - size_ < piece.size()) make_room(piece.size());
    std::memcpy(buffer_.get() + size_, piece.data(), piece.size());
    size_ += piece.size();
  }
  /// A JSON string literal. `text` is valid UTF-8.
  void put_string(std::string_view text);
  /// `"name":`
  void put_name(std::string_view name) {
    put_string(name);
    put(':');
  }
  /// Keys in the order of the tree, no white space, numbers as Go writes them.
  void put_value(const json& value);

private:
  void make_room(std::size_t bytes);
  void put_object(const json& value);
  /// The rest of a string literal, from its first character that needs an escape.
  void put_rest(std::string_view text);

  std::unique_ptr<char[]> buffer_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

} // namespace actord::schema
