#include "schema/cel/issues.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::schema::cel {
namespace {

constexpr std::string_view wide_dot = "\uff0e";
constexpr std::string_view wide_caret = "\uff3e";

std::string text_of(const issue& one, std::string_view expression) {
  const auto at = static_cast<std::size_t>(std::max<std::ptrdiff_t>(one.at, 0));
  const std::string_view before = expression.substr(0, std::min(at, expression.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t newline = before.rfind('\n');
  const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  const std::string_view shown = expression.substr(start, expression.find('\n', start) - start);
  const std::size_t column = character_count(before.substr(start)) + 1;
  if (one.at < 0) return fmt::format("ERROR: <input>:1:0: {}", one.message);
  std::string snippet(shown);
  std::ranges::replace(snippet, '\t', ' ');
  std::string pointer;
  std::string_view rest = shown;
  for (std::size_t i = 1; i < column && !rest.empty(); ++i) {
    const std::size_t length = sequence_length(rest);
    pointer += length > 1 ? wide_dot : ".";
    rest.remove_prefix(length);
  }
  pointer += !rest.empty() && sequence_length(rest) > 1 ? wide_caret : "^";
  return fmt::format("ERROR: <input>:{}:{}: {}\n | {}\n | {}", line, column, one.message, snippet, pointer);
}

} // namespace

std::string text_of(std::vector<issue> issues, std::string_view expression) {
  std::ranges::stable_sort(issues, {}, &issue::at);
  std::string all;
  for (const issue& one : issues) all += (all.empty() ? "" : "\n") + text_of(one, expression);
  return all;
}

std::size_t sequence_length(std::string_view from) {
  const auto first = static_cast<unsigned char>(from.front());
  const std::size_t length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 1;
  return std::min(length, from.size());
}

std::size_t character_count(std::string_view of) {
  return static_cast<std::size_t>(
      std::ranges::count_if(of, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

std::size_t byte_of_character(std::string_view of, std::size_t index) {
  std::size_t at = 0;
  for (; index > 0 && at < of.size(); --index) at += sequence_length(of.substr(at));
  return at;
}

} // namespace actord::schema::cel
