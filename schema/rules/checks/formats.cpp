#include "schema/rules/checks/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace actord::schema::rules {

namespace {

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return lower(c) || (c >= 'A' && c <= 'Z'); }
bool lower_or_digit(char c) { return lower(c) || digit(c); }
bool letter_or_digit(char c) { return letter(c) || digit(c); }

/// Non-empty, first and last satisfy `edge`, all between satisfy `edge` or lie in `inner`.
bool framed(std::string_view value, bool (*edge)(char), std::string_view inner) {
  return !value.empty() && edge(value.front()) && edge(value.back()) &&
         std::ranges::all_of(value,
                             [&](char c) { return edge(c) || inner.find(c) != std::string_view::npos; });
}

bool is_label(std::string_view value) { return framed(value, lower_or_digit, "-"); }

bool each_part(std::string_view value, char separator, const std::function<bool(std::string_view)>& accept) {
  for (std::size_t start = 0;;) {
    const std::size_t end = value.find(separator, start);
    if (!accept(value.substr(start, end - start))) return false;
    if (end == std::string_view::npos) return true;
    start = end + 1;
  }
}

bool is_subdomain(std::string_view value) { return each_part(value, '.', is_label); }

/// [_]?[a-z0-9]([-_a-z0-9]*[a-z0-9])?
bool is_underscore_label(std::string_view value) {
  if (!value.empty() && value.front() == '_') value.remove_prefix(1);
  return framed(value, lower_or_digit, "-_");
}

constexpr std::string_view label_regex = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view subdomain_regex =
    R"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)";
constexpr std::string_view label_key_regex = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
constexpr std::string_view must_frame = "must consist of alphanumeric characters, '-', '_' or '.', and must "
                                        "start and end with an alphanumeric character";

std::string too_long(int limit, std::string_view unit) {
  return fmt::format("must be no more than {} {}", limit, unit);
}

std::string subdomain_complaint() {
  return regex_complaint(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
      "'.', and must start and end with an alphanumeric character",
      subdomain_regex, {"example.com"});
}

void no_parent_folder(std::string_view value, complaints& found) {
  if (value == ".")
    found.emplace_back("must not be '.'");
  else if (value == "..")
    found.emplace_back("must not be '..'");
  else if (value.starts_with(".."))
    found.emplace_back("must not start with '..'");
}

} // namespace

std::string regex_complaint(std::string_view what, std::string_view regex,
                            std::vector<std::string_view> examples) {
  std::string text(what);
  text += " (";
  if (!examples.empty()) text += "e.g. ";
  for (std::size_t at = 0; at < examples.size(); ++at)
    text += fmt::format("{}'{}', ", at > 0 ? " or " : "", examples[at]);
  return text + fmt::format("regex used for validation is '{}')", regex);
}

std::string range_complaint(std::int64_t low, std::int64_t high) {
  return fmt::format("must be between {} and {}, inclusive", low, high);
}

complaints dns_label(std::string_view value) {
  complaints found;
  if (value.size() > 63) found.push_back(too_long(63, "characters"));
  if (is_label(value)) return found;
  if (is_subdomain(value))
    found.emplace_back("must not contain dots");
  else
    found.push_back(
        regex_complaint("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
                        "'-', and must start and end with an alphanumeric character",
                        label_regex, {"my-name", "123-abc"}));
  return found;
}

complaints dns_subdomain(std::string_view value) {
  complaints found;
  if (value.size() > 253) found.push_back(too_long(253, "characters"));
  if (!is_subdomain(value)) found.push_back(subdomain_complaint());
  return found;
}

complaints long_name(std::string_view value) {
  complaints found;
  if (value.size() > 253) found.push_back(too_long(253, "bytes"));
  if (!is_subdomain(value)) found.push_back(subdomain_complaint());
  return found;
}

