#pragma once

#include "actors/objects/write_plan.hpp"

namespace actord::schema {
struct resource_type;
}

namespace actord::actors {

/// A write, for the quotas of its namespace. `old` is null on create, `object` on removal.
struct quota_write {
  const schema::resource_type& type;
  std::string_view subresource;
  const std::string& space;
  const std::string& name;
  const json* old;
  const json* object;
  const schema::write_cause& cause;
};

/// Adds to the transaction what the write takes from the quotas of its namespace and gives back. Each quota
/// decides when the batch is sealed.
void charge_quotas(const write_environment& environment, const quota_write& write, write_plan& plan);

/// The subresource by which the quota controller hands in a count; nothing that is reachable from outside.
inline constexpr std::string_view quota_count_subresource = "count";
/// The body of such a write, and its plan.
json quota_count_body(const json& hard, const json& counted, const json& noted);
result<write_plan> plan_quota_correction(const write_command& command);

} // namespace actord::actors
