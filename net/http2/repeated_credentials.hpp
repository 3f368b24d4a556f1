#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace actord::net {

/// Spares nghttp2 decoding the same Authorization field with each request. Clients built on nghttp2 (curl,
/// Node) never let that field into the compression table: they spell it out in Huffman code each time, and a
/// token of 700 bytes costs more to decode than all else of a small request.
///
/// Stands before nghttp2 in the way of a connection's input. A value that comes a second time in the same
/// code is decoded once and kept; header blocks that spell it again are given on with `placeholder` in its
/// place. Everything that is not such a block whole in one piece of input (padded, continued, cut by a
/// record's end, or not as RFC 7541 has it) goes by unchanged: what is wrong with it, nghttp2 says.
///
/// A client that writes the placeholder itself beside its token gets its own token for it.
class repeated_credentials {
public:
  /// Takes from the front of `input`, which is not empty, what nghttp2 is to be given next: bytes as they
  /// are, or one shortened frame. Valid until the next call and while the input is.
  std::string_view next(std::string_view& input);

  /// Of a field in what `next` gave last: the value that its client sent.
  [[nodiscard]] std::string_view restored(std::string_view name, std::string_view value) const {
    return shortened_ && value == placeholder && name == "authorization" ? std::string_view(value_) : value;
  }

  static constexpr std::string_view placeholder = "as before";

private:
  static constexpr std::size_t head_bytes = 9;
  using frame_head = std::array<char, head_bytes>;

  /// Makes `frame_` of a frame that repeats the value; false when it does not.
  bool shorten(std::string_view frame);
  /// True when the coded value, which `field` spells whole, is the one that is kept.
  bool recognize(std::string_view code, std::string_view field);

  std::size_t pass_ = 24; ///< bytes to the next frame: at first the client's preface
  frame_head head_{};     ///< the begin of a frame whose head came in pieces
  std::size_t head_count_ = 0;
  bool shortened_ = false;
  std::string code_;  ///< the Huffman code seen last
  std::string value_; ///< what it says; empty until it was seen twice, or when it says nothing proper
  bool seen_twice_ = false;
  std::string frame_;
};

} // namespace actord::net
