#include "schema/custom/validate_value.hpp"

#include "schema/base/json.hpp"
#include "schema/custom/structural_schema.hpp"
#include "schema/custom/text_formats.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace actord::schema::custom {
namespace {

enum class finding_code : std::uint8_t {
  wrong_type,
  required,
  choice,
  too_long,
  too_many_items,
  too_many_members,
  value,     ///< "Invalid value" with the value
  composite, ///< about no field in particular
};

struct finding {
  finding_code code = finding_code::value;
  std::string path; ///< as schemas write it: "spec.m.a", ".spec" for a missing member of the root
  std::string message;
  json value;
  std::int64_t limit = 0;
  const std::vector<json>* choices = nullptr;
};

/// What one schema found. `matches` counts the checks that were made: of several failed alternatives the one
/// that got furthest is reported.
struct outcome {
  std::vector<finding> findings;
  int matches = 0;

  [[nodiscard]] bool valid() const { return findings.empty(); }
  void merge(outcome other) {
    matches += other.matches;
    findings.insert(findings.end(), std::make_move_iterator(other.findings.begin()),
                    std::make_move_iterator(other.findings.end()));
  }
  void add(finding one) { findings.push_back(std::move(one)); }
  void composite(std::string message) {
    add({finding_code::composite, {}, std::move(message), "", 0, nullptr});
  }
};

/// As Go's %v prints it.
std::string go_number(double number) {
  std::array<char, 64> buffer;
  const double size = std::fabs(number);
  const bool exponent = size != 0 && (size < 1e-4 || size >= 1e21);
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                 exponent ? std::chars_format::scientific : std::chars_format::fixed);
  return {buffer.data(), end.ptr};
}

bool is_integral(double number) {
  constexpr double largest = 9007199254740991.0;
  constexpr double epsilon = 1e-9;
  if (!std::isfinite(number) || std::fabs(number) > largest) return false;
  const double whole = std::trunc(number);
  if (whole == number) return true;
  if (whole == 0) return false;
  return std::fabs(number - whole) /
             std::min(std::fabs(number) + std::fabs(whole), std::numeric_limits<double>::max()) <
         epsilon;
}

std::string_view shape_name(value_shape shape) {
  constexpr std::array<std::string_view, 7> names{"",        "object", "array",  "string",
                                                  "integer", "number", "boolean"};
  return names[static_cast<std::size_t>(shape)];
}

struct found_type {
  value_shape shape;
  std::string_view format;
};

found_type type_of(const json& value) {
  switch (value.type()) {
  case json::value_t::object:
    return {value_shape::object, ""};
  case json::value_t::array:
    return {value_shape::array, ""};
  case json::value_t::string:
    return {value_shape::string, ""};
  case json::value_t::boolean:
    return {value_shape::boolean, ""};
  case json::value_t::number_float:
    return {value_shape::number, "float64"};
  default:
    return {value_shape::integer, "int64"};
  }
}

std::int64_t characters(std::string_view text) {
  std::int64_t count = 0;
  for (const char c : text)
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++count;
  return count;
}

/// The schema of one place in a value.
class place {
public:
  place(const schema_node& schema, std::string path) : schema_(schema), path_(std::move(path)) {}

  outcome validate(const json& value, const json* old) const {
    outcome all;
    if (value.is_null()) {
      all.merge(check_type(value));
      all.merge(check_choices(value));
      return all;
    }
    const auto take = [&all](outcome part) {
      all.merge(std::move(part));
      ++all.matches;
    };
    const bool typed = schema_.shape != value_shape::any || schema_.int_or_string || !format().empty();
    if (typed) take(check_type(value));
    take(check_combinations(value, old));
    if (value.is_string()) {
      take(check_text(value));
      if (!format().empty() && is_known_format(format())) take(check_format(value));
    }
    if (value.is_number()) take(check_number(value));
    if (value.is_array()) take(check_items(value, old));
    take(check_choices(value));
    if (value.is_object()) take(check_members(value, old));
    ++all.matches;
    return all;
  }

private:
  [[nodiscard]] std::string_view format() const {
    return schema_.checks == nullptr ? std::string_view() : std::string_view(schema_.checks->format);
  }
  [[nodiscard]] bool allows(value_shape shape) const {
    if (schema_.int_or_string) return shape == value_shape::integer || shape == value_shape::string;
    return schema_.shape == shape;
  }
  [[nodiscard]] std::string type_names() const {
    return schema_.int_or_string ? "integer,string" : std::string(shape_name(schema_.shape));
  }

