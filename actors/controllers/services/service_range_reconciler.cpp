#include "actors/controllers/services/service_range_reconciler.hpp"

#include "actors/controllers/conditions.hpp"
#include "actors/objects/service_ranges.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

constexpr const char* ready = "Ready";

planned_patch finalizers_patch(const service_range_state& state, const std::vector<std::string>& left,
                               std::string note) {
  const schema::meta_view& meta = state.range.view.meta;
  return {state.key,
          "",
          meta.uid,
          state.range.at,
          {{"metadata", {{"finalizers", left.empty() ? json() : json(left)}}}},
          std::move(note)};
}

/// As metav1.Condition is, which shows an empty reason. Others' conditions stay.
void set_ready(const service_range_state& state, bool is_ready, const char* reason, std::string message,
               wall_time now, plan& out) {
  const auto& conditions = state.range.view.conditions;
  const char* const status = is_ready ? "True" : "False";
  const auto* const old = schema::find_condition(conditions, ready);
  if (old != nullptr && old->status == status && old->reason == reason && old->message == message) return;
  json list = json::array();
  for (const auto& other : conditions)
    if (other.type != ready) list.push_back(to_json({other})[0]);
  const bool changes = old == nullptr || old->status != status || !old->transitioned;
  list.push_back({{"type", ready},
                  {"status", status},
                  {"reason", reason},
                  {"message", std::move(message)},
                  {"lastTransitionTime", schema::format_time(changes ? now : *old->transitioned)}});
  out.patch.push_back({state.key,
                       "status",
                       state.range.view.meta.uid,
                       std::nullopt,
                       {{"status", {{"conditions", std::move(list)}}}},
                       "status"});
}

} // namespace

plan reconcile(const service_range_state& state, wall_time now) {
  plan out;
  const schema::service_range_view& range = state.range.view;
  std::vector<std::string> finalizers = range.meta.finalizers;
  if (range.meta.being_deleted()) {
    if (!range.meta.has_finalizer(range_finalizer)) {
      out.verdict = "goes";
    } else if (!state.orphan.empty()) {
      out.verdict = "still used for " + state.orphan;
      set_ready(state, false, "Terminating",
                "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new "
                "ServiceCIDR",
                now, out);
    } else {
      out.verdict = "used for nothing any more";
      std::erase(finalizers, range_finalizer);
      out.patch.push_back(finalizers_patch(state, std::move(finalizers), out.verdict));
    }
    return out;
  }
  if (!range.meta.has_finalizer(range_finalizer)) {
    // Addresses are taken from it from then on.
    out.verdict = "not protected yet";
    finalizers.emplace_back(range_finalizer);
    out.patch.push_back(finalizers_patch(state, std::move(finalizers), out.verdict));
  } else if (range.meta.name == "kubernetes") {
    out.verdict = "ready";
    set_ready(state, true, "", "Kubernetes default Service CIDR is ready", now, out);
  } else if (usable_block(range)) {
    out.verdict = "ready";
    set_ready(state, true, "", "Kubernetes Service CIDR is ready", now, out);
  } else {
    out.verdict = "nothing can be taken from it";
    set_ready(state, false, "Unusable",
              "Addresses of services are IPv4 here, from networks of /8 to /30, and this has none", now, out);
  }
  return out;
}

bool holds(const schema::service_range_view& range, std::string_view address) {
  const auto number = parse_ipv4(address);
  if (!number) return false;
  return std::ranges::any_of(range.blocks, [&](const std::string& block) {
    const auto network = service_network::parse(block);
    return network && network->contains(*number);
  });
}

} // namespace actord::actors
