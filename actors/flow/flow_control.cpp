#include "actors/flow/flow_control.hpp"

#include "schema/base/always.hpp"

#include <algorithm>

namespace actord::actors {

std::vector<std::size_t> flow_control::configure(const std::vector<level_settings>& levels) {
  for (level_state& state : levels_) state.there = false;
  std::vector<std::size_t> numbers;
  total_ = 0;
  for (const level_settings& settings : levels) {
    auto state = std::ranges::find_if(
        levels_, [&](const level_state& each) { return each.settings.name == settings.name; });
    // A place nobody uses any more.
    if (state == levels_.end())
      state = std::ranges::find_if(levels_, [](const level_state& each) {
        return !each.there && each.running == 0 && each.queues.size() == 0;
      });
    if (state == levels_.end()) state = levels_.insert(levels_.end(), level_state{});
    if (state->settings.name != settings.name) *state = level_state{};
    // What runs is counted among the others or not at all, from the first request to the last.
    if (state->settings.exempt != settings.exempt)
      in_use_ = settings.exempt ? in_use_ - state->in_use : in_use_ + state->in_use;
    state->settings = settings;
    state->there = true;
    state->queues.reshape(settings.queue_count, settings.hand_size, settings.queue_length);
    total_ += settings.nominal;
    numbers.push_back(static_cast<std::size_t>(state - levels_.begin()));
  }
  for (level_state& state : levels_) {
    if (state.there || state.settings.exempt) continue;
    state.settings.nominal = state.settings.kept = 0;
    state.settings.most = static_cast<std::uint32_t>(total_);
  }
  return numbers;
}

bool flow_control::others_wait_for_their_own(const level_state& level) const {
  return std::ranges::any_of(levels_, [&](const level_state& other) {
    if (&other == &level || other.queues.size() == 0) return false;
    return other.in_use + other.queues.front()->seats <= other.settings.nominal;
  });
}

bool flow_control::may_take(const level_state& level, std::uint32_t seats) const {
  if (level.settings.exempt) return true;
  const std::uint64_t wanted = level.in_use + seats;
  if (wanted <= level.settings.kept) return true;
  if (wanted > level.settings.most) return false;
  std::uint64_t kept_by_others = 0;
  for (const level_state& other : levels_)
    if (&other != &level && !other.settings.exempt && other.in_use < other.settings.kept)
      kept_by_others += other.settings.kept - other.in_use;
  if (in_use_ + seats + kept_by_others > total_) return false;
  return wanted <= level.settings.nominal || waiting_ == 0 || !others_wait_for_their_own(level);
}

void flow_control::take(level_state& level, std::uint32_t seats) {
  level.in_use += seats;
  ++level.running;
  ++level.dispatched;
  if (!level.settings.exempt) in_use_ += seats;
}

flow_control::decision flow_control::arrive(std::size_t number, std::uint64_t flow, std::uint32_t seats,
                                            std::int64_t now_ns) {
  level_state& level = levels_.at(number);
  if (level.queues.size() == 0 && may_take(level, seats)) {
    take(level, seats);
    return {verdict::run, 0};
  }
  if (!level.settings.queues || !level.queues.push(flow, {last_ticket_ + 1, seats, now_ns})) {
    ++level.refused;
    return {verdict::refuse, 0};
  }
  ++waiting_;
  return {verdict::wait, ++last_ticket_};
}

/// The level whose first waiting request may run and that uses the smallest part of its own seats.
flow_control::level_state* flow_control::next_level() {
  level_state* best = nullptr;
  const auto part = [](const level_state& level) {
    return static_cast<double>(level.in_use) / std::max(1U, level.settings.nominal);
  };
  for (level_state& level : levels_) {
    const flow_waiting* first = level.queues.front();
    if (first == nullptr || !may_take(level, first->seats)) continue;
    if (best == nullptr || part(level) < part(*best)) best = &level;
  }
  return best;
}

void flow_control::finish(std::size_t number, std::uint32_t seats) {
  level_state& level = levels_.at(number);
  ALWAYS(level.running > 0 && level.in_use >= seats);
  level.in_use -= seats;
  --level.running;
  if (!level.settings.exempt) in_use_ -= seats;
}

void flow_control::start(std::vector<flow_ticket>& tickets) {
  while (waiting_ > 0) {
    level_state* next = next_level();
    if (next == nullptr) return;
    const flow_waiting request = *next->queues.front();
    next->queues.pop_front();
    --waiting_;
    take(*next, request.seats);
    tickets.push_back(request.ticket);
  }
}

void flow_control::expire(std::int64_t limit_ns, std::vector<flow_ticket>& expired) {
  if (waiting_ == 0) return;
  std::vector<flow_waiting> removed;
  for (level_state& level : levels_) {
    removed.clear();
    level.queues.remove_older(limit_ns, removed);
    level.expired += removed.size();
    waiting_ -= removed.size();
    for (const flow_waiting& request : removed) expired.push_back(request.ticket);
  }
}

std::uint32_t flow_control::fitting(std::size_t number, std::uint32_t seats) const {
  const level_settings& level = levels_.at(number).settings;
  return level.exempt ? seats : std::clamp(seats, 1U, std::max(1U, level.nominal));
}

std::vector<flow_control::level_counts> flow_control::counts() const {
  std::vector<level_counts> all;
  for (const level_state& level : levels_)
    if (level.there || level.running > 0)
      all.push_back({level.settings.name, level.settings.nominal, level.in_use, level.running,
                     level.queues.size(), level.dispatched, level.refused, level.expired});
  return all;
}

} // namespace actord::actors
