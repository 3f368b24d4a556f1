#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/rules/kind_rules.hpp"

#include <cstdint>
#include <string_view>

/// Resource quantities ("500m", "1Gi") as rules ask about them. Texts are well formed: the decoder saw to
/// that.

namespace actord::schema::rules {

/// Sign of left - right.
int compare_amounts(const json& left, const json& right);
bool negative_amount(const json& amount);
/// A whole number: no thousandths.
bool whole_amount(const json& amount);
/// Rounded up to a whole number, or to thousandths.
std::int64_t amount_value(const json& amount);
std::int64_t amount_milli(const json& amount);
/// The sum in the form of the left one.
json add_amounts(const json& left, const json& right);
/// Rounded up to thousandths.
json round_amount(const json& amount);

/// "must be greater than or equal to 0", and "must be an integer" for resources that are counted.
void check_amount(std::string_view resource, const field& amount, field_errors& errors);

bool is_huge_page(std::string_view resource);
bool is_native_resource(std::string_view resource);
/// Whether more may be promised than there is (cpu, memory and other native resources but huge pages).
bool allows_overcommit(std::string_view resource);
bool counted_resource(std::string_view resource);
bool extended_resource(std::string_view resource);
/// Names of limits and requests of containers.
void check_container_resource_name(const field& amount, std::string_view resource, field_errors& errors);
/// Names that a quota may limit.
void check_quota_resource_name(const field& amount, std::string_view resource, field_errors& errors);
bool standard_resource(std::string_view resource);
bool quota_resource(std::string_view resource);
/// Names of resources in general.
void check_resource_name(const field& amount, std::string_view resource, field_errors& errors);

} // namespace actord::schema::rules
