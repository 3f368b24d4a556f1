#include "tests/sim/member.hpp"

#include "tests/sim/failure.hpp"
#include "tests/sim/mutant.hpp"

#include <fmt/format.h>

namespace actord::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t events_at_once = 256;
constexpr auto check_interval = 700ms;
/// What a paused process's sockets hold; the rest is lost.
constexpr std::size_t held_messages_max = 200;

} // namespace

member::member(member_id id, std::uint64_t seed, std::chrono::seconds clock_error, const household& values)
    : id_(id), name_(fmt::format("member {}", id)), clock_(wall_time{1'700'000'000s + clock_error}),
      random_(seed), values_(values) {
  clock_.advance(1h);
}

void member::join() {
  known_ = true;
  const auto made = storage::initialise_joining(*storage::kv::open_memory(disk_), {id_, "simulated"});
  require(made.has_value(), "a new disk takes no data");
}

void member::initialise(const std::vector<storage::raft_server>& servers) {
  known_ = true;
  const auto made = storage::initialise_member(*storage::kv::open_memory(disk_), {id_, "simulated"}, servers);
  require(made.has_value(), "a new disk takes no data");
}

void member::damage(std::uint64_t choice, bool unseen) {
  if (damage_object(disk_, choice, unseen) && !unseen) damaged_ = true;
}

void member::start(network& net, truth& history, const storage::store_limits& limits,
                   storage::fault_points wrong) {
  ++incarnation_;
  history_ = &history;
  engine_ = std::make_unique<storage::store_engine>(storage::engine_parts{storage::kv::open_memory(disk_),
                                                                          net.endpoint(id_),
                                                                          values_.codec,
                                                                          clock_,
                                                                          random_,
                                                                          limits,
                                                                          {},
                                                                          check_interval,
                                                                          wrong});
  require(engine_->start().has_value(), name_ + " does not start from its own disk");
  require(engine_->status().last >= seen_, fmt::format("{} published revision {} and came back with {}",
                                                       name_, seen_.value, engine_->status().last.value));
  auto cursor = engine_->watch({}, seen_, [] {});
  if (damaged_ && !engine_->fenced()) {
    // The power may have failed just after another state had taken the place of its own.
    const auto view = storage::kv::open_memory(disk_)->read();
    require(storage::compute_hash(*view) == storage::load_state(*view).hash,
            name_ + " trusts a damaged state");
    damaged_ = false;
  }
  if (cursor)
    cursor_ = std::move(*cursor);
  else if (!engine_->fenced())
    list_anew(history);
  net.attach(id_, [this](member_id from, std::string bytes) { hear(from, std::move(bytes)); });
  watch(history);
  if (values_.move_in) tenant_ = values_.move_in(*this);
}

void member::kill(network& net) {
  net.attach(id_, {});
  ++incarnation_;
  // Parts that end one after the other reach neither the disk nor anybody outside.
  dying_ = true;
  disk_.arm(storage::kv::memory_disk::fault::power_dropped, 0);
  if (tenant_) tenant_->leave();
  cursor_.reset();
  engine_.reset();
  tenant_.reset();
  dying_ = false;
  while_paused_.clear();
  paused_ = false;
  disk_.arm(storage::kv::memory_disk::fault::none, 0);
  disk_.restore_power();
}

void member::hear(member_id from, std::string bytes) {
  if (!sane()) return;
  if (!paused_) return engine_->receive(from, std::move(bytes));
  if (while_paused_.size() < held_messages_max) while_paused_.emplace_back(from, std::move(bytes));
}

void member::resume(network&) {
  if (!paused_) return;
  paused_ = false;
  for (auto& [from, bytes] : std::exchange(while_paused_, {}))
    if (sane()) engine_->receive(from, std::move(bytes));
  if (tenant_) tenant_->resume();
}

void member::tell_gone(member_id other) {
  if (sane() && !paused_ && other != id_) engine_->gone(other);
}

void member::pump() {
  if (sane() && !paused_) engine_->pump();
}

/// What a watcher does when the history it needs is gone: compacted, or never there because the member began
/// from a snapshot. It must not be told so while it is there.
void member::list_anew(truth& history) {
  const auto seen = engine_->read();
  require(engine_->status().compacted > seen_,
          fmt::format("{}'s watcher was cut off at revision {}", name_, seen_.value));
  require(seen->at() >= seen_ && seen->at() <= history.last(),
          fmt::format("{} lists revision {} after {}, and {} is the newest", name_, seen->at().value,
                      seen_.value, history.last().value));
  std::size_t listed = 0;
  for (const resource_id resource : history.resources())
    seen->scan(resource, {}, [&](std::string_view value) {
      const object_key key = values_.codec.key_of(value);
      require(history.text(key, seen->at()) == values_.text(value),
              fmt::format("{} lists another {} at revision {}", name_, key.name, seen->at().value));
      ++listed;
      return true;
    });
  require(listed == history.count(seen->at()),
          fmt::format("{} lists {} objects at revision {}", name_, listed, seen->at().value));
  seen_ = seen->at();
  auto cursor = engine_->watch({}, seen_, [] {});
  require(cursor.has_value(), name_ + " does not watch from what it lists");
  cursor_ = std::move(*cursor);
}

void member::watch(truth& history) {
  // Who is fenced tells nobody what it holds.
  while (sane() && !engine_->fenced()) {
    if (cursor_ == nullptr) list_anew(history);
    const auto events = cursor_->next(events_at_once);
    if (!events) {
      list_anew(history);
      continue;
    }
    if (events->empty()) return;
    for (const storage::store_event& event : *events) {
      require(event.at.value == seen_.value + 1, "{}'s watcher was handed revision {} after {}", name_,
              event.at.value, seen_.value);
      history.tell(name_, event.at, {event.kind, event.key, values_.text(*event.value)});
      seen_ = event.at;
    }
  }
}

} // namespace actord::sim
