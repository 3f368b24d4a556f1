#include "net/proxy/link_rewriting.hpp"

#include "net/http/header_lists.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace actord::net {
namespace {

constexpr std::size_t markup_max_bytes = std::size_t{64} * 1024;

struct linking_attribute {
  std::string_view element;
  std::string_view attribute;
};

/// HTML's attributes that hold an address.
constexpr std::array<linking_attribute, 36> linking_attributes{{
    {"a", "href"},          {"applet", "codebase"}, {"area", "href"},       {"audio", "src"},
    {"base", "href"},       {"blockquote", "cite"}, {"body", "background"}, {"button", "formaction"},
    {"command", "icon"},    {"del", "cite"},        {"embed", "src"},       {"form", "action"},
    {"frame", "longdesc"},  {"frame", "src"},       {"head", "profile"},    {"html", "manifest"},
    {"iframe", "longdesc"}, {"iframe", "src"},      {"img", "longdesc"},    {"img", "src"},
    {"img", "usemap"},      {"input", "src"},       {"input", "usemap"},    {"input", "formaction"},
    {"ins", "cite"},        {"link", "href"},       {"object", "classid"},  {"object", "codebase"},
    {"object", "data"},     {"object", "usemap"},   {"q", "cite"},          {"script", "src"},
    {"source", "src"},      {"track", "src"},       {"video", "poster"},    {"video", "src"},
}};

bool is_space(char letter) {
  return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r' || letter == '\f';
}
bool is_letter(char letter) { return (ascii_lower(letter) >= 'a' && ascii_lower(letter) <= 'z'); }

bool links(std::string_view element, std::string_view attribute) {
  return std::any_of(
      linking_attributes.begin(), linking_attributes.end(), [&](const linking_attribute& each) {
        return equals_ignoring_case(each.element, element) && equals_ignoring_case(each.attribute, attribute);
      });
}

std::size_t find_ignoring_case(std::string_view text, std::string_view wanted) {
  const auto at = std::search(text.begin(), text.end(), wanted.begin(), wanted.end(),
                              [](char left, char right) { return ascii_lower(left) == ascii_lower(right); });
  return at == text.end() ? std::string_view::npos : static_cast<std::size_t>(at - text.begin());
}

struct split_link {
  std::string_view host; ///< empty: none named
  std::string_view path; ///< with query and fragment
};

split_link split(std::string_view link) {
  const bool has_scheme = link.starts_with("http://") || link.starts_with("https://");
  if (!has_scheme && !link.starts_with("//")) return {{}, link};
  link.remove_prefix(link.find("//") + 2);
  const std::size_t end = std::min(link.find_first_of("/?#"), link.size());
  return {link.substr(0, end), link.substr(end)};
}

/// The end of a start tag: '>' outside of quotes.
std::size_t tag_end(std::string_view rest) {
  char quote = 0;
  for (std::size_t at = 1; at < rest.size(); ++at) {
    if (quote != 0) {
      if (rest[at] == quote) quote = 0;
    } else if ((rest[at] == '"' || rest[at] == '\'') && rest[at - 1] == '=') {
      quote = rest[at];
    } else if (rest[at] == '>') {
      return at + 1;
    }
  }
  return 0;
}

} // namespace

std::string rewritten_link(const link_terms& terms, std::string_view link) {
  const split_link parts = split(link);
  const bool elsewhere =
      !parts.host.empty() && parts.host != terms.backend_host && parts.host != terms.request_host;
  if (elsewhere || !parts.path.starts_with('/')) return std::string(link);
  const std::string_view behind = parts.path.substr(std::min(terms.prefix.size(), parts.path.size()));
  const bool has_prefix =
      parts.path.starts_with(terms.prefix) &&
      (behind.empty() || std::string_view("/?#").find(behind.front()) != std::string_view::npos);
  return has_prefix ? std::string(parts.path) : terms.prefix + std::string(parts.path);
}

