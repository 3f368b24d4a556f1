#include "net/http/query.hpp"

#include "net/http/utf8.hpp"

#include <algorithm>

namespace actord::net {

namespace {

error bad_request(std::string message) {
  return error{.kind = error_kind::bad_request, .message = std::move(message)};
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

bool is_unreserved(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '-' || character == '.' || character == '_' ||
         character == '~';
}

} // namespace

result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t index = 0; index < text.size(); ++index) {
    char character = text[index];
    if (character == '%') {
      const int high = index + 2 < text.size() ? hex_value(text[index + 1]) : -1;
      const int low = index + 2 < text.size() ? hex_value(text[index + 2]) : -1;
      if (high < 0 || low < 0)
        return bad_request("invalid URL escape \"" + std::string(text.substr(index, 3)) + "\"");
      character = static_cast<char>(high * 16 + low);
      index += 2;
    } else if (character == '+' && plus_is_space) {
      character = ' ';
    }
    if (character == '\0') return bad_request("the URL contains a NUL character");
    decoded.push_back(character);
  }
  if (!is_utf8(decoded)) return bad_request("the URL is not valid UTF-8");
  return decoded;
}

result<std::vector<std::string>> split_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return bad_request("the path must start with \"/\"");
  std::vector<std::string> segments;
  path.remove_prefix(1);
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    auto segment = percent_decode(path.substr(0, slash));
    if (!segment) return segment.error();
    if (segment->empty() || *segment == "." || *segment == ".." || segment->find('/') != std::string::npos) {
      return bad_request("invalid path segment \"" + *segment + "\"");
    }
    if (segments.size() == path_segments_max) return bad_request("the path has too many segments");
    segments.push_back(*std::move(segment));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return segments;
}

result<query_parameters> query_parameters::parse(std::string_view query) {
  query_parameters parameters;
  while (!query.empty()) {
    const std::size_t separator = query.find('&');
    const std::string_view pair = query.substr(0, separator);
    query.remove_prefix(separator == std::string_view::npos ? query.size() : separator + 1);
    if (pair.empty()) continue;
    if (pair.find(';') != std::string_view::npos) return bad_request("invalid semicolon separator in query");
    const std::size_t equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), true);
    if (!name) return name.error();
    auto value =
        percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!value) return value.error();
    if (parameters.entries_.size() == query_parameters_max)
      return bad_request("the query has too many parameters");
    parameters.entries_.emplace_back(*std::move(name), *std::move(value));
  }
  return parameters;
}

std::optional<std::string_view> query_parameters::find(std::string_view name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [name](const auto& entry) { return entry.first == name; });
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

std::string_view query_parameters::get(std::string_view name) const {
  return find(name).value_or(std::string_view());
}

std::vector<std::string_view> query_parameters::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : entries_) {
    if (key == name) values.emplace_back(value);
  }
  return values;
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char character : text) {
    if (is_unreserved(character)) {
      encoded.push_back(character);
      continue;
    }
    const auto byte = static_cast<unsigned char>(character);
    encoded.push_back('%');
    encoded.push_back(digits[byte >> 4U]);
    encoded.push_back(digits[byte & 0x0FU]);
  }
  return encoded;
}

} // namespace actord::net
