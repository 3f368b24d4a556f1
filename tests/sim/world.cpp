#include "tests/sim/world.hpp"

#include "storage/log/log_table.hpp"
#include "tests/sim/api/api_clients.hpp"
#include "tests/sim/failure.hpp"
#include "tests/sim/workload.hpp"
#include "tests/unit/storage/test_values.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <type_traits>
#include <utility>

namespace actord::sim {
namespace {

using namespace std::chrono_literals;
using fault = storage::kv::memory_disk::fault;

constexpr time_us second = 1'000'000;
constexpr time_us tick_us = 5'000;
constexpr time_us trouble_us = 15 * second;
/// Longer than a member with a full disk waits before it looks again.
constexpr time_us peace_us = 8 * second;
constexpr std::size_t client_count = 4;
constexpr std::size_t api_client_count = 10;
/// Members that may join in the course of a run.
constexpr std::size_t spare_count = 3;

std::uint64_t hash(std::string_view text, std::uint64_t seed) {
  for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return seed;
}

bool has_api(const run_options& options) {
  return options.clients == floor_of::api || (options.clients == floor_of::seed && options.seed % 5 == 3);
}

household household_of(bool has_api) {
  if (has_api) return {storage::stored_object_codec(), story_of};
  return {storage::test::codec(),
          [](std::string_view value) { return storage::test::test_codec::text_of(value); }};
}

network_weather draw_weather(dice& chance) {
  return {.loss_per_mille = chance.pick<std::uint64_t>({0, 0, 10, 50, 200}),
          .twice_per_mille = chance.pick<std::uint64_t>({0, 0, 20, 100}),
          .reorder_per_mille = chance.pick<std::uint64_t>({0, 0, 50, 300}),
          .delay_min_us = chance.pick<time_us>({50, 50, 500}),
          .delay_max_us = chance.pick<time_us>({500, 2'000, 20'000, 150'000})};
}

} // namespace

world::world(const run_options& options)
    : options_(options), dice_(options.seed * 0x9e3779b97f4a7c15ULL + 1),
      rumours_(options.seed * 0xc2b2ae3d27d4eb4fULL + 7),
      network_(dice(dice_.source().next()),
               [this](time_us after, std::function<void()> what) { schedule(after, std::move(what)); }),
      household_(household_of(has_api(options))) {
  report_.has_api = has_api(options);
  report_.members = options.members != 0 ? options.members : dice_.pick<std::size_t>({1, 3, 3, 3, 5});
  report_.trace = options.seed;
  std::vector<storage::raft_server> servers;
  changing_ = dice_.chance(400);
  if (dice_.chance(500)) {
    // So little history that who is down for long needs a snapshot.
    limits_.history_age = std::chrono::milliseconds(dice_.between(100, 2'000));
    limits_.history_bytes = dice_.between(4'000, 40'000);
  }
  for (member_id id = 1; id <= report_.members + (changing_ ? spare_count : 0); ++id) {
    if (id <= report_.members) servers.push_back({id, true});
    // Wall clocks disagree: revisions and order must not care.
    const auto wrong_by = std::chrono::seconds(static_cast<std::int64_t>(dice_.below(600)) - 300);
    members_.push_back(std::make_unique<member>(id, dice_.source().next(), wrong_by, household_));
  }
  seen_.resize(members_.size());
  network_.silence([this](member_id id) { return !members_[id - 1]->sane(); });
  network_.weather(draw_weather(dice_));
  network_.overhear(
      [this](member_id from, member_id to, const std::string& bytes) { note_message(from, to, bytes); });
  move_clients_in();
  network_.distort(
      [wrong = options.wrong](std::string bytes) { return spoil_message(wrong, std::move(bytes)); });
  for (const storage::raft_server& server : servers) members_[server.id - 1]->initialise(servers);
  for (const storage::raft_server& server : servers)
    members_[server.id - 1]->start(network_, history_, limits_, fault_points_of(options_.wrong));
}

void world::move_clients_in() {
  const auto later = [this](time_us after, std::function<void()> what) { schedule(after, std::move(what)); };
  dice chance(dice_.source().next());
  if (!report_.has_api) {
    clients_ = std::make_unique<workload>(std::move(chance), later, members_, history_, options_.wrong);
    return;
  }
  servers_ = std::make_unique<api_neighbourhood>(dice(chance.source().next()), later, network_,
                                                 members_.size() > 1, options_.wrong);
  household_.move_in = [this](member& home) -> std::unique_ptr<tenant> {
    return std::make_unique<api_server>(home, servers_->around);
  };
  clients_ = std::make_unique<api_clients>(
      api_clients::parts{.chance = std::move(chance),
                         .schedule = later,
                         .now = [this] { return now_; },
                         .tell = [this](const std::string& what) { note(what); },
                         .hush = [this] { servers_->around.quiet = true; },
                         .members = members_,
                         .history = history_});
}

world::~world() {
  for (const auto& one : members_) one->kill(network_);
  events_ = {};
}

run_report world::run() {
  schedule(tick_us, [this] { tick(); });
  clients_->start(report_.has_api ? api_client_count : client_count);
  schedule(dice_.between(second / 2, 2 * second), [this] { draw_fault(); });
  if (changing_) schedule(dice_.between(second / 2, 2 * second), [this] { draw_membership(); });
  schedule(rumours_.between(second / 2, 3 * second), [this] { draw_rumour(); });
  run_until(trouble_us);
  make_peace();
  run_until(trouble_us + peace_us);
  check_recovery();
  check_logs();
  clients_->check();
  report_.committed = clients_->committed();
  report_.confirmed_reads = clients_->confirmed_reads();
  report_.revisions = history_.last().value;
  report_.terms = leaders_.size();
  return report_;
}

void world::schedule(time_us after, std::function<void()> what) {
  events_.push_back({now_ + after, scheduled_++, std::move(what)});
  std::ranges::push_heap(events_, std::greater());
}

void world::run_until(time_us end) {
  while (!events_.empty() && events_.front().at <= end) {
    std::ranges::pop_heap(events_, std::greater());
    const event next = std::move(events_.back());
    events_.pop_back();
    if (next.at > now_) {
      for (const auto& one : members_) one->advance(std::chrono::microseconds(next.at - now_));
      now_ = next.at;
      network_.at(now_);
    }
    next.what();
    look();
  }
}

/// After every event: whose power failed is down, nobody shares a term, and all tell one history.
void world::look() {
  for (const auto& one : members_)
    if (one->up()) look_at(*one);
  clients_->look();
}

void world::look_at(member& one) {
  if (one.disk().dead()) {
    note(fmt::format("the power of {} failed in a commit", one.id()));
    return crash(one, dice_.between(1'000, 2 * second));
  }
  one.watch(history_);
  const bool fenced = one.fenced();
  if (one.damaged() && !fenced) {
    note(fmt::format("the state of {} was replaced", one.id()));
    one.heal();
  }
  require(!fenced || one.damaged(), "member {} distrusts a sound state", one.id());
  const storage::store_status status = one.store().status();
  const glimpse now{one.incarnation(), status.applied, status.state_hash, status.term, status.leading};
  if (now == seen_[one.id() - 1]) return;
  const bool voted = std::exchange(seen_[one.id() - 1], now).term != status.term;
  if (status.leading) {
    const std::pair self(one.id(), one.incarnation());
    const auto [leader, is_new] = leaders_.try_emplace(status.term.value, self);
    require(leader->second == self, "members {} and {} both lead in term {}, or one in two lives",
            leader->second.first, one.id(), status.term.value);
    if (is_new) note(fmt::format("{} leads in term {}", one.id(), status.term.value));
  }
  const auto [hash, is_first] = hashes_.try_emplace(status.applied, status.state_hash);
  require(hash->second == status.state_hash, "member {} holds another state than others at entry {}",
          one.id(), status.applied);
  // Right after a vote is when a forgotten one would do harm.
  if (voted && !peace_ && members_.size() > 1 && dice_.chance(300)) crash(one, dice_.between(1'000, 30'000));
}

void world::tick() {
  for (const auto& one : members_) {
    one->pump();
    look();
  }
  schedule(tick_us, [this] { tick(); });
}

void world::note(const std::string& what) {
  report_.trace = hash(fmt::format("{} {}", now_, what), report_.trace);
  if (options_.tell) std::printf("%10.6f s  %s\n", static_cast<double>(now_) / second, what.c_str());
}

/// Every message is part of the trace, so that two runs of a seed differ where they part.
void world::note_message(member_id from, member_id to, const std::string& bytes) {
  report_.trace = hash(bytes, report_.trace ^ (from * 31 + to));
  if (!options_.tell_messages) return;
  if (storage::is_note(bytes)) {
    const auto said = storage::decode_note(bytes);
    if (!said) return;
    std::string text = fmt::format("{} to {}: note of kind {}", from, to, said->index());
    if (const auto* asked = std::get_if<storage::snapshot_question>(&*said))
      text += fmt::format(", asks for part {} of snapshot {:x}", asked->part, asked->session);
    if (const auto* part = std::get_if<storage::snapshot_part>(&*said))
      text += fmt::format(", part {} of snapshot {:x}, {}", part->part, part->session,
                          part->summary.empty() ? "more to come" : "the last");
    std::printf("%10.6f s  %s\n", static_cast<double>(now_) / second, text.c_str());
    return;
  }
  const auto message = storage::decode_message(from, bytes);
  if (!message) return;
  std::string text = fmt::format("{} to {} term {}:", from, to, message->term.value);
  std::visit(
      [&](const auto& body) {
        using type = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<type, storage::append_message>)
          text += fmt::format(" append after {} (term {}), {} entries, commit {}", body.previous.value,
                              body.previous_term.value, body.entries.size(), body.leader_commit.value);
        else if constexpr (std::is_same_v<type, storage::append_result_message>)
          text += fmt::format(" has {}, rejects {}", body.last.value, body.rejected.value);
        else if constexpr (std::is_same_v<type, storage::vote_message>)
          text += fmt::format(" asks for its {}vote, last {}", body.pre_vote ? "pre-" : "", body.last.value);
        else if constexpr (std::is_same_v<type, storage::vote_result_message>)
          text +=
              fmt::format(" {} its {}vote", body.granted ? "gives" : "keeps", body.pre_vote ? "pre-" : "");
        else
          text += " another kind";
      },
      message->body);
  std::printf("%10.6f s  %s\n", static_cast<double>(now_) / second, text.c_str());
}

// ---- faults

void world::draw_fault() {
  if (peace_) return;
  ++report_.faults;
  member& one = *members_[dice_.below(members_.size())];
  if (!one.known()) return schedule(dice_.between(second / 5, second), [this] { draw_fault(); });
  const std::uint64_t dart = dice_.below(100);
  if (dart < 20) {
    if (one.up()) crash(one, dice_.between(1'000, 2 * second));
  } else if (dart < 45) {
    fail_power(one);
  } else if (dart < 60) {
    pause(one);
  } else if (dart < 85) {
    part();
  } else {
    storm();
  }
  schedule(dice_.between(second / 5, 3 * second), [this] { draw_fault(); });
}

void world::crash(member& one, time_us back_after) {
  note(fmt::format("{} is down", one.id()));
  one.kill(network_);
  spoil_disk(options_.wrong, one.disk());
  damage(one);
  bring_back(one, back_after);
  tell_gone(one);
}

/// Connections break when a process ends. Mostly the others notice before it is back, each in its own time.
void world::tell_gone(const member& one) {
  for (const auto& other : members_) {
    if (!other->known() || other->id() == one.id() || !rumours_.chance(800)) continue;
    schedule(rumours_.between(100, 30'000), [&other = *other, id = one.id()] { other.tell_gone(id); });
  }
}

/// Members are told that another is gone while it is not: one of them, or all.
void world::draw_rumour() {
  if (peace_) return;
  const member& victim = *members_[rumours_.below(members_.size())];
  const bool all = rumours_.chance(300);
  const member& only = *members_[rumours_.below(members_.size())];
  note(fmt::format("{} is said to be gone", victim.id()));
  for (const auto& other : members_) {
    if (!other->known() || (!all && other->id() != only.id())) continue;
    ++report_.rumours;
    schedule(rumours_.between(100, 100'000), [&other = *other, id = victim.id()] { other.tell_gone(id); });
  }
  schedule(rumours_.between(second / 5, 3 * second), [this] { draw_rumour(); });
}

/// Now and then an object is not what was written. Others must have what is lost: one member at a time.
void world::damage(member& one) {
  const bool others_sound = std::ranges::none_of(members_, &member::damaged);
  if (changing_ || peace_ || members_.size() < 3 || !others_sound || !dice_.chance(150)) return;
  note(fmt::format("an object on the disk of {} changes", one.id()));
  one.damage(dice_.below(100), options_.wrong == mutant::overlooks_damage);
  ++report_.damages;
}

/// In one of its next commits: before its sync, or after it but before anybody is told. Or the disk is full.
void world::fail_power(member& one) {
  if (!one.up()) return;
  const fault what = dice_.pick({fault::power_dropped, fault::power_torn, fault::full});
  note(fmt::format("the disk of {} will fail ({})", one.id(), static_cast<int>(what)));
  one.disk().arm(what, dice_.below(5));
}

void world::pause(member& one) {
  if (!one.up() || one.paused()) return;
  note(fmt::format("{} stands still", one.id()));
  one.pause();
  schedule(dice_.between(10'000, 2 * second), [this, &one, life = one.incarnation()] {
    if (one.incarnation() != life || !one.up()) return;
    note(fmt::format("{} goes on", one.id()));
    one.resume(network_);
  });
}

/// Cuts some links, one way or both: a half, the leader alone, a ring, or a single direction.
void world::part() {
  const std::size_t count = members_.size();
  const std::uint64_t form = dice_.below(4);
  const member_id alone = dice_.between(1, count);
  note(fmt::format("the network is cut (form {}, {})", form, alone));
  for (member_id from = 1; from <= count; ++from)
    for (member_id to = 1; to <= count; ++to) {
      if (from == to) continue;
      const bool apart = form == 0   ? (from <= count / 2) != (to <= count / 2)
                         : form == 1 ? from == alone || to == alone
                         : form == 2 ? (from + 1) % count != to % count && (to + 1) % count != from % count
                                     : to == alone;
      if (apart) network_.cut(from, to);
    }
  schedule(dice_.between(100'000, 3 * second), [this] {
    note("the network is whole");
    network_.mend();
  });
}

void world::storm() {
  note("the weather changes");
  network_.weather(draw_weather(dice_));
}

void world::bring_back(member& one, time_us after) {
  schedule(after, [this, &one] {
    if (one.up()) return;
    note(fmt::format("{} starts", one.id()));
    one.start(network_, history_, limits_, fault_points_of(options_.wrong));
  });
}

// ---- who belongs

/// Asks whoever leads for a change; what becomes of it, nobody waits for.
void world::draw_membership() {
  if (peace_) return;
  for (const auto& one : members_) {
    if (!one->sane() || one->paused() || !one->store().status().leading) continue;
    ++report_.changes;
    storage::store& leader = one->store();
    const auto there = leader.members();
    const member_id some = there.empty() ? one->id() : there[dice_.below(there.size())].id;
    const std::uint64_t dart = dice_.below(100);
    if (dart < 35 && there.size() < 5) {
      add_spare(leader);
    } else if (dart < 60 && there.size() > 2) {
      note(fmt::format("{} is to be removed", some));
      leader.remove_member(some, [](const result<void>&) {});
    } else if (dart < 80) {
      leader.promote(some, 3s, [](const result<void>&) {});
    } else {
      note(fmt::format("{} is to lead", some));
      leader.transfer_leadership(some, [](const result<void>&) {});
    }
    break;
  }
  schedule(dice_.between(second / 5, 2 * second), [this] { draw_membership(); });
}

void world::add_spare(storage::store& leader) {
  for (const auto& spare : members_) {
    if (spare->known()) continue;
    note(fmt::format("{} is to join", spare->id()));
    spare->join();
    spare->start(network_, history_, limits_, fault_points_of(options_.wrong));
    leader.add_learner(spare->id(), "somewhere", [](const result<void>&) {});
    leader.promote(spare->id(), 5s, [](const result<void>&) {});
    return;
  }
}

// ---- the end

void world::make_peace() {
  peace_ = true;
  note("peace");
  clients_->stop();
  network_.mend();
  network_.weather({});
  for (const auto& one : members_) {
    one->disk().arm(fault::none, 0);
    one->resume(network_);
    if (one->known() && !one->up()) one->start(network_, history_, limits_, fault_points_of(options_.wrong));
  }
}

/// With all faults gone somebody leads, all have applied the same, and a new write goes through.
void world::check_recovery() {
  std::size_t leading = 0;
  std::vector<storage::cluster_member> belong;
  for (const auto& one : members_) {
    if (!one->known()) continue;
    require(one->sane(), fmt::format("member {} is down in peace", one->id()));
    if (!one->store().status().leading) continue;
    ++leading;
    belong = one->store().members();
  }
  for (const auto& one : members_) {
    // Who was removed may know nothing of what came after.
    if (std::ranges::find(belong, one->id(), &storage::cluster_member::id) == belong.end()) continue;
    const storage::store_status status = one->store().status();
    require(!one->fenced(), fmt::format("nobody has sent member {} a sound state", one->id()));
    require(status.writable, fmt::format("member {} does not write although its disk has room", one->id()));
    require(status.last == history_.last(), fmt::format("member {} stopped at revision {} of {}", one->id(),
                                                        status.last.value, history_.last().value));
  }
  require(leading == 1, fmt::format("{} members lead after {} s of peace", leading, peace_us / second));
}

/// Raft's log matching: entries of one index are one entry.
void world::check_logs() const {
  std::map<std::uint64_t, std::pair<storage::log_entry, member_id>> seen;
  for (const auto& one : members_) {
    if (!one->known()) continue;
    const auto disk = storage::kv::open_memory(one->disk());
    const auto view = disk->read();
    require(storage::compute_hash(*view) == storage::load_state(*view).hash,
            fmt::format("member {} holds objects that nobody wrote", one->id()));
    const storage::log_reader log(*view);
    const raft_index applied = storage::load_state(*view).applied;
    const auto [first, last] = log.bounds();
    if (last.value == 0) continue; // it began from a snapshot just now
    for (raft_index index = first; index <= applied; ++index.value) {
      const auto entry = log.entry(index);
      require(entry.has_value(),
              fmt::format("member {} has a hole in its log at {}", one->id(), index.value));
      const auto [known, is_new] = seen.try_emplace(index.value, *entry, one->id());
      require(
          is_new ||
              (known->second.first.term == entry->term && *known->second.first.payload == *entry->payload),
          fmt::format("members {} and {} differ in entry {}", known->second.second, one->id(), index.value));
    }
  }
}

} // namespace actord::sim
