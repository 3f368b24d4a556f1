#include "actors/cluster/memory_gauge.hpp"

#include "actors/console/actor_registry.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

/// jemalloc's window. Not there in programs that use the C library's allocator: tests, and what is built with
/// sanitizers.
extern "C" [[gnu::weak]] int mallctl(const char* name, void* old, std::size_t* old_bytes, void* fresh,
                                     std::size_t fresh_bytes);

namespace actord::actors::memory_messages {

struct look {};

} // namespace actord::actors::memory_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::memory_messages::look)

namespace actord::actors {
namespace {

constexpr std::chrono::seconds interval{10};
constexpr std::size_t mebibyte = 1U << 20U;

std::size_t read_statistic(const char* name) {
  std::size_t value = 0;
  std::size_t bytes = sizeof value;
  return mallctl(name, &value, &bytes, nullptr, 0) == 0 ? value : 0;
}

std::string summary() {
  if (mallctl == nullptr) return "the C library's allocator";
  std::uint64_t epoch = 1; // statistics are as of the last time one was written
  mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch);
  const std::size_t used = read_statistic("stats.allocated");
  const std::size_t resident = read_statistic("stats.resident");
  return std::to_string(used / mebibyte) + " MiB in use, " +
         std::to_string((resident - std::min(resident, used)) / mebibyte) + " MiB idle";
}

struct gauge_state {
  std::shared_ptr<actor_card> card;
};

caf::behavior run_gauge(caf::stateful_actor<gauge_state>* self, actor_registry* registry) {
  self->state.card = registry->enroll("timer", "memory");
  self->state.card->summarize(summary());
  self->delayed_send(self, interval, memory_messages::look{});
  return {[self](memory_messages::look) {
    self->state.card->handled("look", 0);
    self->state.card->summarize(summary());
    self->delayed_send(self, interval, memory_messages::look{});
  }};
}

} // namespace

struct memory_gauge::state {
  caf::actor timer;
};

memory_gauge::memory_gauge(caf::actor_system& system, actor_registry& registry)
    : state_(std::make_unique<state>()) {
  state_->timer = system.spawn(run_gauge, &registry);
}

memory_gauge::~memory_gauge() { caf::anon_send_exit(state_->timer, caf::exit_reason::user_shutdown); }

} // namespace actord::actors
