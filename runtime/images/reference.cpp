#include "runtime/images/image_store.hpp"

#include <algorithm>

namespace actord::runtime {
namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_tag = 128;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_letter_or_digit(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

/// Runs of lower case letters and digits, joined by ".", "_", "__" or any number of "-".
bool is_path_component(std::string_view text) {
  if (text.empty() || !is_lower_or_digit(text.front()) || !is_lower_or_digit(text.back())) return false;
  for (std::size_t at = 0; at < text.size();) {
    if (is_lower_or_digit(text[at])) {
      ++at;
      continue;
    }
    const std::size_t end = std::min(text.find_first_not_of(text[at], at), text.size());
    const std::size_t length = end - at;
    const bool allowed =
        text[at] == '-' || (text[at] == '.' && length == 1) || (text[at] == '_' && length <= 2);
    if (!allowed || !is_lower_or_digit(text[end])) return false;
    at = end;
  }
  return true;
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= longest_tag && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_digest(std::string_view text) {
  constexpr std::string_view prefix = "sha256:";
  if (!text.starts_with(prefix) || text.size() != prefix.size() + 64) return false;
  text.remove_prefix(prefix.size());
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_host(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  if (colon != std::string_view::npos && (!bracketed || text[colon - 1] == ']')) {
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() || port.size() > 5 ||
        !std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return false;
    text = text.substr(0, colon);
  }
  if (bracketed) return text.size() > 2 && text.back() == ']';
  return !text.empty() && is_letter_or_digit(text.front()) && is_letter_or_digit(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-'; });
}

error invalid_reference(std::string_view reference) {
  return error{.kind = error_kind::bad_request,
               .message =
                   "couldn't parse image name \"" + std::string(reference) + "\": invalid reference format"};
}

} // namespace

// The grammar is that of github.com/distribution/reference, with its familiar-name rules: no host means
// docker.io, and a single component there lives below "library/".
result<std::string> normalize_reference(std::string_view reference) {
  std::string_view rest = reference;
  std::string_view digest;
  std::string_view tag;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (!is_digest(digest)) return invalid_reference(reference);
  }
  if (const std::size_t colon = rest.rfind(':');
      colon != std::string_view::npos && rest.find('/', colon) == std::string_view::npos) {
    tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!is_tag(tag)) return invalid_reference(reference);
  }
  std::string host = "docker.io";
  std::string path(rest);
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    const std::string_view first = rest.substr(0, slash);
    const bool names_host =
        first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
        std::any_of(first.begin(), first.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (names_host) {
      if (!is_host(first)) return invalid_reference(reference);
      host = first == "index.docker.io" ? "docker.io" : std::string(first);
      path = std::string(rest.substr(slash + 1));
    }
  }
  if (host == "docker.io" && path.find('/') == std::string::npos) path.insert(0, "library/");
  if (host.size() + 1 + path.size() > longest_name) return invalid_reference(reference);
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    if (!is_path_component(std::string_view(path).substr(start, end - start)))
      return invalid_reference(reference);
    start = end + 1;
  }
  std::string name = host + "/" + path;
  if (!tag.empty()) name.append(":").append(tag);
  if (!digest.empty()) name.append("@").append(digest);
  if (tag.empty() && digest.empty()) name += ":latest";
  return name;
}

} // namespace actord::runtime
