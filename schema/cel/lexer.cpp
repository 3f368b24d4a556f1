#include "schema/cel/lexer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace actord::schema::cel {
namespace {

constexpr std::array<std::string_view, 6> two_signs{"==", "!=", "<=", ">=", "&&", "||"};
constexpr std::string_view single_signs = "[]{}().,?:-+*/%!<>";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class lexer {
public:
  lexer(std::string_view all, std::vector<issue>& issues) : all_(all), issues_(issues) {}

  std::vector<token> run() {
    for (skip_blank(); at_ < all_.size(); skip_blank()) next();
    add(token_kind::end, 0);
    return std::move(tokens_);
  }

private:
  [[nodiscard]] std::string_view rest() const { return all_.substr(at_); }
  [[nodiscard]] char peek(std::size_t ahead) const {
    return at_ + ahead < all_.size() ? all_[at_ + ahead] : '\0';
  }

  void skip_blank() {
    while (at_ < all_.size()) {
      if (std::string_view(" \t\n\r\f").find(all_[at_]) != std::string_view::npos)
        ++at_;
      else if (rest().starts_with("//"))
        at_ = std::min(all_.find('\n', at_), all_.size());
      else
        return;
    }
  }

  token& add(token_kind kind, std::size_t length) {
    tokens_.push_back({kind, all_.substr(at_, length), at_, {}, {}});
    at_ += length;
    return tokens_.back();
  }

  void next() {
    if (is_quoted()) return quoted();
    if (is_letter(peek(0))) return word();
    if (is_digit(peek(0)) || (peek(0) == '.' && is_digit(peek(1)))) return number();
    for (const std::string_view sign : two_signs)
      if (rest().starts_with(sign)) {
        add(token_kind::sign, 2);
        return;
      }
    if (single_signs.find(peek(0)) != std::string_view::npos) {
      add(token_kind::sign, 1);
      return;
    }
    // The start of a sign of two characters is told with what stands where the second should.
    const bool begun = std::string_view("=&|").find(peek(0)) != std::string_view::npos;
    std::size_t length = sequence_length(rest());
    if (begun && length < rest().size()) length += sequence_length(rest().substr(length));
    unrecognized(length);
  }

  void unrecognized(std::size_t length) {
    std::string shown;
    for (const char c : rest().substr(0, length))
      if (c == '\n')
        shown += "\\n";
      else if (c == '\t')
        shown += "\\t";
      else if (c == '\r')
        shown += "\\r";
      else
        shown += c;
    issues_.push_back({static_cast<std::ptrdiff_t>(at_),
                       fmt::format("Syntax error: token recognition error at: '{}'", shown)});
    at_ += length;
  }

  void word() {
    std::size_t length = 0;
    while (is_letter(peek(length)) || is_digit(peek(length))) ++length;
    const std::string_view seen = rest().substr(0, length);
    if (seen == "in") {
      add(token_kind::sign, length);
    } else if (seen == "true" || seen == "false") {
      const bool yes = seen == "true";
      add(token_kind::literal, length).held = yes;
    } else {
      const bool null = seen == "null";
      token& made = add(null ? token_kind::literal : token_kind::identifier, length);
      if (null) made.held = nullptr;
    }
  }

  void number() {
    if (peek(0) == '0' && (peek(1) == 'x' || peek(1) == 'X') && is_hex(peek(2))) {
      std::size_t length = 2;
      while (is_hex(peek(length))) ++length;
      return whole(length, 16);
    }
    std::size_t length = 0;
    while (is_digit(peek(length))) ++length;
    bool exact = true;
    if (peek(length) == '.' && is_digit(peek(length + 1))) {
      exact = false;
      for (++length; is_digit(peek(length));) ++length;
    }
    if (peek(length) == 'e' || peek(length) == 'E') {
      std::size_t exponent = length + 1;
      if (peek(exponent) == '+' || peek(exponent) == '-') ++exponent;
      if (is_digit(peek(exponent))) {
        exact = false;
        while (is_digit(peek(exponent))) ++exponent;
        length = exponent;
      }
    }
    if (exact) return whole(length, 10);
    double read = 0;
    const char* begin = all_.data() + at_;
    const auto [end, failed] = std::from_chars(begin, begin + length, read);
    token& made = add(token_kind::literal, length);
    made.held = read;
    if (failed != std::errc()) bad(made, "invalid double literal");
  }

  void whole(std::size_t length, int base) {
    const bool is_unsigned = peek(length) == 'u' || peek(length) == 'U';
    const std::size_t skip = base == 16 ? 2 : 0;
    std::uint64_t read = 0;
    const char* begin = all_.data() + at_;
    const auto [end, failed] = std::from_chars(begin + skip, begin + length, read, base);
    token& made = add(token_kind::literal, length + (is_unsigned ? 1 : 0));
    if (is_unsigned)
      made.held = read;
    else if (read == std::uint64_t{1} << 63U)
      made.held = read; // only good with a minus before it; the parser looks
    else
      made.held = static_cast<std::int64_t>(read);
    if (failed != std::errc()) bad(made, is_unsigned ? "invalid uint literal" : "invalid int literal");
    if (failed == std::errc() && !is_unsigned && read > std::uint64_t{1} << 63U)
      bad(made, "invalid int literal");
  }

  static void bad(token& made, std::string complaint) {
    made.kind = token_kind::bad_literal;
    made.complaint = std::move(complaint);
  }

  // Texts and bytes: r'...', b"...", br'''...'''

  [[nodiscard]] bool is_quoted() const {
    std::size_t ahead = 0;
    while (ahead < 2 && std::string_view("rRbB").find(peek(ahead)) != std::string_view::npos &&
           peek(ahead) != '\0')
      ++ahead;
    if (ahead == 2 && std::string_view("rR").find(peek(0)) != std::string_view::npos &&
        std::string_view("rR").find(peek(1)) != std::string_view::npos)
      return false;
    return peek(ahead) == '\'' || peek(ahead) == '"';
  }

  void quoted() {
    bool raw = false;
    bool bytes = false;
    std::size_t begin = 0;
    for (; peek(begin) != '\'' && peek(begin) != '"'; ++begin)
      (std::string_view("rR").find(peek(begin)) != std::string_view::npos ? raw : bytes) = true;
    const char quote = peek(begin);
    const bool triple = peek(begin + 1) == quote && peek(begin + 2) == quote;
    const std::string closing(triple ? 3 : 1, quote);
    begin += closing.size();
    std::size_t end = begin;
    while (at_ + end < all_.size() && !rest().substr(end).starts_with(closing)) {
      if (!triple && (peek(end) == '\n' || peek(end) == '\r')) return unrecognized(end);
      end += !raw && peek(end) == '\\' ? 2 : 1;
    }
    if (at_ + end >= all_.size()) return unrecognized(rest().size());
    const std::string_view content = rest().substr(begin, end - begin);
    token& made = add(token_kind::literal, end + closing.size());
    std::string own(content);
    if (!raw && !unescape(content, bytes, own)) bad(made, "invalid escape sequence");
    if (bytes)
      made.held = byte_text{text(std::move(own))};
    else
      made.held = value::of(std::move(own));
  }

  static bool unescape(std::string_view from, bool bytes, std::string& to) {
    to.clear();
    while (!from.empty()) {
      if (from.front() != '\\') {
        const std::size_t plain = std::min(from.find('\\'), from.size());
        to += from.substr(0, plain);
        from.remove_prefix(plain);
        continue;
      }
      if (from.size() < 2 || !unescape_one(from, bytes, to)) return false;
    }
    return true;
  }

  /// `from` begins with a backslash and something.
  static bool unescape_one(std::string_view& from, bool bytes, std::string& to) {
    constexpr std::string_view names = "abfnrtv\\?\"'`";
    constexpr std::string_view meant = "\a\b\f\n\r\t\v\\?\"'`";
    const char kind = from[1];
    if (const std::size_t simple = names.find(kind); simple != std::string_view::npos) {
      to += meant[simple];
      from.remove_prefix(2);
      return true;
    }
    std::size_t digits = 0;
    std::size_t skip = 2;
    int base = 16;
    if (kind == 'x' || kind == 'X') digits = 2;
    if (kind == 'u') digits = 4;
    if (kind == 'U') digits = 8;
    if (kind >= '0' && kind <= '3') digits = 3, skip = 1, base = 8;
    if (digits == 0 || from.size() < skip + digits || (bytes && digits > 3)) return false;
    std::uint32_t read = 0;
    const char* begin = from.data() + skip;
    const auto [end, failed] = std::from_chars(begin, begin + digits, read, base);
    if (failed != std::errc() || end != begin + digits) return false;
    if (read > 0x10ffff || (read >= 0xd800 && read < 0xe000)) return false;
    if (bytes)
      to += static_cast<char>(read);
    else
      append_character(to, read);
    from.remove_prefix(skip + digits);
    return true;
  }

  std::string_view all_;
  std::vector<issue>& issues_;
  std::size_t at_ = 0;
  std::vector<token> tokens_;
};

} // namespace

void append_character(std::string& to, std::uint32_t character) {
  if (character < 0x80) {
    to += static_cast<char>(character);
    return;
  }
  const int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
  constexpr std::array<unsigned, 4> lead{0, 0xc0, 0xe0, 0xf0};
  to += static_cast<char>(lead.at(static_cast<std::size_t>(more)) |
                          (character >> (6U * static_cast<unsigned>(more))));
  for (int i = more - 1; i >= 0; --i)
    to += static_cast<char>(0x80U | ((character >> (6U * static_cast<unsigned>(i))) & 0x3fU));
}

std::vector<token> tokens_of(std::string_view expression, std::vector<issue>& issues) {
  return lexer(expression, issues).run();
}

} // namespace actord::schema::cel
