#include "actors/console/actor_registry.hpp"

#include <algorithm>

namespace actord::actors {

void actor_card::summarize(std::string text) {
  const std::lock_guard lock(mutex_);
  summary_ = std::move(text);
}

void actor_card::hand_over(std::string key) {
  handled_.store(0, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  key_ = std::move(key);
  summary_.clear();
}

void actor_card::on_mailbox(std::function<std::size_t()> ask) {
  const std::lock_guard lock(mutex_);
  ask_mailbox_ = std::move(ask);
}

actor_report actor_card::report() const {
  const std::lock_guard lock(mutex_);
  return {kind_,
          key_,
          ask_mailbox_ ? ask_mailbox_() : mailbox_.load(std::memory_order_relaxed),
          handled_.load(std::memory_order_relaxed),
          last_message_.load(std::memory_order_relaxed),
          summary_};
}

std::shared_ptr<actor_card> actor_registry::enroll(std::string kind, std::string key) {
  auto card = std::make_shared<actor_card>(std::move(kind), std::move(key));
  const std::lock_guard lock(mutex_);
  if (cards_.size() >= sweep_at_) {
    std::erase_if(cards_, [](const auto& weak) { return weak.expired(); });
    sweep_at_ = std::max<std::size_t>(64, cards_.size() * 2);
  }
  cards_.push_back(card);
  return card;
}

std::shared_ptr<work_counters> actor_registry::work_of(const std::string& controller) {
  const std::lock_guard lock(mutex_);
  auto& counters = work_[controller];
  if (!counters) counters = std::make_shared<work_counters>();
  return counters;
}

std::map<std::string, std::shared_ptr<const work_counters>> actor_registry::work() const {
  const std::lock_guard lock(mutex_);
  return {work_.begin(), work_.end()};
}

std::vector<actor_report> actor_registry::report() const {
  std::vector<std::shared_ptr<actor_card>> alive;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& weak : cards_)
      if (auto card = weak.lock()) alive.push_back(std::move(card));
  }
  std::vector<actor_report> reports;
  reports.reserve(alive.size());
  for (const auto& card : alive) reports.push_back(card->report());
  std::sort(reports.begin(), reports.end(), [](const auto& left, const auto& right) {
    return std::tie(left.kind, left.key) < std::tie(right.kind, right.key);
  });
  return reports;
}

} // namespace actord::actors
