#include "actors/aggregation/namespace_sweep.hpp"

#include "schema/base/json.hpp"
#include "schema/base/json_member.hpp"
#include "schema/codec/json_text.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

bool has_verb(const json& resource, const char* verb) {
  const auto verbs = resource.find("verbs");
  return verbs != resource.end() && verbs->is_array() && std::ranges::find(*verbs, verb) != verbs->end();
}

/// A name that may stand in a path as it is.
bool is_plain(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' ||
           letter == '.';
  });
}

} // namespace

std::string swept_kind::path(std::string_view space) const {
  return fmt::format("/apis/{}/{}/namespaces/{}/{}", service->group, service->version, space, plural);
}

sweep_plan plan_sweep(const extension_set& services, const extension_reports& reports) {
  sweep_plan plan;
  std::size_t failing = 0;
  std::string which;
  for (const extension_handle& service : services.all()) {
    const auto report = reports.find(service->name);
    const std::string version = service->group + "/" + service->version;
    if (report == reports.end() || !report->second.fresh || !service->available) {
      ++failing;
      which += fmt::format("{0}{1}: stale GroupVersion discovery: {1}", which.empty() ? "" : ", ", version);
      continue;
    }
    const auto resources = schema::parse_json(report->second.resources);
    if (!resources || !resources->is_array()) continue;
    for (const json& one : *resources) {
      const std::string plural = one.is_object() ? text_member(one, "resource") : std::string();
      if (!is_plain(plural) || text_member(one, "scope") != "Namespaced" || !has_verb(one, "delete") ||
          !has_verb(one, "list"))
        continue;
      plan.kinds.push_back({service, plural, has_verb(one, "deletecollection")});
    }
  }
  if (failing > 0)
    plan.discovery_failure = fmt::format(
        "Discovery failed for some groups, {} failing: unable to retrieve the complete list of server "
        "APIs: {}",
        failing, which);
  return plan;
}

std::optional<left_over> read_left_over(std::string_view list) {
  const auto document = schema::parse_json(list);
  if (!document || !document->is_object()) return {};
  const auto items = document->find("items");
  if (items == document->end() || !(items->is_array() || items->is_null())) return {};
  left_over left;
  for (const json& item : *items) {
    const auto metadata = item.is_object() ? item.find("metadata") : item.end();
    if (!item.is_object() || metadata == item.end() || !metadata->is_object()) return {};
    left.names.push_back(text_member(*metadata, "name"));
    if (const auto finalizers = metadata->find("finalizers");
        finalizers != metadata->end() && finalizers->is_array())
      for (const json& one : *finalizers)
        if (one.is_string()) ++left.finalizers[one.get<std::string>()];
  }
  left.count = left.names.size();
  if (const auto metadata = document->find("metadata"); metadata != document->end() && metadata->is_object())
    if (const auto more = metadata->find("remainingItemCount");
        more != metadata->end() && more->is_number_integer() && *more > 0)
      left.count += more->get<std::size_t>();
  return left;
}

} // namespace actord::actors
