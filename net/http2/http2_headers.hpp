#pragma once

#include "net/http/http_server.hpp"

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::net {

/// A field that nghttp2 copies when it is submitted.
nghttp2_nv header_field(std::string_view name, std::string_view value);

/// The fields before a response's body. By the same rules as render_head: names that are no tokens are left
/// out, control characters in values become spaces, framing is ours. Valid while the response is.
class header_fields {
public:
  void assign(const http_response& response, std::optional<std::uint64_t> length, std::string_view date);
  [[nodiscard]] const nghttp2_nv* data() const { return fields_.data(); }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }

private:
  std::vector<nghttp2_nv> fields_;
  std::array<char, 3> status_{};
  std::array<char, 20> length_{};
  std::vector<std::string> mended_; ///< names and values that could not be sent as they were
};

} // namespace actord::net
