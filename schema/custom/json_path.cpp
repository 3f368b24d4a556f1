#include "schema/custom/json_path.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace actord::schema::custom {
namespace {

error broken(std::string_view text, std::string_view why) {
  return {.kind = error_kind::bad_request, .message = fmt::format("{}: {}", text, why)};
}

bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '/' || c == '$';
}

/// Orders two scalars of one type; nothing when they cannot be compared.
std::optional<int> order(const json& left, const json& right) {
  if (left.is_number() && right.is_number()) {
    const double a = left.get<double>();
    const double b = right.get<double>();
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (left.is_string() && right.is_string()) {
    const int by = left.get_ref<const std::string&>().compare(right.get_ref<const std::string&>());
    return by < 0 ? -1 : by > 0 ? 1 : 0;
  }
  if (left.type() == right.type()) return left == right ? std::optional(0) : std::optional(1);
  return std::nullopt;
}

} // namespace

class json_path::parser {
public:
  explicit parser(std::string_view text) : whole_(text), rest_(text) {}

  result<json_path> parse() {
    json_path path;
    if (rest_.starts_with('$')) rest_.remove_prefix(1);
    while (!rest_.empty()) {
      step next;
      if (skip('.')) {
        if (skip('*')) {
          next.kind = step_kind::all;
        } else if (rest_.empty() && path.steps_.empty()) {
          break; // "." is the object itself
        } else if (rest_.starts_with('[')) {
          continue;
        } else if (!read_name(next.name)) {
          return broken(whole_, "a name must follow the dot");
        }
      } else if (skip('[')) {
        if (auto bracket = read_bracket(next); !bracket) return bracket.error();
      } else {
        return broken(whole_, "unexpected character");
      }
      path.steps_.push_back(std::move(next));
    }
    return path;
  }

private:
  bool skip(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }

  bool read_name(std::string& name) {
    while (!rest_.empty()) {
      if (rest_.front() == '\\' && rest_.size() > 1)
        rest_.remove_prefix(1); // "\." is a dot of the name
      else if (!is_name(rest_.front()))
        break;
      name += rest_.front();
      rest_.remove_prefix(1);
    }
    return !name.empty();
  }

  bool read_quoted(std::string& text) {
    const char quote = rest_.front();
    if (quote != '\'' && quote != '"') return false;
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != quote) {
      if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    return skip(quote);
  }

  bool read_number(std::int64_t& number) {
    const auto end = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (end.ec != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end.ptr - rest_.data()));
    return true;
  }

  result<void> read_bracket(step& next) {
    if (rest_.empty()) return broken(whole_, "unterminated array");
    if (skip('*')) {
      next.kind = step_kind::all;
    } else if (skip('?')) {
      next.kind = step_kind::filter;
      if (auto filter = read_filter(next); !filter) return filter;
    } else if (rest_.front() == '\'' || rest_.front() == '"') {
      if (!read_quoted(next.name)) return broken(whole_, "unterminated quoted string");
    } else {
      const bool has_from = read_number(next.from);
      if (skip(':')) {
        next.kind = step_kind::slice;
        next.to_end = !read_number(next.to);
      } else if (has_from) {
        next.kind = step_kind::item;
      } else {
        return broken(whole_, "invalid array index");
      }
    }
    if (!skip(']')) return broken(whole_, "unterminated array");
    return {};
  }

  /// (@.a.b=="x")
  result<void> read_filter(step& next) {
    if (!skip('(')) return broken(whole_, "unterminated filter");
    skip_spaces();
    if (!skip('@')) return broken(whole_, "a filter must begin with @");
    while (skip('.')) {
      std::string name;
      if (!read_name(name)) return broken(whole_, "a name must follow the dot");
      next.operand.push_back(std::move(name));
    }
    skip_spaces();
    constexpr std::pair<std::string_view, comparison> words[] = {
        {"==", comparison::equal},         {"!=", comparison::not_equal},
        {"<=", comparison::less_or_equal}, {">=", comparison::greater_or_equal},
        {"<", comparison::less},           {">", comparison::greater}};
    for (const auto& [word, meaning] : words) {
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      next.compare = meaning;
      break;
    }
    skip_spaces();
    if (next.compare != comparison::exists) {
      if (rest_.empty()) return broken(whole_, "unterminated filter");
      if (std::string text; rest_.front() == '\'' || rest_.front() == '"') {
        if (!read_quoted(text)) return broken(whole_, "unterminated quoted string");
        next.literal = std::move(text);
      } else {
        const std::string_view word = rest_.substr(0, rest_.find_first_of(" )"));
        next.literal = json::parse(word, nullptr, false);
        if (next.literal.is_discarded() || next.literal.is_structured())
          return broken(whole_, "a filter compares with a text, a number, true or false");
        rest_.remove_prefix(word.size());
      }
    }
    skip_spaces();
    if (!skip(')')) return broken(whole_, "unterminated filter");
    return {};
  }

  std::string_view whole_;
  std::string_view rest_;
};

result<json_path> json_path::parse(std::string_view text) { return parser(text).parse(); }

bool json_path::passes(const step& filter, const json& item) {
  const json* at = &item;
  for (const std::string& name : filter.operand) {
    if (!at->is_object()) return false;
    const auto found = at->find(name);
    if (found == at->end()) return false;
    at = &*found;
  }
  if (filter.compare == comparison::exists) return true;
  const auto by = order(*at, filter.literal);
  if (!by) return filter.compare == comparison::not_equal;
  switch (filter.compare) {
  case comparison::equal:
    return *by == 0;
  case comparison::not_equal:
    return *by != 0;
  case comparison::less:
    return *by < 0;
  case comparison::less_or_equal:
    return *by <= 0;
  case comparison::greater:
    return *by > 0;
  default:
    return *by >= 0;
  }
}

std::vector<const json*> json_path::find(const json& root) const {
  std::vector<const json*> here{&root};
  for (const step& one : steps_) {
    std::vector<const json*> next;
    for (const json* value : here) {
      const auto size = static_cast<std::int64_t>(value->size());
      const auto in_list = [&](std::int64_t index) {
        return std::clamp(index < 0 ? index + size : index, std::int64_t{0}, size);
      };
      switch (one.kind) {
      case step_kind::member:
        if (value->is_object())
          if (const auto found = value->find(one.name); found != value->end()) next.push_back(&*found);
        break;
      case step_kind::item: {
        const std::int64_t index = one.from < 0 ? one.from + size : one.from;
        if (value->is_array() && index >= 0 && index < size)
          next.push_back(&(*value)[static_cast<std::size_t>(index)]);
        break;
      }
      case step_kind::slice:
        if (value->is_array())
          for (std::int64_t i = in_list(one.from); i < (one.to_end ? size : in_list(one.to)); ++i)
            next.push_back(&(*value)[static_cast<std::size_t>(i)]);
        break;
      case step_kind::all:
        if (value->is_structured())
          for (const json& item : *value) next.push_back(&item);
        break;
      case step_kind::filter:
        if (value->is_array())
          for (const json& item : *value)
            if (passes(one, item)) next.push_back(&item);
        break;
      }
    }
    here = std::move(next);
  }
  return here;
}

} // namespace actord::schema::custom