std::string html_rewriter::put(std::string_view piece) {
  held_ += piece;
  std::string done;
  std::string_view rest = held_;
  while (!rest.empty()) {
    const std::size_t next = raw_until_.empty() ? rest.find('<') : find_ignoring_case(rest, raw_until_);
    if (next == std::string_view::npos) {
      // The end of a raw element may be cut in two.
      const std::size_t keep = raw_until_.empty() ? 0 : std::min(rest.size(), raw_until_.size() - 1);
      done += rest.substr(0, rest.size() - keep);
      rest.remove_prefix(rest.size() - keep);
      break;
    }
    raw_until_.clear();
    done += rest.substr(0, next);
    rest.remove_prefix(next);
    const std::size_t length = markup_length(rest);
    if (length == 0) {
      if (rest.size() < markup_max_bytes) break;
      done += rest; // Too long to be a tag: its parts are text to us.
      rest = {};
      break;
    }
    done += rewritten_tag(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  held_ = std::string(rest);
  return done;
}

std::string html_rewriter::finish() { return std::exchange(held_, {}); }

std::size_t html_rewriter::markup_length(std::string_view rest) const {
  if (rest.size() < 2) return 0;
  if (rest[1] == '!') {
    constexpr std::string_view comment = "<!--";
    if (rest.starts_with(comment)) {
      const std::size_t end = rest.find("-->", comment.size());
      return end == std::string_view::npos ? 0 : end + 3;
    }
    if (comment.starts_with(rest)) return 0; // perhaps a comment
  } else if (rest[1] != '/' && rest[1] != '?' && !is_letter(rest[1])) {
    return 1; // a lone '<'
  }
  return tag_end(rest);
}

std::string html_rewriter::rewritten_tag(std::string_view tag) {
  if (tag.size() < 3 || !is_letter(tag[1])) return std::string(tag);
  std::size_t at = 1;
  while (at < tag.size() && !is_space(tag[at]) && tag[at] != '>' && tag[at] != '/') ++at;
  const std::string_view element = tag.substr(1, at - 1);
  for (const std::string_view raw : {"script", "style", "textarea", "title"})
    if (equals_ignoring_case(element, raw) && !tag.ends_with("/>")) raw_until_ = "</" + std::string(raw);
  std::string out(tag.substr(0, at));
  while (at < tag.size()) {
    const std::size_t name_begin = at;
    while (at < tag.size() && (is_space(tag[at]) || tag[at] == '/' || tag[at] == '>')) ++at;
    out += tag.substr(name_begin, at - name_begin);
    const std::size_t begin = at;
    while (at < tag.size() && !is_space(tag[at]) && tag[at] != '=' && tag[at] != '>' && tag[at] != '/') ++at;
    const std::string_view attribute = tag.substr(begin, at - begin);
    out += attribute;
    const std::size_t gap = at;
    while (at < tag.size() && is_space(tag[at])) ++at;
    if (at >= tag.size() || tag[at] != '=') {
      at = gap;
      if (begin == at && at < tag.size() && !is_space(tag[at]) && tag[at] != '/' && tag[at] != '>')
        out += tag[at++];
      continue;
    }
    ++at;
    while (at < tag.size() && is_space(tag[at])) ++at;
    const char quote = at < tag.size() && (tag[at] == '"' || tag[at] == '\'') ? tag[at] : '\0';
    if (quote != '\0') ++at;
    out += tag.substr(gap, at - gap);
    const std::size_t value_begin = at;
    while (at < tag.size() && (quote != '\0' ? tag[at] != quote : !is_space(tag[at]) && tag[at] != '>')) ++at;
    const std::string_view value = tag.substr(value_begin, at - value_begin);
    out += links(element, attribute) ? rewritten_link(terms_, value) : std::string(value);
    if (quote != '\0' && at < tag.size()) out += tag[at++];
  }
  return out;
}

} // namespace actord::net
