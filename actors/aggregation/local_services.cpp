#include "actors/aggregation/local_services.hpp"

#include "actors/controllers/conditions.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>

namespace actord::actors {
namespace {

struct priority_row {
  std::string_view group;
  std::string_view version;
  service_priority priority;
};

/// Kubernetes' numbers: clients see them, and administrators place their own groups between them.
constexpr std::array builtin_priorities{
    priority_row{"", "v1", {18000, 1}},
    priority_row{"admissionregistration.k8s.io", "v1", {16700, 15}},
    priority_row{"apiextensions.k8s.io", "v1", {16700, 15}},
    priority_row{"apps", "v1", {17800, 15}},
    priority_row{"authentication.k8s.io", "v1", {17700, 15}},
    priority_row{"authorization.k8s.io", "v1", {17600, 15}},
    priority_row{"autoscaling", "v1", {17500, 15}},
    priority_row{"autoscaling", "v2", {17500, 30}},
    priority_row{"batch", "v1", {17400, 15}},
    priority_row{"certificates.k8s.io", "v1", {17300, 15}},
    priority_row{"coordination.k8s.io", "v1", {16500, 15}},
    priority_row{"discovery.k8s.io", "v1", {16200, 15}},
    priority_row{"events.k8s.io", "v1", {17750, 15}},
    priority_row{"flowcontrol.apiserver.k8s.io", "v1", {16100, 21}},
    priority_row{"networking.k8s.io", "v1", {17200, 15}},
    priority_row{"node.k8s.io", "v1", {16300, 15}},
    priority_row{"policy", "v1", {17100, 15}},
    priority_row{"rbac.authorization.k8s.io", "v1", {17000, 15}},
    priority_row{"resource.k8s.io", "v1", {16200, 20}},
    priority_row{"scheduling.k8s.io", "v1", {16600, 15}},
    priority_row{"storage.k8s.io", "v1", {16800, 15}},
};

/// Of groups that are registered by nobody, and of those without a number of their own.
constexpr service_priority first_of_all{20000, 100};
constexpr service_priority custom_priority{1000, 100};

const char* label_of(const local_service& what) { return what.custom ? "true" : "onstart"; }

json spec_of(const local_service& what) {
  return {{"group", what.group},
          {"version", what.version},
          {"groupPriorityMinimum", what.priority.group},
          {"versionPriority", what.priority.version}};
}

bool says(const schema::api_service_view& stored, const local_service& wanted) {
  const auto label = stored.meta.labels.find(automanaged_label);
  return label != stored.meta.labels.end() && label->second == label_of(wanted) && !stored.service &&
         stored.group == wanted.group && stored.version == wanted.version &&
         service_priority{stored.group_priority, stored.version_priority} == wanted.priority;
}

planned_patch correction(const local_service_state& state) {
  json patch{{"metadata", {{"labels", {{automanaged_label, label_of(*state.wanted)}}}}},
             {"spec", spec_of(*state.wanted)}};
  for (const char* remote : {"service", "caBundle", "insecureSkipTLSVerify"}) patch["spec"][remote] = nullptr;
  return {state.key,
          "",
          state.stored->view.meta.uid,
          state.stored->at,
          std::move(patch),
          "this server serves it itself"};
}

/// What is served here is there whenever somebody can ask.
std::optional<planned_patch> availability(const local_service_state& state, wall_time now) {
  const schema::api_service_view& stored = state.stored->view;
  if (stored.service) return {};
  const schema::condition_view* have = stored.available();
  if (have != nullptr && have->status == "True" && have->reason == "Local") return {};
  auto conditions = stored.conditions;
  set_condition(conditions, {"Available", "True", "Local", "Local APIServices are always available",
                             whole_seconds(now), std::nullopt, 0});
  return planned_patch{state.key,
                       "status",
                       stored.meta.uid,
                       state.stored->at,
                       {{"status", {{"conditions", to_json(conditions)}}}},
                       "served by this server"};
}

} // namespace

std::string api_service_name(std::string_view group, std::string_view version) {
  return std::string(version).append(".").append(group);
}

service_priority local_priority(std::string_view group, std::string_view version) {
  if (group == api_service_group) return first_of_all;
  const auto* row = std::ranges::find_if(builtin_priorities, [&](const priority_row& one) {
    return one.group == group && one.version == version;
  });
  return row == builtin_priorities.end() ? custom_priority : row->priority;
}

const std::vector<local_service>& builtin_services() {
  static const std::vector<local_service> services = [] {
    std::vector<local_service> made;
    for (const schema::api_group& group : schema::api_groups())
      for (const std::string_view version : group.versions)
        if (group.name != api_service_group)
          made.push_back(
              {std::string(group.name), std::string(version), local_priority(group.name, version)});
    return made;
  }();
  return services;
}

local_service custom_service(std::string group, std::string version) {
  return {std::move(group), std::move(version), custom_priority, true};
}

json api_service_object(const local_service& what) {
  return {{"apiVersion", "apiregistration.k8s.io/v1"},
          {"kind", "APIService"},
          {"metadata",
           {{"name", api_service_name(what.group, what.version)},
            {"labels", {{automanaged_label, label_of(what)}}}}},
          {"spec", spec_of(what)}};
}

plan reconcile(const local_service_state& state, wall_time now) {
  plan out;
  if (!state.stored) {
    out.verdict = state.wanted ? "missing" : "gone";
    if (state.wanted)
      out.create.push_back({state.key, api_service_object(*state.wanted), "this server serves it"});
    return out;
  }
  const schema::api_service_view& stored = state.stored->view;
  const bool ours = stored.meta.labels.contains(automanaged_label);
  if (stored.meta.being_deleted()) {
    out.verdict = "being deleted";
  } else if (ours && !state.wanted && !stored.service) {
    out.verdict = "nothing serves it any more";
    out.remove.push_back(
        {state.key, stored.meta.uid, state.stored->at, propagation::background, out.verdict});
  } else if (ours && state.wanted && !says(stored, *state.wanted)) {
    out.verdict = "says something else";
    out.patch.push_back(correction(state));
  } else if (auto patch = availability(state, now)) {
    out.verdict = "served here";
    out.patch.push_back(std::move(*patch));
  } else {
    out.verdict = stored.service ? "somebody else's" : "served here";
  }
  return out;
}

} // namespace actord::actors
