#include "storage/watch/watch_hub.hpp"

#include "schema/base/always.hpp"
#include "storage/read/history.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace actord::storage {
namespace {

/// What one `next` reads of the log at most, so that a cursor far behind shares its thread.
constexpr std::size_t history_bytes_at_once = 4U << 20U;
/// What one `next` looks at of the buffer at most.
constexpr std::size_t batches_at_once = 256;

struct subscriber;
using subscriber_list = std::vector<subscriber*>;

/// One watcher as the hub sees it. All but `wake` is guarded by the hub's mutex.
struct subscriber : std::enable_shared_from_this<subscriber> {
  watch_scope scope;
  revision position; ///< while armed: the head may be beyond, with nothing for this scope between
  bool armed = false;
  subscriber_list* stands_in = nullptr; ///< while armed
  std::size_t stands_at = 0;

  std::mutex wake_mutex; ///< held while waking, so that no wake runs once the cursor is gone
  std::function<void()> wake;

  void call() {
    const std::scoped_lock hold(wake_mutex);
    if (wake) wake();
  }
};

/// Armed subscribers by scope: an event looks into at most five lists, however many others wait.
class scope_index {
public:
  subscriber_list& list_for(const watch_scope& scope) {
    if (!scope.resource)
      return scope.space.empty() && scope.name.empty() ? everything_ : filtered_everything_;
    of_resource& there = resources_[scope.resource->value];
    if (scope.space.empty() && scope.name.empty()) return there.all;
    if (scope.name.empty()) return there.by_space[scope.space];
    if (scope.space.empty()) return there.by_name[scope.name];
    return there.by_both[scope.space + '\0' + scope.name];
  }

  /// Moves those whose scope holds the key out of the index.
  template <class Take>
  void take(const object_key& key, Take take) {
    take_all(everything_, take);
    if (!filtered_everything_.empty()) take_matching(filtered_everything_, key, take);
    const auto found = resources_.find(key.resource.value);
    if (found == resources_.end()) return;
    of_resource& there = found->second;
    take_all(there.all, take);
    if (!there.by_space.empty()) take_named(there.by_space, key.space, take);
    if (!there.by_name.empty()) take_named(there.by_name, key.name, take);
    if (!there.by_both.empty()) take_named(there.by_both, key.space + '\0' + key.name, take);
  }

  /// Every subscriber in the index.
  template <class Take>
  void take_everybody(Take take) {
    take_all(everything_, take);
    take_all(filtered_everything_, take);
    for (auto& [resource, there] : resources_) {
      take_all(there.all, take);
      for (auto& [name, list] : there.by_space) take_all(list, take);
      for (auto& [name, list] : there.by_name) take_all(list, take);
      for (auto& [name, list] : there.by_both) take_all(list, take);
    }
  }

  static void insert(subscriber_list& list, subscriber& one) {
    one.stands_in = &list;
    one.stands_at = list.size();
    list.push_back(&one);
  }
  static void remove(subscriber& one) {
    subscriber_list& list = *one.stands_in;
    list[one.stands_at] = list.back();
    list[one.stands_at]->stands_at = one.stands_at;
    list.pop_back();
    one.stands_in = nullptr;
  }

private:
  using named_lists = std::unordered_map<std::string, subscriber_list>;
  struct of_resource {
    subscriber_list all;
    named_lists by_space;
    named_lists by_name;
    named_lists by_both;
  };

  template <class Take>
  static void take_all(subscriber_list& list, Take& take) {
    for (std::size_t i = list.size(); i-- > 0;) take(*list[i]);
  }
  template <class Take>
  static void take_matching(subscriber_list& list, const object_key& key, Take& take) {
    for (std::size_t i = list.size(); i-- > 0;) {
      if (in_scope(list[i]->scope, key)) take(*list[i]);
    }
  }
  template <class Take>
  static void take_named(named_lists& lists, const std::string& name, Take& take) {
    const auto found = lists.find(name);
    if (found != lists.end()) take_all(found->second, take);
  }

