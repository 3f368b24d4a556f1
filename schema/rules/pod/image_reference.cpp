#include "schema/rules/pod/pod_defaults.hpp"

#include <algorithm>

namespace actord::schema::rules {

namespace {

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool word(char c) { return lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_'; }

/// [a-z0-9]+ joined by '.', '_', "__" or any number of dashes.
bool path_component(std::string_view text) {
  if (text.empty() || !lower_or_digit(text.front()) || !lower_or_digit(text.back())) return false;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && !lower_or_digit(text[end])) ++end;
    const std::string_view joint = text.substr(at, end - at);
    if (!joint.empty() && joint != "." && joint != "_" && joint != "__" &&
        joint.find_first_not_of('-') != std::string_view::npos)
      return false;
    at = end + (end == at ? 1 : 0);
  }
  return true;
}

bool repository_path(std::string_view path) {
  for (;;) {
    const std::size_t slash = path.find('/');
    if (!path_component(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

/// "registry.example.com:5000", "localhost".
bool registry(std::string_view host) {
  const std::size_t colon = host.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    if (port.empty() || !std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) return false;
    host = host.substr(0, colon);
  }
  return !host.empty() && word(host.front()) && word(host.back()) &&
         host.find("..") == std::string_view::npos &&
         std::ranges::all_of(host, [](char c) { return (word(c) && c != '_') || c == '.' || c == '-'; });
}

bool valid_tag(std::string_view tag) {
  return !tag.empty() && tag.size() <= 128 && word(tag.front()) &&
         std::ranges::all_of(tag, [](char c) { return word(c) || c == '.' || c == '-'; });
}

bool valid_digest(std::string_view digest) {
  const std::size_t colon = digest.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view hex = digest.substr(colon + 1);
  return hex.size() >= 32 && hex.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

} // namespace

std::string_view image_tag(std::string_view image) {
  const std::size_t at = image.find('@');
  const bool has_digest = at != std::string_view::npos;
  if (has_digest && !valid_digest(image.substr(at + 1))) return {};
  std::string_view name = image.substr(0, at);

  const std::size_t slash = name.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view host = name.substr(0, slash);
    const bool upper = std::ranges::any_of(host, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (host.find_first_of(".:") != std::string_view::npos || host == "localhost" || upper) {
      if (!registry(host)) return {};
      name.remove_prefix(slash + 1);
    }
  }
  std::string_view tag;
  const std::size_t colon = name.find(':');
  if (colon != std::string_view::npos) {
    tag = name.substr(colon + 1);
    if (!valid_tag(tag)) return {};
    name = name.substr(0, colon);
  }
  if (!repository_path(name)) return {};
  // Names without a path are short for those of the library.
  constexpr std::size_t longest_path = 255;
  const std::size_t library = slash == std::string_view::npos ? std::string_view("library/").size() : 0;
  if (name.size() + library > longest_path) return {};
  if (tag.empty() && !has_digest) return "latest";
  return tag;
}

} // namespace actord::schema::rules
