#include "schema/object/selectable_fields.hpp"

#include "schema/base/json.hpp"
#include "schema/base/quick_name.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace actord::schema {
namespace {

struct kind_row {
  std::string_view group;
  std::string_view plural;
  std::vector<selectable_field> fields;
};

/// What Kubernetes lets clients select by. Stored envelopes hold values by position: only append to a row.
const std::vector<kind_row>& kind_rows() {
  static const std::vector<kind_row> rows{
      {"",
       "pods",
       {{"spec.nodeName"},
        {"spec.restartPolicy"},
        {"spec.schedulerName"},
        {"spec.serviceAccountName"},
        {"spec.hostNetwork", "false"},
        {"status.phase"},
        {"status.podIP"},
        {"status.nominatedNodeName"},
        // The addresses of a pod are selected by the first of them, which is status.podIP.
        {"status.podIPs", "", "status.podIP"}}},
      {"",
       "events",
       {{"involvedObject.kind"},
        {"involvedObject.namespace"},
        {"involvedObject.name"},
        {"involvedObject.uid"},
        {"involvedObject.apiVersion"},
        {"involvedObject.resourceVersion"},
        {"involvedObject.fieldPath"},
        {"reason"},
        {"reportingComponent"},
        {"source", "", "source.component", "reportingComponent"},
        {"type"}}},
      {"", "nodes", {{"spec.unschedulable", "false"}}},
      {"", "namespaces", {{"status.phase"}}},
      {"", "secrets", {{"type"}}},
      {"", "services", {{"spec.clusterIP"}, {"spec.type"}}},
      {"", "replicationcontrollers", {{"status.replicas", "0"}}},
      {"apps", "replicasets", {{"status.replicas", "0"}}},
      {"batch", "jobs", {{"status.successful", "0", "status.succeeded"}}},
      {"certificates.k8s.io", "certificatesigningrequests", {{"spec.signerName"}}},
      {"resource.k8s.io", "resourceslices", {{"spec.nodeName"}, {"spec.driver"}}},
  };
  return rows;
}

std::string value_at(const json& object, std::string_view path) {
  const json* at = &object;
  while (!path.empty()) {
    const auto dot = path.find('.');
    const auto* const members = at->get_ptr<const json::object_t*>();
    if (members == nullptr) return {};
    const auto found = members->find(quick_name(path.substr(0, dot)));
    if (found == members->end()) return {};
    at = &found->second;
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  if (at->is_null()) return {};
  return at->is_string() ? at->get<std::string>() : json_text(*at);
}

} // namespace

std::span<const selectable_field> selectable_fields(resource_id resource) {
  static const auto by_id = [] {
    std::vector<std::span<const selectable_field>> spans(resource_table().back().id.value + std::size_t{1});
    for (const kind_row& row : kind_rows()) spans[builtin(row.group, row.plural).id.value] = row.fields;
    return spans;
  }();
  return resource.value < by_id.size() ? by_id[resource.value] : std::span<const selectable_field>();
}

std::string selectable_value(const json& object, const selectable_field& field) {
  std::string value = value_at(object, field.member.empty() ? field.path : field.member);
  if (value.empty() && !field.also.empty()) value = value_at(object, field.also);
  if (value.empty()) value = field.fallback;
  return value;
}

std::string selectable_value(const json& object, const custom_kind::selectable& field) {
  const auto found = field.path.find(object);
  if (found.empty() || found.front()->is_null()) return {};
  return found.front()->is_string() ? found.front()->get<std::string>() : json_text(*found.front());
}

bool is_selectable_field(const resource_type& type, std::string_view path) {
  if (type.custom != nullptr)
    return std::ranges::find(type.custom->selectables, path, &custom_kind::selectable::name) !=
           type.custom->selectables.end();
  return std::ranges::any_of(selectable_fields(type.stored_as),
                             [&](const selectable_field& field) { return field.path == path; });
}

} // namespace actord::schema
