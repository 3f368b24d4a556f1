#include "actors/cluster/memory_keeper.hpp"

#include "actors/console/actor_registry.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <fstream>
#include <malloc.h>
#include <string>
#include <unistd.h>

namespace actord::actors::memory_messages {

struct look {};

} // namespace actord::actors::memory_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::memory_messages::look)

namespace actord::actors {
namespace {

constexpr std::chrono::seconds interval{10};
constexpr std::size_t idle_max_bytes = 16U << 20U;
constexpr std::size_t mebibyte = 1U << 20U;

/// Of the C library's free pieces only what still has pages behind it counts: after a trim most have none.
heap_use measure_heap() {
  const auto info = mallinfo2();
  const std::size_t used = info.uordblks + info.hblkhd;
  std::size_t pages = 0, resident = 0, shared = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident >> shared;
  const std::size_t private_bytes =
      resident > shared ? (resident - shared) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) : 0;
  return {.used = used, .idle = std::min(info.fordblks, private_bytes > used ? private_bytes - used : 0)};
}

/// Pieces and bodies of answers come and go; pages that go back to the machine in between cost a fault each
/// when they are written again, a third of what a list costs. So the C library keeps what this keeper would
/// leave it.
void keep_what_will_be_needed_again() {
  constexpr int largest_from_heap_bytes = 32 << 20; // as far as the C library goes by itself
  mallopt(M_MMAP_THRESHOLD, largest_from_heap_bytes);
  mallopt(M_TRIM_THRESHOLD, static_cast<int>(idle_max_bytes));
}

struct keeper_state {
  std::shared_ptr<actor_card> card;
};

caf::behavior run_keeper(caf::stateful_actor<keeper_state>* self, actor_registry* registry) {
  self->state.card = registry->enroll("timer", "memory");
  self->delayed_send(self, interval, memory_messages::look{});
  return {[self](memory_messages::look) {
    self->state.card->handled("look", 0);
    const heap_use heap = measure_heap();
    if (is_worth_trimming(heap)) malloc_trim(0);
    self->state.card->summarize(std::to_string(heap.used / mebibyte) + " MiB in use, " +
                                std::to_string(heap.idle / mebibyte) + " MiB idle");
    self->delayed_send(self, interval, memory_messages::look{});
  }};
}

} // namespace

struct memory_keeper::state {
  caf::actor timer;
};

bool is_worth_trimming(const heap_use& heap) {
  return heap.idle > idle_max_bytes && heap.idle > heap.used / 2;
}

memory_keeper::memory_keeper(caf::actor_system& system, actor_registry& registry)
    : state_(std::make_unique<state>()) {
  keep_what_will_be_needed_again();
  state_->timer = system.spawn(run_keeper, &registry);
}

memory_keeper::~memory_keeper() { caf::anon_send_exit(state_->timer, caf::exit_reason::user_shutdown); }

} // namespace actord::actors