  subscriber_list everything_;
  subscriber_list filtered_everything_;
  std::unordered_map<std::uint16_t, of_resource> resources_;
};

std::size_t weight(const store_event& event) {
  return sizeof event + event.value->size() + (event.previous == nullptr ? 0 : event.previous->size());
}

} // namespace

struct watch_hub::shared {
  struct buffered {
    event_batch events;
    std::size_t bytes = 0;
    [[nodiscard]] revision last() const { return events->back().at; }
  };

  mutable std::mutex mutex;
  open_view view;
  limits bounds;
  revision head;
  revision buffer_after; ///< the buffer holds every event above this, up to the head
  std::deque<buffered> buffer;
  std::size_t buffer_bytes = 0;
  std::size_t buffer_events = 0;
  scope_index armed;
  std::size_t subscribers = 0;
  bool ended = false;

  void arm(subscriber& one) {
    one.armed = true;
    scope_index::insert(armed.list_for(one.scope), one);
  }
  void disarm(subscriber& one) {
    if (!one.armed) return;
    one.armed = false;
    scope_index::remove(one);
  }
  void add(event_batch events) {
    std::size_t bytes = 0;
    for (const store_event& event : *events) bytes += weight(event);
    head = events->back().at;
    buffer_bytes += bytes;
    buffer_events += events->size();
    buffer.push_back({std::move(events), bytes});
    while (buffer.size() > 1 &&
           (buffer_bytes > bounds.buffer_bytes || buffer_events > bounds.buffer_events)) {
      buffer_after = buffer.front().last();
      buffer_bytes -= buffer.front().bytes;
      buffer_events -= buffer.front().events->size();
      buffer.pop_front();
    }
  }
};

namespace {

class hub_cursor final : public watch_cursor {
public:
  hub_cursor(std::shared_ptr<watch_hub::shared> hub, std::shared_ptr<subscriber> self)
      : hub_(std::move(hub)), self_(std::move(self)) {}
  ~hub_cursor() override {
    {
      const std::scoped_lock hold(hub_->mutex);
      hub_->disarm(*self_);
      --hub_->subscribers;
    }
    const std::scoped_lock hold(self_->wake_mutex);
    self_->wake = nullptr;
  }
  hub_cursor(const hub_cursor&) = delete;
  hub_cursor& operator=(const hub_cursor&) = delete;

  result<std::vector<store_event>> next(std::size_t max_events) override {
    std::vector<store_event> out;
    while (out.size() < max_events) {
      std::vector<event_batch> batches;
      revision from;
      {
        const std::scoped_lock hold(hub_->mutex);
        if (hub_->ended || self_->armed) return out;
        from = self_->position;
        if (from >= hub_->buffer_after) batches = take_batches(from);
      }
      revision reached;
      if (batches.empty()) {
        auto page = read_log(from, max_events - out.size());
        if (!page) return std::move(page).error();
        reached = page->reached;
        std::ranges::move(page->events, std::back_inserter(out));
      } else {
        reached = filter(batches, from, max_events, out);
      }
      if (move_to(reached)) return out;
    }
    return out;
  }

  [[nodiscard]] revision position() const override {
    const std::scoped_lock hold(hub_->mutex);
    return self_->armed ? std::max(self_->position, hub_->head) : self_->position;
  }

private:
  /// The buffered batches above `from`; the hub's mutex is held.
  [[nodiscard]] std::vector<event_batch> take_batches(revision from) const {
    std::vector<event_batch> taken;
    auto at =
        std::ranges::upper_bound(hub_->buffer, from, {}, [](const auto& batch) { return batch.last(); });
    for (; at != hub_->buffer.end() && taken.size() < batches_at_once; ++at) taken.push_back(at->events);
    return taken;
  }

