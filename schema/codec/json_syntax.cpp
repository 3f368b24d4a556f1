#include "schema/codec/json_syntax.hpp"

#include "schema/codec/json_text.hpp"

#include <fmt/format.h>
#include <vector>

namespace actord::schema {
namespace {

std::string quoted(unsigned char c) {
  if (c == '\'') return R"('\'')";
  if (c == '"') return "'\"'";
  if (c == '\n') return R"('\n')";
  if (c == '\t') return R"('\t')";
  if (c == '\r') return R"('\r')";
  if (c < 0x20 || c == 0x7f) return fmt::format("'\\x{:02x}'", c);
  if (c >= 0x80)
    return fmt::format("'{}'", c >= 0xa1 && c != 0xad ? std::string{static_cast<char>(0xc0U | (c >> 6U)),
                                                                    static_cast<char>(0x80U | (c & 0x3fU))}
                                                      : fmt::format("\\u{:04x}", c));
  return fmt::format("'{}'", static_cast<char>(c));
}

/// A reader of the grammar that stops at the first byte that does not fit. Not recursive: the depth is
/// checked.
class grammar_reader {
public:
  explicit grammar_reader(std::string_view text) : text_(text) {}

  std::optional<syntax_error> run() {
    if (read_document()) return std::nullopt;
    failure_.offset = at_;
    for (const char c : text_.substr(0, at_)) failure_.line += c == '\n' ? 1 : 0;
    return failure_;
  }

private:
  bool read_document() {
    if (!read_value()) return false;
    while (!open_.empty()) {
      skip_space();
      const bool in_object = open_.back() == '{';
      if (peek() == (in_object ? '}' : ']')) {
        ++at_;
        open_.pop_back();
        continue;
      }
      if (peek() != ',') return unexpected(in_object ? "after object key:value pair" : "after array element");
      ++at_;
      if (in_object && !read_key("looking for beginning of object key string")) return false;
      if (!read_value()) return false;
    }
    skip_space();
    return at_ == text_.size() || unexpected("after top-level value");
  }

  /// A scalar, an empty container, or the opening of a container up to and including its first scalar.
  bool read_value() {
    while (true) {
      skip_space();
      const int c = peek();
      if (c != '{' && c != '[') return read_scalar(c);
      open_.push_back(static_cast<char>(c));
      if (open_.size() > json_depth_max) return fail("exceeded max depth");
      ++at_;
      skip_space();
      if (peek() == (c == '{' ? '}' : ']')) {
        ++at_;
        open_.pop_back();
        return true;
      }
      if (c == '{' && !read_key("looking for beginning of object key string")) return false;
    }
  }

  bool read_key(std::string_view wanted) {
    skip_space();
    if (peek() != '"') return unexpected(wanted);
    if (!read_string()) return false;
    skip_space();
    if (peek() != ':') return unexpected("after object key");
    ++at_;
    return true;
  }

  bool read_scalar(int c) {
    if (c == '"') return read_string();
    if (c == '-' || (c >= '0' && c <= '9')) return read_number();
    if (c == 't') return read_word("true");
    if (c == 'f') return read_word("false");
    if (c == 'n') return read_word("null");
    return unexpected("looking for beginning of value");
  }

  bool read_word(std::string_view word) {
    for (std::size_t i = 0; i < word.size(); ++i, ++at_)
      if (peek() != word[i]) return unexpected(fmt::format("in literal {} (expecting '{}')", word, word[i]));
    return true;
  }

  bool read_string() {
    ++at_;
    while (true) {
      const int c = peek();
      if (c < 0) return unexpected("");
      if (c < 0x20) return unexpected("in string literal");
      ++at_;
      if (c == '"') return true;
      if (c != '\\') continue;
      const int escaped = peek();
      if (escaped == 'u') {
        ++at_;
        for (int i = 0; i < 4; ++i, ++at_)
          if (!is_hex(peek())) return unexpected("in \\u hexadecimal character escape");
      } else if (std::string_view("\"\\/bfnrt").find(static_cast<char>(escaped)) != std::string_view::npos &&
                 escaped > 0) {
        ++at_;
      } else {
        return unexpected("in string escape code");
      }
    }
  }

  bool read_number() {
    if (peek() == '-') {
      ++at_;
      if (!is_digit(peek())) return unexpected("in numeric literal");
    }
    if (peek() == '0') {
      ++at_;
    } else {
      while (is_digit(peek())) ++at_;
    }
    if (peek() == '.') {
      ++at_;
      if (!is_digit(peek())) return unexpected("after decimal point in numeric literal");
      while (is_digit(peek())) ++at_;
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!is_digit(peek())) return unexpected("in exponent of numeric literal");
      while (is_digit(peek())) ++at_;
    }
    return true;
  }

  static bool is_digit(int c) { return c >= '0' && c <= '9'; }
  static bool is_hex(int c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

  /// -1 at the end.
  [[nodiscard]] int peek() const { return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : -1; }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  bool unexpected(std::string_view where) {
    if (at_ >= text_.size()) return fail("unexpected end of JSON input");
    return fail(
        fmt::format("invalid character {} {}", quoted(static_cast<unsigned char>(text_[at_])), where));
  }
  bool fail(std::string message) {
    failure_.message = std::move(message);
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string open_; ///< the containers we are in, as their opening brackets
  syntax_error failure_;
};

} // namespace

std::optional<syntax_error> find_syntax_error(std::string_view text) { return grammar_reader(text).run(); }

} // namespace actord::schema