complaints dns_subdomain_with_underscore(std::string_view value) {
  complaints found;
  if (value.size() > 253) found.push_back(too_long(253, "characters"));
  if (!each_part(value, '.', is_underscore_label))
    found.push_back(regex_complaint(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', "
        "and must "
        "start and end with an alphanumeric character",
        R"(_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*)", {"example.com"}));
  return found;
}

complaints dns_1035_label(std::string_view value) {
  complaints found;
  if (value.size() > 63) found.push_back(too_long(63, "characters"));
  if (!is_label(value) || !lower(value.front()))
    found.push_back(
        regex_complaint("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start "
                        "with an alphabetic character, and end with an alphanumeric character",
                        "[a-z]([-a-z0-9]*[a-z0-9])?", {"my-name", "abc-123"}));
  return found;
}

complaints wildcard_subdomain(std::string_view value) {
  complaints found;
  if (value.size() > 253) found.push_back(too_long(253, "characters"));
  if (!value.starts_with("*.") || !is_subdomain(value.substr(2)))
    found.push_back(regex_complaint(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must "
        "consist of "
        "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        std::string(R"(\*\.)") + std::string(subdomain_regex), {"*.example.com"}));
  return found;
}

complaints path_segment_prefix(std::string_view value) {
  complaints found;
  if (value.find('/') != std::string_view::npos) found.emplace_back("may not contain '/'");
  if (value.find('%') != std::string_view::npos) found.emplace_back("may not contain '%'");
  return found;
}

complaints path_segment(std::string_view value) {
  if (value == "." || value == "..") return {fmt::format("may not be '{}'", value)};
  return path_segment_prefix(value);
}

complaints label_key(std::string_view value) {
  const auto slashes = std::ranges::count(value, '/');
  if (slashes > 1)
    return {fmt::format(
        "a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
        regex_complaint(must_frame, label_key_regex, {"MyName", "my.name", "123-abc"}))};
  complaints found;
  std::string_view name = value;
  if (slashes == 1) {
    const std::string_view prefix = value.substr(0, value.find('/'));
    name = value.substr(prefix.size() + 1);
    if (prefix.empty())
      found.emplace_back("prefix part must be non-empty");
    else {
      if (prefix.size() > 253) found.push_back(fmt::format("prefix part {}", too_long(253, "bytes")));
      if (!is_subdomain(prefix)) found.push_back(fmt::format("prefix part {}", subdomain_complaint()));
    }
  }
  if (name.empty())
    found.emplace_back("name part must be non-empty");
  else if (name.size() > 63)
    found.push_back(fmt::format("name part {}", too_long(63, "bytes")));
  if (!framed(name, letter_or_digit, "-_."))
    found.push_back(fmt::format(
        "name part {}", regex_complaint(must_frame, label_key_regex, {"MyName", "my.name", "123-abc"})));
  return found;
}

complaints label_value(std::string_view value) {
  complaints found;
  if (value.size() > 63) found.push_back(too_long(63, "bytes"));
  if (!value.empty() && !framed(value, letter_or_digit, "-_."))
    found.push_back(
        regex_complaint("a valid label must be an empty string or consist of alphanumeric characters, '-', "
                        "'_' or '.', and must start and end with an alphanumeric character",
                        "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", {"MyValue", "my_value", "12345"}));
  return found;
}

complaints c_identifier(std::string_view value) {
  const auto inner = [](char c) { return letter_or_digit(c) || c == '_'; };
  if (!value.empty() && !digit(value.front()) && std::ranges::all_of(value, inner)) return {};
  return {regex_complaint(
      "a valid C identifier must start with alphabetic character or '_', followed by a string of "
      "alphanumeric characters or '_'",
      "[A-Za-z_][A-Za-z0-9_]*", {"my_name", "MY_NAME", "MyName"})};
}

complaints port_name(std::string_view value) {
  complaints found;
  if (value.size() > 15) found.push_back(too_long(15, "characters"));
  if (value.empty() || !std::ranges::all_of(value, [](char c) { return lower_or_digit(c) || c == '-'; }))
    found.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (std::ranges::none_of(value, lower)) found.emplace_back("must contain at least one letter (a-z)");
  if (value.find("--") != std::string_view::npos) found.emplace_back("must not contain consecutive hyphens");
  if (value.starts_with('-') || value.ends_with('-'))
    found.emplace_back("must not begin or end with a hyphen");
  return found;
}

complaints config_key(std::string_view value) {
  complaints found;
  if (value.size() > 253) found.push_back(too_long(253, "characters"));
  const auto allowed = [](char c) { return letter_or_digit(c) || c == '-' || c == '.' || c == '_'; };
  if (value.empty() || !std::ranges::all_of(value, allowed))
    found.push_back(
        regex_complaint("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                        "[-._a-zA-Z0-9]+", {"key.name", "KEY_NAME", "key-name"}));
  no_parent_folder(value, found);
  return found;
}

complaints environment_name(std::string_view value) {
  complaints found;
  if (value.empty()) found.emplace_back("environment variable name must be non-empty");
  if (!std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~' && c != '='; }))
    found.emplace_back(
        "a valid environment variable name must consist only of printable ASCII characters other than '='");
  return found;
}

complaints strict_environment_name(std::string_view value) {
  complaints found;
  const auto allowed = [](char c) { return letter_or_digit(c) || c == '-' || c == '.' || c == '_'; };
  if (value.empty() || digit(value.front()) || !std::ranges::all_of(value, allowed))
    found.push_back(
        regex_complaint("a valid environment variable name must consist of alphabetic characters, digits, "
                        "'_', '-', or '.', and must not start with a digit",
                        "[-._a-zA-Z][-._a-zA-Z0-9]*", {"my.env-name", "MY_ENV.NAME", "MyEnvName1"}));
  no_parent_folder(value, found);
  return found;
}

complaints http_header_name(std::string_view value) {
  if (!value.empty() && std::ranges::all_of(value, [](char c) { return letter_or_digit(c) || c == '-'; }))
    return {};
  return {regex_complaint("a valid HTTP header must consist of alphanumeric characters or '-'",
                          "[-A-Za-z0-9]+", {"X-Header-Name"})};
}

complaints percentage(std::string_view value) {
  if (value.size() > 1 && value.back() == '%' &&
      std::ranges::all_of(value.substr(0, value.size() - 1), digit))
    return {};
  return {regex_complaint("a valid percent string must be a numeric string followed by an ending '%'",
                          "[0-9]+%", {"1%", "93%"})};
}

complaints condition_reason(std::string_view value) {
  const auto inner = [](char c) { return letter_or_digit(c) || c == '_' || c == ',' || c == ':'; };
  if (!value.empty() && letter(value.front()) && std::ranges::all_of(value, inner) &&
      (letter_or_digit(value.back()) || value.back() == '_'))
    return {};
  return {regex_complaint(
      "a condition reason must start with alphabetic character, optionally followed by a string of "
      "alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
      "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?",
      {"my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"})};
}

std::string mask_trailing_dash(std::string_view prefix) {
  std::string name(prefix);
  if (name.size() > 1 && name.back() == '-') name.back() = 'a';
  return name;
}

std::string go_quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    switch (c) {
    case '"':
      text += "\\\"";
      break;
    case '\\':
      text += "\\\\";
      break;
    case '\a':
      text += "\\a";
      break;
    case '\b':
      text += "\\b";
      break;
    case '\f':
      text += "\\f";
      break;
    case '\n':
      text += "\\n";
      break;
    case '\r':
      text += "\\r";
      break;
    case '\t':
      text += "\\t";
      break;
    case '\v':
      text += "\\v";
      break;
    default:
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
        text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      else
        text += c;
    }
  }
  return text + '"';
}

} // namespace actord::schema::rules
