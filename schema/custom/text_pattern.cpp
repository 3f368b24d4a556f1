#include "schema/custom/text_pattern.hpp"

#include <fmt/format.h>
#include <map>
#include <mutex>
#include <re2/re2.h>

namespace actord::schema::custom {
namespace {

/// What one expression may use for its program and its cache of states: little, unless it needs more (long
/// repetitions of letters of any script do).
constexpr std::int64_t usual_memory_bytes = 1 << 20;
constexpr std::int64_t largest_memory_bytes = 8 << 20;

std::shared_ptr<const RE2> compiled(const std::string& expression) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(usual_memory_bytes);
  auto made = std::make_shared<const RE2>(expression, options);
  if (made->error_code() != RE2::ErrorPatternTooLarge) return made;
  options.set_max_mem(largest_memory_bytes);
  return std::make_shared<const RE2>(expression, options);
}

/// Expressions in use, by their text: definitions repeat a few of them hundreds of times.
std::shared_ptr<const RE2> shared_expression(const std::string& expression) {
  static std::mutex guard;
  static std::map<std::string, std::weak_ptr<const RE2>, std::less<>> known;
  constexpr std::size_t sweep_at = 4096;
  const std::scoped_lock hold(guard);
  if (auto found = known[expression].lock()) return found;
  if (known.size() > sweep_at) std::erase_if(known, [](const auto& row) { return row.second.expired(); });
  auto made = compiled(expression);
  known[expression] = made;
  return made;
}

std::string_view go_reason(RE2::ErrorCode code) {
  switch (code) {
  case RE2::ErrorBadEscape:
    return "invalid escape sequence";
  case RE2::ErrorBadCharClass:
    return "invalid character class";
  case RE2::ErrorBadCharRange:
    return "invalid character class range";
  case RE2::ErrorMissingBracket:
    return "missing closing ]";
  case RE2::ErrorMissingParen:
    return "missing closing )";
  case RE2::ErrorUnexpectedParen:
    return "unexpected )";
  case RE2::ErrorTrailingBackslash:
    return "trailing backslash at end of expression";
  case RE2::ErrorRepeatArgument:
    return "missing argument to repetition operator";
  case RE2::ErrorRepeatSize:
    return "invalid repeat count";
  case RE2::ErrorRepeatOp:
    return "invalid nested repetition operator";
  case RE2::ErrorBadPerlOp:
    return "invalid or unsupported Perl syntax";
  case RE2::ErrorBadUTF8:
    return "invalid UTF-8";
  case RE2::ErrorBadNamedCapture:
    return "invalid named capture";
  case RE2::ErrorPatternTooLarge:
    return "expression too large";
  default:
    return "regexp/syntax: internal error";
  }
}

} // namespace

struct text_pattern::lazy {
  std::once_flag once;
  std::shared_ptr<const RE2> compiled;
};

text_pattern::text_pattern(std::string expression)
    : expression_(std::move(expression)), lazy_(std::make_unique<lazy>()) {}
text_pattern::~text_pattern() = default;
text_pattern::text_pattern(text_pattern&&) noexcept = default;
text_pattern& text_pattern::operator=(text_pattern&&) noexcept = default;

bool text_pattern::matches(std::string_view text) const {
  std::call_once(lazy_->once, [this] { lazy_->compiled = shared_expression(expression_); });
  return lazy_->compiled->ok() &&
         RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *lazy_->compiled);
}

std::string text_pattern::complaint(const std::string& expression) {
  const auto tried = compiled(expression);
  if (tried->ok()) return {};
  return fmt::format("error parsing regexp: {}: `{}`", go_reason(tried->error_code()), tried->error_arg());
}

} // namespace actord::schema::custom
