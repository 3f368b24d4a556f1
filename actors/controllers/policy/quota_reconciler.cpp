#include "actors/controllers/policy/quota_reconciler.hpp"

#include "actors/objects/quota_charges.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

/// What was on its way when a quota began is in the store by then.
constexpr auto first_check = std::chrono::seconds(5);
constexpr auto check_period = std::chrono::minutes(5);

schema::quantity amount_of(const json& list, const std::string& name) {
  if (!list.is_object() || !list.contains(name)) return {};
  const json& value = list[name];
  const auto parsed = schema::quantity::parse(value.is_string() ? value.get<std::string>() : value.dump());
  return parsed ? *parsed : schema::quantity{};
}

} // namespace

plan reconcile(const quota_state& state, wall_time now) {
  plan out;
  json counted = json::object();
  bool right = state.hard == state.noted_hard;
  std::size_t names = 0;
  if (state.hard.is_object())
    for (const auto& [name, limit] : state.hard.items()) {
      const auto found = state.counted.find(name);
      const schema::quantity amount = found == state.counted.end() ? schema::quantity{} : found->second;
      counted[name] = amount.text();
      ++names;
      const bool noted = state.noted_used.is_object() && state.noted_used.contains(name);
      right = right && noted && amount == amount_of(state.noted_used, name);
    }
  right = right && (state.noted_used.is_object() ? state.noted_used.size() : 0) == names;
  out.requeue_at = now + (right ? std::chrono::seconds(check_period) : first_check);
  if (state.next_release)
    out.requeue_at = std::min(*out.requeue_at, *state.next_release + std::chrono::milliseconds(1));
  out.verdict = right ? "counted right" : "counted anew";
  if (!right)
    out.patch.push_back({state.key,
                         std::string(quota_count_subresource),
                         state.uid,
                         {},
                         quota_count_body(state.hard, counted, state.noted_used),
                         out.verdict});
  return out;
}

} // namespace actord::actors
