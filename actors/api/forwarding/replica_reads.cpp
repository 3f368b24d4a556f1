#include "actors/api/forwarding/replica_reads.hpp"

#include "actors/api/forwarding/leader_wait.hpp"
#include "storage/store.hpp"

#include <fmt/format.h>
#include <thread>

namespace actord::actors {
namespace {

constexpr std::chrono::milliseconds version_wait{3000};

error too_large_version(revision wanted, revision current) {
  const std::string text =
      fmt::format("Too large resource version: {}, current: {}", wanted.value, current.value);
  return {.kind = error_kind::timeout,
          .message = "Timeout: " + text,
          .causes = {{"ResourceVersionTooLarge", "Too large resource version", ""}},
          .subject = error_subject{},
          .retry_after_s = 1};
}

error no_leader() {
  return {.kind = error_kind::unavailable,
          .message =
              "this server does not hear from a leader of the cluster, so it cannot tell how old what it "
              "has is",
          .causes = {},
          .subject = {},
          .retry_after_s = 1};
}

error being_replaced() {
  return {.kind = error_kind::unavailable,
          .message = "the state of this server is damaged and is being replaced",
          .causes = {},
          .subject = {},
          .retry_after_s = 1};
}

} // namespace

void replica_reads::when_readable(std::optional<revision> at, std::function<void(result<void>)> then) const {
  if (!at) return confirm(clock_.steady_now() + leader_patience, std::move(then));
  if (at->value == 0) return hear_from_leader(clock_.steady_now() + leader_patience, std::move(then));
  const auto caller = std::this_thread::get_id();
  store_.wait_for(*at, version_wait,
                  [reads = *this, wanted = *at, then = std::move(then), caller](result<void> ready) {
                    if (ready && std::this_thread::get_id() == caller) return then(ready);
                    const revision last = reads.store_.status().last;
                    if (!ready) ready = last < wanted ? too_large_version(wanted, last) : being_replaced();
                    reads.run_([then, ready = std::move(ready)] { then(ready); });
                  });
}

void replica_reads::confirm(steady_time until, std::function<void(result<void>)> then) const {
  const auto caller = std::this_thread::get_id();
  store_.confirm_reads([reads = *this, until, then = std::move(then), caller](const result<void>& ready) {
    const bool lacks_leader = !ready && (ready.error().kind == error_kind::unavailable ||
                                         ready.error().kind == error_kind::timeout);
    if (lacks_leader && reads.waiting_ && reads.clock_.steady_now() < until)
      return reads.waiting_->park([reads, until, then] { reads.confirm(until, then); });
    const result<void> told = lacks_leader ? result<void>(no_leader()) : ready;
    if (std::this_thread::get_id() == caller) return then(told);
    reads.run_([then, told] { then(told); });
  });
}

void replica_reads::hear_from_leader(steady_time until, std::function<void(result<void>)> then) const {
  if (!waiting_ || store_.status().leader != 0) return then({});
  if (clock_.steady_now() >= until) return then(no_leader());
  waiting_->park([reads = *this, until, then = std::move(then)] { reads.hear_from_leader(until, then); });
}

} // namespace actord::actors
