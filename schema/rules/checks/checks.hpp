#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/rules/checks/formats.hpp"
#include "schema/rules/kind_rules.hpp"

#include <initializer_list>
#include <string_view>

/// Checks that many kinds share. Each appends what it finds to `errors` at the field's path.

namespace actord::schema::rules {

/// `Invalid value` for each complaint about the text.
void check_format(const field& text, format_check format, field_errors& errors);
/// Required, then the format.
void check_required_format(const field& text, format_check format, field_errors& errors);
/// "must be greater than or equal to 0" for each member that is given.
void check_counts(const field& object, std::initializer_list<std::string_view> names, field_errors& errors);
/// An integer that is not negative, or a percentage.
void check_count_or_percentage(const field& value, field_errors& errors);
void check_at_most_all(const field& value, field_errors& errors);
/// The number, or the number before the percent sign.
std::int64_t count_or_percentage(const field& value);
/// False, with an error, when the field is absent or zero.
bool require(const field& value, field_errors& errors, std::string_view detail = {});
/// Not one of `supported`: an error naming them in the order given. An absent value is "".
bool one_of(const field& text, std::initializer_list<std::string_view> supported, field_errors& errors);
/// The same, with a plain `Required value` when absent.
bool require_one_of(const field& text, std::initializer_list<std::string_view> supported,
                    field_errors& errors, std::string_view detail = {});
/// "must be greater than or equal to <low>"; absent is 0.
bool at_least(const field& number, std::int64_t low, field_errors& errors);
/// "must be between ..., inclusive"
bool in_range(const field& number, std::int64_t low, std::int64_t high, field_errors& errors);
/// 1 to 65535.
bool check_port(const field& number, field_errors& errors);
/// "field is immutable" when the values differ; absent and empty lists, maps and texts are the same.
bool check_immutable(const field& value, const field& old, field_errors& errors,
                     std::string_view detail = "field is immutable");
/// Equality in which absent, null and empty are one.
bool same(const json& left, const json& right);

void check_labels(const field& labels, field_errors& errors);
void check_annotations(const field& annotations, field_errors& errors);

struct selector_options {
  bool any_value = false;    ///< label values need not be well formed
  bool any_operator = false; ///< operators need not be known
};
/// A LabelSelector, if present.
void check_selector(const field& selector, field_errors& errors, selector_options options = {});
/// Whether the selector can be used at all: operators known, keys and values well formed.
bool usable_selector(const field& selector);
/// An absent selector matches nothing, an empty one everything. The selector must be usable.
bool selector_matches(const field& selector, const field& labels);
/// Every wanted label is there; wanting none matches.
bool labels_match(const json& wanted, const field& labels);
/// Neither labels nor expressions.
bool empty_selector(const field& selector);

/// A finalizer without a domain must be one of those the server knows.
void check_standard_finalizer(const field& place, std::string_view name, field_errors& errors);
/// A domain of at least two labels, a dot at the end allowed.
void check_domain_name(const field& name, field_errors& errors);
/// "example.com/path"
void check_domain_path(const field& path, field_errors& errors);

/// The generateName, if any, as the start of a name.
void check_name_prefix(const field& metadata, format_check name_format, field_errors& errors);
void check_name(const field& metadata, format_check name_format, field_errors& errors);
void check_metadata(const field& metadata, bool namespaced, format_check name_format, field_errors& errors);
/// Metadata of something to be made: labels and annotations only.
void check_template_metadata(const field& metadata, field_errors& errors);
/// For kinds whose names follow from the rest of the object.
void check_metadata_but_name(const field& metadata, bool namespaced, field_errors& errors);
void check_metadata_change(const field& metadata, const field& old, field_errors& errors);
/// metav1.Condition items.
void check_conditions(const field& conditions, field_errors& errors);

} // namespace actord::schema::rules