  [[nodiscard]] finding wrong_type(std::string_view wanted, std::string_view found) const {
    return {finding_code::wrong_type,
            path_,
            fmt::format("{} in body must be of type {}: \"{}\"", path_, wanted, found),
            std::string(found),
            0,
            nullptr};
  }
  [[nodiscard]] finding invalid(json value, std::string_view why) const {
    return {finding_code::value, path_, fmt::format("{} in body {}", path_, why),
            std::move(value),    0,     nullptr};
  }

  [[nodiscard]] outcome check_type(const json& value) const {
    outcome all;
    all.matches = 1;
    const bool any = schema_.shape == value_shape::any && !schema_.int_or_string;
    if (value.is_null()) {
      if (!any && !schema_.nullable) all = failed(wrong_type(type_names(), "null"));
      return all;
    }
    const found_type found = type_of(value);
    const bool whole_float = found.shape == value_shape::number && allows(value_shape::integer) &&
                             is_integral(value.get<double>());
    const bool fits = allows(found.shape) || whole_float ||
                      (found.shape == value_shape::integer && allows(value_shape::number));
    const bool text_or_list = value.is_string() || value.is_array();
    if (!text_or_list && !format().empty() && !fits && found.format != format())
      return failed(wrong_type(format(), found.format));
    if (!allows(value_shape::number) && !allows(value_shape::integer) && !format().empty() && text_or_list)
      return all;
    if (!fits) return failed(wrong_type(type_names(), shape_name(found.shape)));
    return all;
  }

  static outcome failed(finding one) {
    outcome all;
    all.add(std::move(one));
    return all;
  }

  [[nodiscard]] outcome check_any_of(const json& value) const {
    outcome best;
    bool failed_once = false;
    for (const schema_node& one : schema_.checks->any_of) {
      outcome tried = place(one, path_).validate(value, nullptr);
      if (tried.valid()) return tried;
      if (!failed_once || tried.matches > best.matches) best = std::move(tried);
      failed_once = true;
    }
    outcome all;
    all.composite(fmt::format("\"{}\" must validate at least one schema (anyOf)", path_));
    all.merge(std::move(best));
    return all;
  }

  [[nodiscard]] outcome check_one_of(const json& value) const {
    outcome best;
    outcome passed;
    bool has_best = false;
    int valid = 0;
    for (const schema_node& one : schema_.checks->one_of) {
      outcome tried = place(one, path_).validate(value, nullptr);
      if (tried.valid()) {
        if (valid++ == 0) passed = std::move(tried);
      } else if (valid == 0 && (!has_best || tried.matches > best.matches)) {
        best = std::move(tried);
        has_best = true;
      }
    }
    if (valid == 1) return passed;
    outcome all;
    all.composite(
        fmt::format("\"{}\" must validate one and only one schema (oneOf). {}", path_,
                    valid == 0 ? "Found none valid" : fmt::format("Found {} valid alternatives", valid)));
    if (valid == 0) all.merge(std::move(best));
    return all;
  }

  [[nodiscard]] outcome check_all_of(const json& value) const {
    outcome all;
    std::size_t valid = 0;
    for (const schema_node& one : schema_.checks->all_of) {
      outcome tried = place(one, path_).validate(value, nullptr);
      if (tried.valid()) ++valid;
      all.merge(std::move(tried));
    }
    if (valid != schema_.checks->all_of.size())
      all.composite(fmt::format("\"{}\" must validate all the schemas (allOf){}", path_,
                                valid == 0 ? ". None validated" : ""));
    return all;
  }

  [[nodiscard]] outcome check_combinations(const json& value, const json*) const {
    outcome all;
    all.matches = 1;
    if (schema_.checks == nullptr) return all;
    const value_checks& checks = *schema_.checks;
    if (!checks.any_of.empty()) all.merge(check_any_of(value));
    if (!checks.one_of.empty()) all.merge(check_one_of(value));
    if (!checks.all_of.empty()) all.merge(check_all_of(value));
    if (checks.negation != nullptr && place(*checks.negation, path_).validate(value, nullptr).valid())
      all.composite(fmt::format("\"{}\" must not validate the schema (not)", path_));
    return all;
  }

  [[nodiscard]] outcome check_text(const json& value) const {
    if (schema_.checks == nullptr) return {};
    const value_checks& checks = *schema_.checks;
    const std::string_view text = value.get_ref<const std::string&>();
    const std::int64_t length = checks.max_length || checks.min_length ? characters(text) : 0;
    if (checks.max_length && length > *checks.max_length)
      return failed({finding_code::too_long, path_, {}, value, *checks.max_length, nullptr});
    if (checks.min_length && length < *checks.min_length)
      return failed(invalid(value, fmt::format("should be at least {} chars long", *checks.min_length)));
    if (checks.pattern && !checks.pattern->matches(text))
      return failed(invalid(value, fmt::format("should match '{}'", checks.pattern->expression())));
    return {};
  }

