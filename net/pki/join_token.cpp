#include "net/pki/join_token.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace actord::net {
namespace {

constexpr std::size_t id_length = 6;
constexpr std::size_t secret_length = 16;
constexpr std::size_t hash_length = 64;
constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuvwxyz";

std::string draw(std::size_t length, random_source& random) {
  // Numbers at or above the largest multiple of 36 are drawn again: every letter is as likely as any other.
  constexpr std::uint64_t fair = UINT64_MAX / letters.size() * letters.size();
  std::string text;
  while (text.size() < length) {
    const std::uint64_t number = random.next();
    if (number < fair) text += letters[number % letters.size()];
  }
  return text;
}

bool all_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const std::size_t begin = std::min(text.find_first_not_of(blank), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(blank) + 1);
}

error wrong(std::string why) {
  return {.kind = error_kind::bad_request,
          .message =
              fmt::format("{}; a join token is ID.SECRET.HASH, as 'actctl token create' prints it", why)};
}

struct part_rule {
  const char* name;
  std::size_t length;
  std::string_view allowed;
  const char* words;
};

constexpr std::array rules{part_rule{"id", id_length, letters, "lower-case letters and digits"},
                           part_rule{"secret", secret_length, letters, "lower-case letters and digits"},
                           part_rule{"hash", hash_length, "0123456789abcdef", "hexadecimal digits"}};

} // namespace

bool is_token_id(std::string_view text) { return text.size() == id_length && all_of(text, letters); }

join_token create_join_token(std::string authority_hash, random_source& random) {
  join_token made;
  made.id = draw(id_length, random);
  made.secret = draw(secret_length, random);
  made.authority_hash = std::move(authority_hash);
  return made;
}

result<join_token> parse_join_token(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return wrong("the join token is empty");
  const auto dots = std::ranges::count(text, '.');
  if (dots == 1)
    return wrong("the join token has no hash of the cluster's authority: its third part is missing");
  if (dots != 2) return wrong(fmt::format("the join token has {} parts instead of three", dots + 1));
  std::array<std::string_view, 3> parts;
  for (std::string_view& part : parts) {
    const std::size_t end = std::min(text.find('.'), text.size());
    part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const part_rule& rule = rules[i];
    if (parts[i].size() != rule.length)
      return wrong(fmt::format("the join token's {} has {} characters instead of {}", rule.name,
                               parts[i].size(), rule.length));
    if (!all_of(parts[i], rule.allowed))
      return wrong(fmt::format("the join token's {} may hold {} only", rule.name, rule.words));
  }
  join_token token;
  token.id = parts[0];
  token.secret = parts[1];
  token.authority_hash = parts[2];
  return token;
}

} // namespace actord::net