  /// Appends what is in scope; returns how far it looked.
  revision filter(const std::vector<event_batch>& batches, revision from, std::size_t max_events,
                  std::vector<store_event>& out) const {
    for (const event_batch& batch : batches) {
      const std::uint64_t first = batch->front().at.value;
      std::size_t i = from.value < first ? 0 : static_cast<std::size_t>(from.value - first + 1);
      for (; i < batch->size(); ++i) {
        const store_event& event = (*batch)[i];
        if (!in_scope(self_->scope, event.key)) continue;
        if (out.size() == max_events) return revision{event.at.value - 1};
        out.push_back(event);
      }
    }
    return batches.back()->back().at;
  }

  result<history_page> read_log(revision from, std::size_t max_events) const {
    const auto view = hub_->view();
    return read_history(*view, self_->scope, from, max_events, history_bytes_at_once);
  }

  /// True when there is nothing above: the cursor is armed.
  bool move_to(revision reached) {
    const std::scoped_lock hold(hub_->mutex);
    self_->position = std::max(self_->position, reached);
    if (self_->position < hub_->head) return false;
    hub_->arm(*self_);
    return true;
  }

  std::shared_ptr<watch_hub::shared> hub_;
  std::shared_ptr<subscriber> self_;
};

} // namespace

watch_hub::watch_hub(open_view view, revision head, limits bounds) : shared_(std::make_shared<shared>()) {
  shared_->view = std::move(view);
  shared_->bounds = bounds;
  shared_->head = head;
  shared_->buffer_after = head;
}

watch_hub::~watch_hub() {
  const std::scoped_lock hold(shared_->mutex);
  shared_->ended = true;
  shared_->buffer.clear();
}

void watch_hub::publish(event_batch events) {
  if (events->empty()) return;
  std::vector<std::shared_ptr<subscriber>> due;
  {
    const std::scoped_lock hold(shared_->mutex);
    ALWAYS(events->front().at.value == shared_->head.value + 1);
    for (const store_event& event : *events) {
      shared_->armed.take(event.key, [&](subscriber& one) {
        if (event.at <= one.position) return; // asked for a revision still to come
        one.position = std::max(one.position, revision{event.at.value - 1});
        shared_->disarm(one);
        due.push_back(one.shared_from_this());
      });
    }
    shared_->add(std::move(events));
  }
  for (const std::shared_ptr<subscriber>& one : due) one->call();
}

void watch_hub::jump(revision head) {
  std::vector<std::shared_ptr<subscriber>> due;
  {
    const std::scoped_lock hold(shared_->mutex);
    if (head <= shared_->head) return;
    shared_->armed.take_everybody([&](subscriber& one) {
      if (head <= one.position) return;
      // Up to the old head there was nothing for it; beyond, nobody knows.
      one.position = std::max(one.position, shared_->head);
      shared_->disarm(one);
      due.push_back(one.shared_from_this());
    });
    shared_->head = shared_->buffer_after = head;
    shared_->buffer.clear();
    shared_->buffer_bytes = 0;
    shared_->buffer_events = 0;
  }
  for (const std::shared_ptr<subscriber>& one : due) one->call();
}

std::unique_ptr<watch_cursor> watch_hub::subscribe(watch_scope scope, revision after,
                                                   std::function<void()> wake) {
  auto self = std::make_shared<subscriber>();
  self->scope = std::move(scope);
  self->position = after;
  self->wake = std::move(wake);
  bool behind = false;
  {
    const std::scoped_lock hold(shared_->mutex);
    ++shared_->subscribers;
    behind = after < shared_->head;
    if (!behind) shared_->arm(*self);
  }
  auto cursor = std::make_unique<hub_cursor>(shared_, self);
  if (behind) self->call();
  return cursor;
}

revision watch_hub::head() const {
  const std::scoped_lock hold(shared_->mutex);
  return shared_->head;
}
std::size_t watch_hub::subscribers() const {
  const std::scoped_lock hold(shared_->mutex);
  return shared_->subscribers;
}

} // namespace actord::storage
