#include "actors/controllers/apps/stateful_pods.hpp"

#include "actors/controllers/ownership.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <charconv>

namespace actord::actors {

namespace {

constexpr const char* pod_name_label = "statefulset.kubernetes.io/pod-name";
constexpr const char* pod_index_label = "apps.kubernetes.io/pod-index";
constexpr std::int64_t largest_ordinal = 0x7fffffff;

bool is_pod(const schema::owner_view& owner, const claim_user& pod) {
  return owner.api_version == "v1" && owner.kind == "Pod" && owner.name == pod.name;
}

bool is_set(const schema::owner_view& owner, const schema::stateful_set_view& set) {
  return owner.api_version == "apps/v1" && owner.kind == "StatefulSet" && owner.name == set.meta.name;
}

json claim_volumes(const schema::stateful_set_view& set, std::int64_t ordinal, const json& others) {
  json out = json::array();
  const auto is_there = [&](std::string_view name) {
    return std::any_of(out.begin(), out.end(), [&](const json& one) { return one["name"] == name; });
  };
  for (const auto& claim : set.claim_templates)
    if (!is_there(claim.name))
      out.push_back({{"name", claim.name},
                     {"persistentVolumeClaim", {{"claimName", claim_name(set, claim, ordinal)}}}});
  for (const json& other : others)
    if (!is_there(other.value("name", ""))) out.push_back(other);
  return out;
}

} // namespace

std::string stateful_pod_name(const schema::stateful_set_view& set, std::int64_t ordinal) {
  return set.meta.name + '-' + std::to_string(ordinal);
}

std::optional<std::int64_t> ordinal_of(const schema::stateful_set_view& set, std::string_view pod_name) {
  const auto dash = pod_name.rfind('-');
  if (dash == std::string_view::npos || pod_name.substr(0, dash) != set.meta.name) return std::nullopt;
  const std::string_view digits = pod_name.substr(dash + 1);
  std::int64_t out = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  const bool whole = failure == std::errc() && end == digits.data() + digits.size();
  if (!whole || out < 0 || out > largest_ordinal || std::to_string(out) != digits) return std::nullopt;
  return out;
}

std::string claim_name(const schema::stateful_set_view& set, const schema::claim_template_view& claim,
                       std::int64_t ordinal) {
  return claim.name + '-' + stateful_pod_name(set, ordinal);
}

bool uses_claim(const schema::stateful_set_view& set, std::string_view name) {
  return std::any_of(set.claim_templates.begin(), set.claim_templates.end(), [&](const auto& claim) {
    return name.starts_with(claim.name) && name.size() > claim.name.size() + 1 &&
           name[claim.name.size()] == '-' && ordinal_of(set, name.substr(claim.name.size() + 1));
  });
}

json identity_labels(std::string_view pod_name, std::int64_t ordinal) {
  return {{pod_name_label, pod_name}, {pod_index_label, std::to_string(ordinal)}};
}

json stateful_pod_body(const schema::stateful_set_view& set, std::int64_t ordinal, json pod_template,
                       std::string_view revision) {
  const std::string name = stateful_pod_name(set, ordinal);
  json meta = json::object();
  json body = pod_template.is_object() ? std::move(pod_template) : json::object();
  if (const auto given = body.find("metadata"); given != body.end() && given->is_object())
    for (const char* member : {"labels", "annotations", "finalizers"})
      if (const auto found = given->find(member); found != given->end()) meta[member] = *found;
  meta["labels"].update(identity_labels(name, ordinal));
  meta["labels"][std::string(revision_label)] = revision;
  meta["name"] = name;
  meta["namespace"] = set.meta.space;
  meta["ownerReferences"] = json::array({to_json(controller_reference("apps/v1", "StatefulSet", set.meta))});
  json& spec = body["spec"];
  if (!spec.is_object()) spec = json::object();
  spec["hostname"] = name;
  if (set.service_name.empty())
    spec.erase("subdomain");
  else
    spec["subdomain"] = set.service_name;
  if (!set.claim_templates.empty())
    spec["volumes"] = claim_volumes(set, ordinal, spec.value("volumes", json::array()));
  body["apiVersion"] = "v1";
  body["kind"] = "Pod";
  body["metadata"] = std::move(meta);
  return body;
}

json claim_body(const schema::stateful_set_view& set, const schema::claim_template_view& claim,
                std::int64_t ordinal) {
  json body = json::parse(claim.text, nullptr, false);
  if (!body.is_object()) body = json::object();
  json meta = json::object();
  if (const auto given = body.find("metadata"); given != body.end() && given->is_object())
    for (const char* member : {"labels", "annotations", "finalizers"})
      if (const auto found = given->find(member); found != given->end()) meta[member] = *found;
  for (const auto& [key, value] : set.match_labels) meta["labels"][key] = value;
  meta["name"] = claim_name(set, claim, ordinal);
  meta["namespace"] = set.meta.space;
  if (set.deletes_claims_with_set)
    meta["ownerReferences"] =
        json::array({to_json(controller_reference("apps/v1", "StatefulSet", set.meta))});
  body.erase("status");
  body["apiVersion"] = "v1";
  body["kind"] = "PersistentVolumeClaim";
  body["metadata"] = std::move(meta);
  return body;
}

bool is_stale(const schema::meta_view& claim, const claim_user& pod) {
  return std::any_of(claim.owners.begin(), claim.owners.end(),
                     [&](const auto& owner) { return is_pod(owner, pod) && owner.uid != pod.uid; });
}

std::optional<std::vector<schema::owner_view>> corrected_owners(const schema::meta_view& claim,
                                                                const schema::stateful_set_view& set,
                                                                const claim_user& pod) {
  std::vector<schema::owner_view> wanted;
  bool others_control = false;
  for (const auto& owner : claim.owners) {
    const bool by_set = is_set(owner, set);
    const bool by_pod = is_pod(owner, pod);
    // Of an earlier set or pod of that name: the garbage collector decides.
    if ((by_set && owner.uid != set.meta.uid) || (by_pod && owner.uid != pod.uid)) return std::nullopt;
    if (by_set || by_pod) continue;
    others_control = others_control || owner.controller;
    wanted.push_back(owner);
  }
  const bool by_pod = set.deletes_claims_with_pods && pod.condemned;
  const bool by_set = set.deletes_claims_with_set && !by_pod;
  if (!others_control && by_set) wanted.push_back(controller_reference("apps/v1", "StatefulSet", set.meta));
  if (!others_control && by_pod)
    wanted.push_back({"v1", "Pod", std::string(pod.name), std::string(pod.uid), true, true});
  const auto same = [](const schema::owner_view& left, const schema::owner_view& right) {
    return left.uid == right.uid && left.controller == right.controller;
  };
  if (std::is_permutation(wanted.begin(), wanted.end(), claim.owners.begin(), claim.owners.end(), same))
    return std::nullopt;
  return wanted;
}

} // namespace actord::actors
