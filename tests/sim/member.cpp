#include "tests/sim/member.hpp"

#include "tests/sim/failure.hpp"
#include "tests/unit/storage/test_values.hpp"

#include <fmt/format.h>

namespace actord::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t events_at_once = 256;
/// What a paused process's sockets hold; the rest is lost.
constexpr std::size_t held_messages_max = 200;

} // namespace

member::member(member_id id, std::uint64_t seed, std::chrono::seconds clock_error)
    : id_(id), name_(fmt::format("member {}", id)), clock_(wall_time{1'700'000'000s + clock_error}),
      random_(seed) {
  clock_.advance(1h);
}

void member::initialise(const std::vector<storage::raft_server>& servers) {
  const auto made = storage::initialise_member(*storage::kv::open_memory(disk_), {id_, "simulated"}, servers);
  require(made.has_value(), "a new disk takes no data");
}

void member::start(network& net, truth& history, const storage::store_limits& limits) {
  ++incarnation_;
  engine_ = std::make_unique<storage::store_engine>(storage::engine_parts{storage::kv::open_memory(disk_),
                                                                          net.endpoint(id_),
                                                                          storage::test::codec(),
                                                                          clock_,
                                                                          random_,
                                                                          limits,
                                                                          {}});
  require(engine_->start().has_value(), name_ + " does not start from its own disk");
  require(engine_->status().last >= seen_, fmt::format("{} published revision {} and came back with {}",
                                                       name_, seen_.value, engine_->status().last.value));
  auto cursor = engine_->watch({}, seen_, [] {});
  require(cursor.has_value(), name_ + " has lost the history its watcher needs");
  cursor_ = std::move(*cursor);
  net.attach(id_, [this](member_id from, std::string bytes) { hear(from, std::move(bytes)); });
  watch(history);
}

void member::kill(network& net) {
  net.attach(id_, {});
  ++incarnation_;
  cursor_.reset();
  engine_.reset();
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
}

void member::pump() {
  if (sane() && !paused_) engine_->pump();
}

void member::watch(truth& history) {
  while (sane()) {
    const auto events = cursor_->next(events_at_once);
    require(events.has_value(), name_ + "'s watcher was cut off");
    if (events->empty()) return;
    for (const storage::store_event& event : *events) {
      require(event.at.value == seen_.value + 1, fmt::format("{}'s watcher was handed revision {} after {}",
                                                             name_, event.at.value, seen_.value));
      history.tell(name_, event.at,
                   {event.kind, event.key, storage::test::test_codec::text_of(*event.value)});
      seen_ = event.at;
    }
  }
}

} // namespace actord::sim