  [[nodiscard]] outcome check_format(const json& value) const {
    const std::string& text = value.get_ref<const std::string&>();
    if (has_format(format(), text)) return {};
    return failed(wrong_type(format(), text));
  }

  /// Whether the number can be what type and format say.
  void check_range(double number, bool whole, std::string_view what, outcome& all) const {
    const bool exact = schema_.shape == value_shape::integer && !schema_.int_or_string;
    bool fits = true;
    if (exact) {
      fits = whole || (std::trunc(number) == number && std::fabs(number) < 9.3e18);
      if (fits && format() == "int32") fits = number >= INT32_MIN && number <= INT32_MAX;
    } else if (schema_.shape == value_shape::number && format() == "float") {
      fits = std::fabs(number) <= std::numeric_limits<float>::max();
    }
    if (fits) return;
    const std::string_view type = exact ? "integer" : "number";
    all.composite(
        format().empty()
            ? fmt::format("{} value must be of type {} (default format) in {}", what, type, path_)
            : fmt::format("{} value must be of type {} with format {} in {}", what, type, format(), path_));
  }

  [[nodiscard]] outcome check_number(const json& value) const {
    outcome all;
    const bool whole = value.is_number_integer();
    const double number = value.get<double>();
    check_range(number, whole, "Checked", all);
    if (schema_.checks != nullptr) {
      check_multiple(value, whole, all);
      check_bound(value, whole, schema_.checks->maximum, true, all);
      check_bound(value, whole, schema_.checks->minimum, false, all);
    }
    ++all.matches;
    return all;
  }

  void check_multiple(const json& value, bool whole, outcome& all) const {
    const auto factor = schema_.checks->multiple_of;
    if (!factor || *factor == 0) return;
    check_range(*factor, false, "MultipleOf", all);
    if (*factor < 0) {
      all.add(
          {finding_code::value, path_,
           fmt::format("factor MultipleOf declared for {} must be positive: {}", path_, go_number(*factor)),
           *factor, 0, nullptr});
      return;
    }
    const bool counted = whole && std::trunc(*factor) == *factor;
    const bool fits = counted ? value.get<std::int64_t>() % static_cast<std::int64_t>(*factor) == 0
                              : is_integral(*factor < 1 ? 1 / *factor * value.get<double>()
                                                        : value.get<double>() / *factor);
    if (!fits) all.add(invalid(value, "should be a multiple of " + go_number(*factor)));
  }

  void check_bound(const json& value, bool whole, std::optional<double> bound, bool upper,
                   outcome& all) const {
    if (!bound) return;
    check_range(*bound, false, upper ? "Maximum boundary" : "Minimum boundary", all);
    const bool exclusive = upper ? schema_.checks->exclusive_maximum : schema_.checks->exclusive_minimum;
    // Whole numbers are compared as such.
    const double limit = whole ? std::trunc(*bound) : *bound;
    int order = 0;
    if (whole && std::fabs(limit) < 9.2e18) {
      const auto left = value.get<std::int64_t>();
      const auto right = static_cast<std::int64_t>(limit);
      order = left < right ? -1 : left > right ? 1 : 0;
    } else {
      const double left = value.get<double>();
      order = left < limit ? -1 : left > limit ? 1 : 0;
    }
    const bool beyond = upper ? order > 0 : order < 0;
    if (!beyond && !(exclusive && order == 0)) return;
    all.add(invalid(value, fmt::format("should be {} than {}{}", upper ? "less" : "greater",
                                       exclusive ? "" : "or equal to ", go_number(limit))));
  }

  [[nodiscard]] outcome check_items(const json& value, const json* old) const {
    outcome all;
    if (schema_.items != nullptr)
      for (std::size_t i = 0; i < value.size(); ++i)
        all.merge(check_child(*schema_.items, fmt::format("{}[{}]", path_, i), value[i],
                              old_item(value[i], i, old)));
    if (schema_.checks != nullptr) {
      const value_checks& checks = *schema_.checks;
      const auto size = static_cast<std::int64_t>(value.size());
      if (checks.min_items && size < *checks.min_items)
        all.add(invalid(size, fmt::format("should have at least {} items", *checks.min_items)));
      if (checks.max_items && size > *checks.max_items)
        all.add({finding_code::too_many_items, path_, {}, size, *checks.max_items, nullptr});
      if (checks.unique_items)
        for (std::size_t i = 1; i < value.size(); ++i)
          if (std::find(value.begin(), value.begin() + static_cast<long>(i), value[i]) !=
              value.begin() + static_cast<long>(i)) {
            all.add(invalid("", "shouldn't contain duplicates"));
            break;
          }
    }
    ++all.matches;
    return all;
  }

