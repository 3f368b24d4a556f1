#include "storage/member/state_check.hpp"

#include "storage/encoding/checksum.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace actord::storage {
namespace {

using namespace std::chrono_literals;

/// About a third of a millisecond.
constexpr std::size_t slice_bytes = 1U << 20U;
/// A voter that is down or far behind is asked again in the next round.
constexpr auto patience = 10s;

} // namespace

void state_scrub::begin() {
  if (under_way()) return;
  view_ = disk_.read();
  cursor_ = view_->walk(kv::table::objects);
  more_ = cursor_->seek({});
  sum_ = 0;
}

bool state_scrub::go_on() {
  if (!under_way()) return true;
  for (std::size_t bytes = 0; more_ && bytes < slice_bytes; more_ = cursor_->next()) {
    sum_ += row_hash(cursor_->key(), cursor_->value());
    bytes += cursor_->key().size() + cursor_->value().size();
  }
  if (more_) return true;
  const member_state state = load_state(*view_);
  cursor_.reset();
  view_.reset();
  return !state.hashed || state.hash == sum_;
}

void state_agreement::ask(const replica& member, steady_time now) {
  const raft_index at = member.state().applied;
  round_ = round{member.term(), at, now + patience, {{member.identity().member, member.state().hash}}};
  for (const raft_server& server : member.newest_configuration().servers)
    if (server.voter && server.id != member.identity().member) send_(server.id, state_question{at});
}

void state_agreement::hear(member_id from, const state_question& asked, const replica& member) {
  if (asked_.size() >= max_members && !asked_.contains(from)) return;
  asked_[from] = asked.at;
  answer(member);
}

void state_agreement::answer(const replica& member) {
  std::erase_if(asked_, [&](const auto& waits) {
    const auto& [from, at] = waits;
    if (member.fenced()) return true;
    if (at > member.state().applied) return false;
    if (const auto hash = member.hash_at(at)) send_(from, state_answer{at, *hash});
    return true;
  });
}

void state_agreement::hear(member_id from, const state_answer& told) {
  if (round_ && told.at == round_->at) round_->told.emplace(from, told.hash);
}

state_verdict state_agreement::tend(const replica& member, steady_time now) {
  if (!asked_.empty()) answer(member);
  if (!round_) return {};
  if (!member.may_propose() || member.term() != round_->term || now >= round_->until) {
    round_.reset();
    return {};
  }
  std::map<std::uint64_t, std::size_t> held;
  std::size_t voters = 0;
  std::size_t answers = 0;
  for (const raft_server& server : member.newest_configuration().servers) {
    if (!server.voter) continue;
    ++voters;
    const auto told = round_->told.find(server.id);
    if (told == round_->told.end()) continue;
    ++answers;
    ++held[told->second];
  }
  const auto most = std::ranges::max_element(held, {}, [](const auto& one) { return one.second; });
  if (most == held.end() || most->second <= voters / 2) {
    if (answers < voters) return {};
    spdlog::error("store: the members hold different states at entry {}, and no majority agrees on one",
                  round_->at.value);
    round_.reset();
    return {};
  }
  const round done = *std::exchange(round_, std::nullopt);
  const auto own = done.told.find(member.identity().member);
  if (own == done.told.end() || own->second == most->first) return {state_hash{done.at, most->first}, {}};
  return {std::nullopt, fmt::format("at entry {} its hash is {:016x}, and a majority agrees on {:016x}",
                                    done.at.value, own->second, most->first)};
}

} // namespace actord::storage
