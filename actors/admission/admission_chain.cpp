#include "actors/admission/admission_chain.hpp"

#include "actors/admission/pod_admission.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

bool is(const schema::resource_type& type, std::string_view group, std::string_view plural) {
  return type.group == group && type.plural == plural;
}

std::optional<json> read_object(const storage::snapshot& reads, const schema::resource_type& type,
                                std::string_view space, std::string_view name) {
  const std::string_view bytes = reads.get({type.stored_as, std::string(space), std::string(name)});
  if (bytes.empty()) return {};
  const auto view = schema::object_view::open(bytes);
  if (!view) return {};
  return view->to_json(type);
}

priority_class to_priority(const json& object) {
  return {.name = object["metadata"].value("name", ""),
          .value = object.value("value", std::int64_t{0}),
          .preemption_policy = object.value("preemptionPolicy", "PreemptLowerPriority")};
}

std::optional<priority_class> find_priority(const storage::snapshot& reads, std::string_view name) {
  const schema::resource_type& type = schema::builtin("scheduling.k8s.io", "priorityclasses");
  if (!name.empty()) {
    const auto object = read_object(reads, type, {}, name);
    return object ? std::optional(to_priority(*object)) : std::nullopt;
  }
  std::optional<priority_class> best;
  reads.scan(type.stored_as, {}, [&](std::string_view bytes) {
    const auto view = schema::object_view::open(bytes);
    if (!view) return true;
    const json object = view->to_json(type);
    // Of several global defaults the lowest counts, so that a pod never gains by a second one.
    if (object.value("globalDefault", false) &&
        (!best || object.value("value", std::int64_t{0}) < best->value))
      best = to_priority(object);
    return true;
  });
  return best;
}

/// Kept until nothing uses the claim or volume any more; the protection controllers take it off again.
void add_finalizer(json& object, const char* finalizer) {
  json& list = object["metadata"]["finalizers"];
  if (!list.is_array()) list = json::array();
  if (std::ranges::find(list, finalizer) == list.end()) list.emplace_back(finalizer);
}

/// A node starts as not ready: nothing is placed on it before its first good status report.
void taint_new_node(json& node) {
  constexpr const char* key = "node.kubernetes.io/not-ready";
  json& spec = node["spec"];
  if (!spec.is_object()) spec = json::object();
  json& taints = spec["taints"];
  if (!taints.is_array()) taints = json::array();
  const bool there = std::ranges::any_of(taints, [&](const json& taint) {
    return taint.value("key", "") == key && taint.value("effect", "") == "NoSchedule";
  });
  if (!there) taints.push_back({{"key", key}, {"effect", "NoSchedule"}});
}

} // namespace

result<void> admission_chain::mutate_pod(const admission_request& request, json& pod) const {
  const std::unique_ptr<storage::snapshot> reads = store_.read();
  const std::string name = pod["metadata"].value("name", "");
  const auto refuse = [&](const error& why) { return object_forbidden(request.type, name, why.message); };

  const schema::resource_type& accounts = schema::builtin("", "serviceaccounts");
  const auto attached = attach_service_account(
      pod, request.space,
      [&](std::string_view account) { return read_object(*reads, accounts, request.space, account); },
      random_);
  if (!attached) return refuse(attached.error());
  if (const auto assigned =
          assign_priority(pod, [&](std::string_view wanted) { return find_priority(*reads, wanted); });
      !assigned)
    return refuse(assigned.error());
  add_default_tolerations(pod);
  const json& spec = pod["spec"];
  if (spec.contains("overhead") && !spec["overhead"].empty() && spec.value("runtimeClassName", "").empty())
    return object_forbidden(
        request.type, name,
        "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
  return {};
}

result<void> admission_chain::mutate(const admission_request& request, json& object, const json* old) const {
  if (!request.subresource.empty() || old != nullptr) return {};
  if (is(request.type, "", "pods")) return mutate_pod(request, object);
  if (is(request.type, "", "nodes")) taint_new_node(object);
  if (is(request.type, "", "persistentvolumeclaims")) add_finalizer(object, "kubernetes.io/pvc-protection");
  if (is(request.type, "", "persistentvolumes")) add_finalizer(object, "kubernetes.io/pv-protection");
  return {};
}

result<void> admission_chain::admit(const admission_request&, const json&, const json*) const { return {}; }

result<void> admission_chain::admit_removal(const admission_request& request, std::string_view name) const {
  if (is(request.type, "", "namespaces") &&
      (name == "default" || name == "kube-system" || name == "kube-public"))
    return object_forbidden(request.type, name, "this namespace may not be deleted");
  return {};
}

} // namespace actord::actors
