#include "schema/view/meta_view.hpp"

#include "schema/view/read.hpp"

#include <algorithm>
#include <charconv>

namespace actord::schema {

const owner_view* meta_view::controller() const {
  for (const auto& owner : owners)
    if (owner.controller) return &owner;
  return nullptr;
}

bool meta_view::has_finalizer(std::string_view finalizer) const {
  return std::find(finalizers.begin(), finalizers.end(), finalizer) != finalizers.end();
}

const condition_view* find_condition(const std::vector<condition_view>& conditions, std::string_view type) {
  for (const auto& condition : conditions)
    if (condition.type == type) return &condition;
  return nullptr;
}

namespace {

owner_view parse_owner(read::value in) {
  return {in["apiVersion"].text(), in["kind"].text(),       in["name"].text(),
          in["uid"].text(),        in["controller"].flag(), in["blockOwnerDeletion"].flag()};
}

} // namespace

meta_view parse_meta(const read::value& object) {
  const read::value in = object["metadata"];
  meta_view out;
  out.name = in["name"].text();
  out.generate_name = in["generateName"].text();
  out.space = in["namespace"].text();
  out.uid = in["uid"].text();
  out.labels = in["labels"].text_map();
  out.annotations = in["annotations"].text_map();
  out.owners = in["ownerReferences"].list(parse_owner);
  out.finalizers = in["finalizers"].texts();
  out.generation = in["generation"].number();
  out.created = in["creationTimestamp"].time();
  out.deletion = in["deletionTimestamp"].time();
  out.deletion_grace_s = in["deletionGracePeriodSeconds"].maybe_number();
  return out;
}

condition_view parse_condition(read::value in) {
  condition_view out;
  out.type = in["type"].text();
  out.status = in["status"].text();
  out.reason = in["reason"].text();
  out.message = in["message"].text();
  out.transitioned = in["lastTransitionTime"].time();
  out.updated = in["lastUpdateTime"].time();
  if (!out.updated) out.updated = in["lastHeartbeatTime"].time();
  out.observed_generation = in["observedGeneration"].number();
  return out;
}

std::optional<count_or_percent> parse_count_or_percent(const read::value& in) {
  if (const auto number = in.maybe_number()) return count_or_percent{*number, false};
  const std::string_view text = in.view();
  if (text.size() < 2 || text.back() != '%') return std::nullopt;
  count_or_percent out{0, true};
  const char* const end = text.data() + text.size() - 1;
  if (std::from_chars(text.data(), end, out.number).ptr != end) return std::nullopt;
  return out;
}

port_reference parse_port_reference(const read::value& in) {
  if (const auto number = in.maybe_number()) return {*number, {}};
  const std::string_view text = in.view();
  std::int64_t number = 0;
  // A string of digits names a port number, as older manifests write it.
  if (!text.empty() &&
      std::from_chars(text.data(), text.data() + text.size(), number).ptr == text.data() + text.size())
    return {number, {}};
  return {0, std::string(text)};
}

} // namespace actord::schema