  /// The item that stood for this one before: only items with keys can be told.
  [[nodiscard]] const json* old_item(const json& item, std::size_t, const json* old) const {
    if (old == nullptr || !old->is_array() || schema_.merge != list_merge::map || !item.is_object())
      return nullptr;
    for (const json& other : *old) {
      if (!other.is_object()) continue;
      const bool same = std::ranges::all_of(schema_.keys, [&](const std::string& key) {
        return item.value(key, json()) == other.value(key, json());
      });
      if (same) return &other;
    }
    return nullptr;
  }

  static outcome check_child(const schema_node& schema, std::string path, const json& value,
                             const json* old) {
    outcome found = place(schema, std::move(path)).validate(value, old);
    if (!found.valid() && old != nullptr && *old == value) found.findings.clear();
    return found;
  }

  [[nodiscard]] outcome check_choices(const json& value) const {
    if (schema_.checks == nullptr || schema_.checks->choices.empty()) return {};
    const auto& choices = schema_.checks->choices;
    if (std::ranges::find(choices, value) != choices.end()) return {};
    return failed({finding_code::choice, path_, {}, value, 0, &choices});
  }

  [[nodiscard]] static const json* old_member(const json* old, const std::string& name) {
    if (old == nullptr || !old->is_object()) return nullptr;
    const auto found = old->find(name);
    return found == old->end() ? nullptr : &*found;
  }

  [[nodiscard]] outcome check_members(const json& value, const json* old) const {
    outcome all;
    const auto count = static_cast<std::int64_t>(value.size());
    if (schema_.checks != nullptr) {
      const value_checks& checks = *schema_.checks;
      if (checks.min_properties && count < *checks.min_properties)
        all.add(invalid(count, fmt::format("should have at least {} properties", *checks.min_properties)));
      if (checks.max_properties && count > *checks.max_properties)
        all.add({finding_code::too_many_members, path_, {}, count, *checks.max_properties, nullptr});
    }
    for (const auto& [name, member] : value.get_ref<const json::object_t&>()) {
      if (schema_.property(name) != nullptr) continue;
      if (schema_.closed)
        all.add({finding_code::value, path_,
                 fmt::format("{}.{} in body is a forbidden property", path_, name), name, 0, nullptr});
      else if (schema_.rest != nullptr)
        all.merge(check_child(*schema_.rest, path_ + "." + name, member, old_member(old, name)));
    }
    for (const schema_property& property : schema_.properties) {
      const auto found = value.find(property.name);
      if (found == value.end()) continue;
      all.merge(check_child(property.schema, path_.empty() ? property.name : path_ + "." + property.name,
                            *found, old_member(old, property.name)));
    }
    if (schema_.checks != nullptr)
      for (const std::string& name : schema_.checks->required)
        if (!value.contains(name)) all.add({finding_code::required, path_ + "." + name, {}, "", 0, nullptr});
    return all;
  }

  const schema_node& schema_;
  std::string path_;
};

std::string field_path(std::string_view prefix, std::string_view path) {
  if (path.starts_with('.')) path.remove_prefix(1);
  if (prefix.empty()) return path.empty() ? "<nil>" : std::string(path);
  return path.empty() ? std::string(prefix) : fmt::format("{}.{}", prefix, path);
}

void report(const finding& one, std::string_view prefix, field_errors& errors) {
  const std::string path = field_path(prefix, one.path);
  switch (one.code) {
  case finding_code::wrong_type:
    return errors.type_invalid(path, one.value, one.message);
  case finding_code::required:
    return errors.required(path);
  case finding_code::choice: {
    std::vector<std::string> texts;
    for (const json& choice : *one.choices)
      texts.push_back(choice.is_string() ? choice.get<std::string>() : choice.dump());
    return errors.not_supported(path, one.value, {texts.begin(), texts.end()});
  }
  case finding_code::too_long:
    return errors.too_long(path, static_cast<int>(one.limit));
  case finding_code::too_many_items:
  case finding_code::too_many_members:
    return errors.too_many(path, one.value.get<std::size_t>(), static_cast<std::size_t>(one.limit));
  case finding_code::value:
  case finding_code::composite:
    return errors.invalid(path, one.value, one.message);
  }
}

} // namespace

void validate_value(const schema_node& schema, const json& value, const json* old, std::string_view prefix,
                    field_errors& errors) {
  const outcome all = place(schema, {}).validate(value, old);
  if (!all.valid() && old != nullptr && *old == value) return;
  for (const finding& one : all.findings) report(one, prefix, errors);
}

} // namespace actord::schema::custom
