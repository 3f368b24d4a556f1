#pragma once

#include "net/services/command_runner.hpp"
#include "net/services/iptables_program.hpp"
#include "net/services/service_rules.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace actord::net {

enum class iptables_backend { legacy, nft };

/// Puts service rules into the kernel. Calls block (a child process); one thread at a time.
///
/// Invariant: `applied_` is what the kernel holds of ours as far as we know, or nothing when the last attempt
/// failed; then the next one begins by reading it back. So a restart adopts what is right, rewrites what is
/// not and removes the rest.
class iptables_driver {
public:
  /// Chooses the backend: the one that holds our chains already, else the one that holds more of other
  /// people's rules, else legacy, whose loads do not slow down with the number of chains, as long as it
  /// works.
  static result<std::unique_ptr<iptables_driver>> open(std::shared_ptr<command_runner> runner);

  iptables_driver(std::shared_ptr<command_runner> runner, iptables_backend backend)
      : runner_(std::move(runner)), backend_(backend) {}

  /// Makes the kernel hold `wanted`, changing only what differs. Tells how many chains were written or
  /// removed.
  result<std::size_t> apply(const iptables_program& wanted);
  /// Compares with what the kernel holds and mends what somebody else changed.
  result<std::size_t> verify(const iptables_program& wanted);
  /// Removes everything of ours from both backends.
  result<void> clear();
  /// Forgets UDP flows to endpoints that are gone; does nothing where there is no conntrack program.
  void forget(const std::vector<stale_flow>& flows);

  [[nodiscard]] iptables_backend backend() const { return backend_; }

private:
  std::shared_ptr<command_runner> runner_;
  iptables_backend backend_;
  std::optional<iptables_program> applied_;
  bool has_conntrack_ = true;
};

} // namespace actord::net
