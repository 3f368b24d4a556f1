#include "net/http2/http2_headers.hpp"

#include "net/http/header_lists.hpp"
#include "net/http/response_head.hpp"

#include <algorithm>
#include <charconv>

namespace actord::net {

namespace {

bool is_upper(char letter) { return letter >= 'A' && letter <= 'Z'; }

bool is_clean(std::string_view value) {
  return !has_control(value) && (value.empty() || (value.front() != ' ' && value.back() != ' '));
}

} // namespace

nghttp2_nv header_field(std::string_view name, std::string_view value) {
  // nghttp2 takes no const, and copies.
  return {.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          .value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
          .namelen = name.size(),
          .valuelen = value.size(),
          .flags = NGHTTP2_NV_FLAG_NONE};
}

void header_fields::assign(const http_response& response, std::optional<std::uint64_t> length,
                           std::string_view date) {
  fields_.clear();
  mended_.clear();
  mended_.reserve(2 * response.headers.size()); // views into it must last
  const int code = std::clamp(response.code, 100, 999);
  std::to_chars(status_.data(), status_.data() + status_.size(), code);
  fields_.push_back(header_field(":status", {status_.data(), status_.size()}));
  for (const auto& [name, value] : response.headers) {
    if (!is_token(name) || is_framing_header(name)) continue;
    std::string_view sent_name = name;
    std::string_view sent_value = value;
    if (std::any_of(name.begin(), name.end(), is_upper)) {
      std::string& lower = mended_.emplace_back(name);
      std::transform(lower.begin(), lower.end(), lower.begin(), ascii_lower);
      sent_name = lower;
    }
    if (!is_clean(value)) {
      std::string& clean = mended_.emplace_back(value);
      std::replace_if(clean.begin(), clean.end(), is_control, ' ');
      sent_value = clean;
      while (sent_value.starts_with(' ')) sent_value.remove_prefix(1);
      while (sent_value.ends_with(' ')) sent_value.remove_suffix(1);
    }
    fields_.push_back(header_field(sent_name, sent_value));
  }
  if (!date.empty()) fields_.push_back(header_field("date", date));
  if (length) {
    const auto* end = std::to_chars(length_.data(), length_.data() + length_.size(), *length).ptr;
    fields_.push_back(
        header_field("content-length", {length_.data(), static_cast<std::size_t>(end - length_.data())}));
  }
}

} // namespace actord::net
