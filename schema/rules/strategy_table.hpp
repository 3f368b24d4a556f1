#pragma once

#include "schema/rules/checks/formats.hpp"
#include "schema/rules/kind_rules.hpp"

#include <span>
#include <string_view>

namespace actord::schema::rules {

/// How a kind treats what the server owns; a row of the table of all kinds.
struct strategy {
  std::string_view group;
  std::string_view plural;
  format_check name_format = dns_subdomain;
  /// A generateName must look like the start of a name.
  bool judges_prefix = true;
  /// The kind's own rules look at metadata. For the few others a create does it once they are content.
  bool judges_metadata = true;
  /// Members whose change raises metadata.generation (1 on create); none: the kind does not count.
  std::span<const std::string_view> counted = {};
  /// A create may bring its status along (kinds that report themselves, such as nodes).
  bool keeps_status = false;
  /// Finalizers need no domain (kinds of the API machinery itself).
  bool any_finalizer = false;
  const kind_rules* rules = nullptr; ///< null: metadata only
};

/// The kind's row, or one with the defaults of all kinds.
const strategy& strategy_of(const resource_type& type);

/// What most kinds do: a create starts with generation 1 and without status; an update leaves to each
/// subresource its own part (status to "status", all else to the object itself) and raises the generation
/// where `counted` members differ. Kinds with more to say call these first.
void prepare_create_as_usual(json& object, const rule_context& context);
void prepare_update_as_usual(json& object, const json& old, const rule_context& context);

} // namespace actord::schema::rules
