#include "actors/admission/quota_usage.hpp"

#include "actors/admission/pod_amounts.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>

namespace actord::actors {
namespace {

using schema::quantity;
using schema::rules::field;

constexpr std::string_view pod_objects = "count/pods";
constexpr std::string_view class_suffix = ".storageclass.storage.k8s.io/";
constexpr std::string_view requests_prefix = "requests.";
constexpr std::string_view huge_pages_prefix = "hugepages-";

bool is(const counted_kind& kind, std::string_view plural) {
  return kind.group.empty() && kind.plural == plural;
}

quantity amount_of(const json& value) {
  const auto parsed = schema::quantity::parse(value.is_string() ? value.get<std::string>() : value.dump());
  return parsed ? *parsed : quantity{};
}

/// The names of a quota that requests and limits of a pod or container count towards.
void add_compute(const json& requests, const json& limits, usage_map& usage) {
  if (requests.is_object())
    for (const auto& [name, value] : requests.items()) {
      const quantity amount = amount_of(value);
      const bool core = name == "cpu" || name == "memory" || name == "ephemeral-storage";
      const bool huge = name.starts_with(huge_pages_prefix);
      if (core || huge) usage[name] = amount;
      if (core || huge || name.find('/') != std::string::npos)
        usage[std::string(requests_prefix) + name] = amount;
    }
  if (limits.is_object())
    for (const char* name : {"cpu", "memory", "ephemeral-storage"})
      if (const auto found = limits.find(name); found != limits.end())
        usage[std::string("limits.") + name] = amount_of(*found);
}

bool term_crosses(const field& term) {
  return term.at("namespaces").size() > 0 || term.at("namespaceSelector").present();
}

bool crosses_namespaces(const field& affinity) {
  for (const char* kind : {"podAffinity", "podAntiAffinity"}) {
    for (const field term : affinity.at(kind).at("requiredDuringSchedulingIgnoredDuringExecution").items())
      if (term_crosses(term)) return true;
    for (const field term : affinity.at(kind).at("preferredDuringSchedulingIgnoredDuringExecution").items())
      if (term_crosses(term.at("podAffinityTerm"))) return true;
  }
  return false;
}

bool pod_speaks_for_itself(const field& spec) {
  const field resources = spec.at("resources");
  return resources.at("requests").size() > 0 || resources.at("limits").size() > 0;
}

void count_pod(const json& pod, counted_object& counted) {
  const field spec = field(pod).at("spec");
  const std::string_view phase = field(pod).at("status").at("phase").text();
  counted.is_pod = true;
  counted.usage[std::string(pod_objects)] = quantity::of_units(1);
  // A finished pod still is an object, but it takes nothing from anybody.
  if (phase != "Succeeded" && phase != "Failed") {
    counted.usage["pods"] = quantity::of_units(1);
    const amounts_options all{.with_overhead = true, .with_status = true};
    add_compute(pod_amounts(pod, "requests", all), pod_amounts(pod, "limits", all), counted.usage);
  }
  const field meta = field(pod).at("metadata");
  if (const field grace = meta.at("deletionGracePeriodSeconds"); grace.is_integer())
    if (const auto goes = schema::parse_time(meta.at("deletionTimestamp").text()))
      counted.released_at = *goes + std::chrono::seconds(grace.integer());
  const field deadline = spec.at("activeDeadlineSeconds");
  counted.has_deadline = deadline.is_integer() && deadline.integer() >= 0;
  counted.best_effort = field(pod).at("status").at("qosClass").text() == "BestEffort";
  counted.crosses_namespaces = crosses_namespaces(spec.at("affinity"));
  counted.priority_class = spec.at("priorityClassName").text();
  if (pod_speaks_for_itself(spec)) return;
  for (const char* list : {"containers", "initContainers"})
    for (const field container : spec.at(list).items()) {
      usage_map named;
      const field resources = container.at("resources");
      add_compute(resources.at("requests").value(), resources.at("limits").value(), named);
      std::set<std::string> names;
      for (const auto& [name, amount] : named) names.insert(name);
      counted.containers.emplace_back(container.at("name").text(), std::move(names));
    }
}

void count_service(const json& service, usage_map& usage) {
  const field spec = field(service).at("spec");
  const std::string_view type = spec.at("type").text();
  std::int64_t ports = 0;
  if (type == "NodePort" || (type == "LoadBalancer" && (!spec.contains("allocateLoadBalancerNodePorts") ||
                                                        spec.at("allocateLoadBalancerNodePorts").truth())))
    ports = static_cast<std::int64_t>(spec.at("ports").size());
  else if (type == "LoadBalancer")
    for (const field port : spec.at("ports").items())
      if (port.at("nodePort").integer() != 0) ++ports;
  usage["services"] = quantity::of_units(1);
  usage["services.nodeports"] = quantity::of_units(ports);
  usage["services.loadbalancers"] = quantity::of_units(type == "LoadBalancer" ? 1 : 0);
}

std::string_view class_of_claim(const field& claim) {
  const field old_way =
      claim.at("metadata").at("annotations").entry("volume.beta.kubernetes.io/storage-class");
  return old_way.present() ? old_way.text() : claim.at("spec").at("storageClassName").text();
}

void count_claim(const json& object, counted_object& counted) {
  const field claim(object);
  counted.is_claim = true;
  usage_map& usage = counted.usage;
  usage["persistentvolumeclaims"] = quantity::of_units(1);
  const std::string of_class = std::string(class_of_claim(claim)) + std::string(class_suffix);
  const bool has_class = of_class.size() > class_suffix.size();
  if (has_class) usage[of_class + "persistentvolumeclaims"] = quantity::of_units(1);
  if (const field request = claim.at("spec").at("resources").at("requests").entry("storage");
      request.present()) {
    json storage = request.value();
    // A claim that was larger once may still hold what it was given then.
    if (const field given = claim.at("status").at("allocatedResources").entry("storage");
        given.present() && schema::rules::compare_amounts(given.value(), storage) > 0)
      storage = given.value();
    usage["requests.storage"] = amount_of(storage);
    if (has_class) usage[of_class + "requests.storage"] = amount_of(storage);
  }
  for (const field& name :
       {claim.at("spec").at("volumeAttributesClassName"),
        claim.at("status").at("currentVolumeAttributesClassName"),
        claim.at("status").at("modifyVolumeStatus").at("targetVolumeAttributesClassName")})
    if (!name.text().empty()) counted.volume_classes.emplace(name.text());
}

bool pod_name(std::string_view name) {
  constexpr std::array<std::string_view, 11> fixed{"count/pods",
                                                   "pods",
                                                   "cpu",
                                                   "memory",
                                                   "ephemeral-storage",
                                                   "requests.cpu",
                                                   "requests.memory",
                                                   "requests.ephemeral-storage",
                                                   "limits.cpu",
                                                   "limits.memory",
                                                   "limits.ephemeral-storage"};
  if (std::ranges::find(fixed, name) != fixed.end()) return true;
  if (name.starts_with(huge_pages_prefix)) return true;
  if (!name.starts_with(requests_prefix)) return false;
  const std::string_view resource = name.substr(requests_prefix.size());
  return resource.starts_with(huge_pages_prefix) || resource.find('/') != std::string_view::npos;
}

bool claim_name(std::string_view name) {
  for (const std::string_view counted : {"persistentvolumeclaims", "requests.storage"}) {
    if (name == counted) return true;
    if (name.ends_with(counted) && name.substr(0, name.size() - counted.size()).ends_with(class_suffix))
      return true;
  }
  return name == "count/persistentvolumeclaims";
}

} // namespace

counted_kind counted_kind::of(const schema::resource_type& type) {
  return {std::string(type.group), std::string(type.plural)};
}

bool quotas_count(const schema::resource_type& type) {
  if (!type.namespaced || !type.has(schema::verb::create) || !type.has(schema::verb::get)) return false;
  return type.plural != "events" || (!type.group.empty() && type.group != "events.k8s.io");
}

std::string count_name(const counted_kind& kind) {
  std::string name = "count/" + kind.plural;
  if (!kind.group.empty()) name += "." + kind.group;
  return name;
}

std::string_view old_count_name(const counted_kind& kind) {
  constexpr std::array<std::string_view, 4> old{"configmaps", "resourcequotas", "replicationcontrollers",
                                                "secrets"};
  if (!kind.group.empty()) return {};
  const auto* const found = std::ranges::find(old, kind.plural);
  return found == old.end() ? std::string_view{} : *found;
}

bool speaks_of(std::string_view name, const counted_kind& kind) {
  if (is(kind, "pods")) return pod_name(name);
  if (is(kind, "persistentvolumeclaims")) return claim_name(name);
  if (is(kind, "services"))
    return name == "count/services" || name == "services" || name == "services.nodeports" ||
           name == "services.loadbalancers";
  return name == count_name(kind) || (!name.empty() && name == old_count_name(kind));
}

counted_object count_object(const counted_kind& kind, const json& object) {
  counted_object counted;
  counted.usage[count_name(kind)] = quantity::of_units(1);
  if (is(kind, "pods"))
    count_pod(object, counted);
  else if (is(kind, "services"))
    count_service(object, counted.usage);
  else if (is(kind, "persistentvolumeclaims"))
    count_claim(object, counted);
  else if (const std::string_view old = old_count_name(kind); !old.empty())
    counted.usage[std::string(old)] = quantity::of_units(1);
  return counted;
}

quantity amount_of(const counted_object& object, std::string_view name, wall_time now) {
  const bool released = object.released_at && now > *object.released_at;
  if (released && name != pod_objects) return {};
  const auto found = object.usage.find(name);
  return found == object.usage.end() ? quantity{} : found->second;
}

} // namespace actord::actors
