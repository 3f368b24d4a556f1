#pragma once

#include "actors/console/work_counters.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace actord::actors {

/// What the debug console shows of one live actor.
struct actor_report {
  std::string kind; ///< "object", "controller", "reconciler", "pod", ...
  std::string key;  ///< "apps/deployments default/hello"
  std::size_t mailbox = 0;
  std::uint64_t handled = 0;
  std::string last_message;
  std::string summary;
};

/// The live counters of one actor; the actor owns it and writes, the console reads.
class actor_card {
public:
  actor_card(std::string kind, std::string key) : kind_(std::move(kind)), key_(std::move(key)) {}

  /// Once per handled message. `message` is a literal: it is kept by pointer.
  void handled(const char* message, std::size_t mailbox) {
    handled_.fetch_add(1, std::memory_order_relaxed);
    mailbox_.store(mailbox, std::memory_order_relaxed);
    last_message_.store(message, std::memory_order_relaxed);
  }
  void summarize(std::string text);
  /// Its actor has become another's.
  void hand_over(std::string key);
  /// Asked for the mailbox length at the moment of the report, where the owner can tell.
  void on_mailbox(std::function<std::size_t()> ask);
  [[nodiscard]] actor_report report() const;

private:
  const std::string kind_;
  std::atomic<std::uint64_t> handled_{0};
  std::atomic<std::size_t> mailbox_{0};
  std::atomic<const char*> last_message_{""};
  mutable std::mutex mutex_;
  std::string key_;
  std::string summary_;
  std::function<std::size_t()> ask_mailbox_;
};

/// All live actors of this process. Cards leave it when their last owner drops them.
class actor_registry {
public:
  std::shared_ptr<actor_card> enroll(std::string kind, std::string key);
  [[nodiscard]] std::vector<actor_report> report() const;
  /// What a controller counts of its work, by its name; the same one for all who ask. It stays.
  std::shared_ptr<work_counters> work_of(const std::string& controller);
  [[nodiscard]] std::map<std::string, std::shared_ptr<const work_counters>> work() const;

private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<work_counters>> work_;
  mutable std::vector<std::weak_ptr<actor_card>> cards_;
  std::size_t sweep_at_ = 64;
};

} // namespace actord::actors
