#include "actors/nodes/fence/fence_terms.hpp"

#include <algorithm>

namespace actord::actors {

using runtime::boot_time;
using runtime::deadline_file;

bool is_fenced(const schema::meta_view& pod) {
  const schema::owner_view* const owner = pod.controller();
  return owner != nullptr && owner->kind == "StatefulSet" && owner->api_version.starts_with("apps/");
}

node_epoch_state after_yes(const node_epoch_state& before, boot_time sent, boot_time now) {
  const boot_time until = sent + fence_length;
  if (until <= now) return before;
  const bool goes_on = before.answered && before.until > now;
  return {.until = before.until == deadline_file::never ? until : std::max(before.until, until),
          .number = before.number + (goes_on ? 0 : 1),
          .answered = true};
}

node_epoch_state after_alone(const node_epoch_state& before) {
  return {.until = deadline_file::never,
          .number = before.number + (before.answered && before.until == deadline_file::never ? 0 : 1),
          .answered = true};
}

std::optional<std::uint64_t> epoch_at(const node_epoch_state& state, boot_time now) {
  if (!state.answered || state.until <= now) return std::nullopt;
  return state.number;
}

fence_verdict judge_epoch(std::optional<steady_time> counted_from, steady_time now) {
  if (!counted_from) return {};
  const steady_time end = *counted_from + fence_length + fence_ending + fence_margin;
  if (end <= now) return {.over = true};
  return {.over = false, .look_again = end};
}

} // namespace actord::actors
