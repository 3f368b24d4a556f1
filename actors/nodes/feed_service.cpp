#include "actors/nodes/feed_service.hpp"

#include "actors/cluster/joining/node_register.hpp"
#include "actors/console/actor_gate.hpp"
#include "actors/console/actor_registry.hpp"
#include "actors/nodes/feed_past.hpp"
#include "actors/nodes/feed_scope.hpp"
#include "actors/nodes/plain_object.hpp"
#include "net/peer/feed.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <deque>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace actord::actors::feed_messages {

/// A piece of what the worker says it holds.
struct order {
  std::string piece;
};
/// The worker took enough: send on.
struct drained {};
/// The store has news.
struct news {};
/// Time to say how far the worker has been told.
struct bookmark {};
/// The worker is gone, or takes no more.
struct closed {};

} // namespace actord::actors::feed_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::feed_messages::order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::feed_messages::drained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::feed_messages::news)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::feed_messages::bookmark)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::feed_messages::closed)

namespace actord::actors {
namespace {

using namespace feed_messages;

constexpr std::size_t events_per_turn = 256;
constexpr std::size_t batch_bytes = 256U << 10U;
constexpr std::size_t held_max = 200'000;
constexpr std::size_t events_to_resume = 20'000;
/// The history reaches back for some minutes.
constexpr std::chrono::minutes bookmark_period{1};

/// One worker's feed. Keys wait, never objects: what is sent of a key is what it is by then.
class feeding {
public:
  feeding(caf::event_based_actor* self, const feed_service::collaborators& with, std::string node,
          std::shared_ptr<net::peer_stream> stream, std::shared_ptr<actor_gate::place> alive)
      : self_(self), with_(with), scope_(std::make_unique<feed_scope>(node)), stream_(std::move(stream)),
        card_(with.registry.enroll("feed", std::move(node))), alive_(std::move(alive)) {}

  void take_order(const std::string& piece) {
    bool begins = false;
    std::optional<net::feed_position> from;
    const auto taken = assembler_.take(piece, [&](std::string_view message) {
      auto order = net::decode_feed_order(message);
      if (!order) return stream_->fail(order.error());
      if (begun_ || sent_.size() + order->held.size() > held_max)
        return stream_->fail({error_kind::bad_request, "a feed is ordered once, and not for so much"});
      for (const net::feed_held& held : order->held) newest_held_ = std::max(newest_held_, held.at);
      for (net::feed_held& held : order->held) sent_[std::move(held.key)] = held.at;
      if (order->from) from = std::move(order->from);
      begins |= order->last;
    });
    if (!taken) return stream_->fail(taken.error());
    if (begins && from) return resume(*from);
    if (begins) begin();
  }

  void drained() {
    open_ = true;
    pump();
  }

  void read_news() {
    woken_->store(false);
    if (!begun_) return;
    bool more = false;
    for (const auto& cursor : cursors_) {
      auto events = cursor->next(events_per_turn);
      if (!events) return begin(); // fell behind the history: what it has is named again
      more = more || events->size() == events_per_turn;
      for (const storage::store_event& event : *events) take(event);
    }
    if (more && !woken_->exchange(true)) self_->send(self_, news{});
    pump();
  }

  /// Nothing concerned the worker for a while; the history may soon no longer reach back to what it knows.
  void say_how_far() {
    self_->delayed_send(self_, bookmark_period, feed_messages::bookmark{});
    if (begun_ && !naming_ && open_ && queue_.empty() && told_up_to_ < followed_up_to()) send_last_batch();
  }

  void note(const char* message) { card_->handled(message, self_->mailbox().size()); }

private:
  /// What changed since the worker was told last, then what changes.
  void resume(const net::feed_position& from) {
    const auto reads = with_.store.read();
    if (from.cluster != with_.store.cluster_id() || from.scope != feed_scope::rule) return expire();
    if (from.at > reads->at())
      return stream_->fail({error_kind::unavailable, "this server is behind what the worker knows"});
    feed_past past(scope_->node());
    for (const resource_id resource : scope_->resources())
      if (!follow_from(resource, from.at, reads->at(), &past)) return expire();
    if (!follow_from(records_, from.at, reads->at(), nullptr)) return expire();
    feed_past::picture held = past.as_of(*reads);
    scope_ = std::move(held.scope);
    sent_ = std::move(held.held);
    for (object_key& key : held.to_look_at) look_at(std::move(key));
    begun_ = resuming_ = servers_due_ = true;
    pump();
  }

  void expire() { stream_->fail({error_kind::expired, "what changed since then is not known any more"}); }

  /// False when the history does not reach back so far, or has grown too long to be gone through.
  bool follow_from(resource_id resource, revision after, revision until, feed_past* past) {
    if (!follow(resource, after)) return false;
    std::size_t count = 0;
    while (true) {
      const auto events = cursors_.back()->next(events_per_turn);
      if (!events || (count += events->size()) > events_to_resume) return false;
      for (const storage::store_event& event : *events)
        if (past != nullptr) past->add(event);
      if (events->empty()) return cursors_.back()->position() >= until;
    }
  }

  /// All of it, then what changes.
  void begin() {
    begun_ = naming_ = servers_due_ = true;
    resuming_ = false;
    scope_ = std::make_unique<feed_scope>(scope_->node());
    cursors_.clear();
    named_.clear();
    queue_.clear();
    queued_.clear();
    const auto reads = with_.store.read();
    if (newest_held_ > reads->at())
      return stream_->fail({error_kind::unavailable, "this server is behind what the worker knows"});
    for (const resource_id resource : scope_->resources())
      if (!follow(resource, reads->at())) return expire();
    if (!follow(records_, reads->at())) return expire();
    for (object_key& key : reads->on_node(scope_->node())) look_at(std::move(key));
    for (const auto* type : {&schema::builtin("", "nodes"), &schema::builtin("", "services"),
                             &schema::builtin("discovery.k8s.io", "endpointslices")})
      reads->scan(type->stored_as, {}, [&](std::string_view bytes) {
        if (const auto view = schema::object_view::open_envelope(bytes)) look_at(view->key());
        return true;
      });
    pump();
  }

  bool follow(resource_id resource, revision after) {
    auto wake = [me = caf::actor_cast<caf::actor_addr>(self_), flag = woken_] {
      if (flag->exchange(true)) return;
      if (auto strong = caf::actor_cast<caf::actor>(me)) caf::anon_send(strong, news{});
    };
    auto cursor = with_.store.watch({resource, "", ""}, after, std::move(wake));
    if (!cursor) return false;
    cursors_.push_back(std::move(*cursor));
    return true;
  }

  /// Events up to there have been read, of every resource.
  [[nodiscard]] revision followed_up_to() const {
    revision least = cursors_.front()->position();
    for (const auto& each : cursors_) least = std::min(least, each->position());
    return least;
  }

  void take(const storage::store_event& event) {
    if (event.key.resource == records_) {
      servers_due_ = true;
    } else if (scope_->concerns(event.key)) {
      look_at(event.key);
    } else if (event.key.resource == pods_) {
      const auto view = schema::object_view::open_envelope(*event.value);
      if (view && view->node_name() == scope_->node()) look_at(event.key);
    }
  }

  void look_at(object_key key) {
    if (queued_.insert(key).second) queue_.push_back(std::move(key));
  }

  /// Sends while the worker takes it.
  void pump() {
    if (!begun_ || !open_ || (queue_.empty() && !naming_ && !resuming_ && !servers_due_)) return;
    const auto reads = with_.store.read();
    while (open_ && !queue_.empty()) {
      const object_key key = std::move(queue_.front());
      queue_.pop_front();
      queued_.erase(key);
      tell(*reads, key);
      if (waiting_bytes_ >= batch_bytes) send_batch();
    }
    if (!open_ || !queue_.empty()) return;
    if (std::exchange(servers_due_, false)) name_servers(*reads);
    batch_.resumed = std::exchange(resuming_, false);
    batch_.complete = batch_.resumed;
    if (std::exchange(naming_, false)) {
      batch_.complete = true;
      std::erase_if(sent_, [&](const auto& row) { return !named_.contains(row.first); });
      named_.clear();
    }
    send_last_batch();
    card_->summarize(fmt::format("{} objects concern it", sent_.size()));
  }

  void tell(const storage::snapshot& reads, const object_key& key) {
    if (key.resource != pods_) return present(reads, key);
    const std::string_view bytes = reads.get(key);
    const auto view = schema::object_view::open(bytes);
    const feed_scope::change change =
        bytes.empty() || !view ? scope_->pod_gone(key)
                               : scope_->pod_changed(key, schema::parse_pod_references(view->text()));
    // What a pod names is there before the pod is, and until it is gone.
    for (const object_key& named : change.begin)
      if (named != key) present(reads, named);
    present(reads, key);
    for (const object_key& named : change.cease) present(reads, named);
  }

  void present(const storage::snapshot& reads, const object_key& key) {
    const std::string_view bytes = scope_->concerns(key) ? reads.get(key) : std::string_view();
    const auto view = schema::object_view::open_envelope(bytes);
    if (bytes.empty() || !view) {
      if (sent_.erase(key) > 0) add({.key = key, .at = {}, .verb = net::feed_verb::gone, .value = {}});
      return;
    }
    const auto [found, fresh] = sent_.try_emplace(key, view->at());
    const bool same = !fresh && found->second == view->at();
    found->second = view->at();
    if (naming_) named_.insert(key);
    // In plain text within TLS: the worker has no key of the cluster's.
    if (!same)
      add({.key = key, .at = view->at(), .verb = net::feed_verb::put, .value = plain_object(bytes)});
    else if (naming_)
      add({.key = key, .at = view->at(), .verb = net::feed_verb::same, .value = {}});
  }

  void add(net::feed_change change) {
    waiting_bytes_ += change.value.size() + 64;
    batch_.changes.push_back(std::move(change));
  }

  void name_servers(const storage::snapshot& reads) {
    const auto leader = with_.store.status().leader;
    for (const known_server& each : members_of(node_records(reads)))
      batch_.servers.push_back({each.member, each.node, each.rpc_address, each.api_address});
    std::ranges::stable_partition(batch_.servers, [&](const auto& each) { return each.member == leader; });
  }

  /// Nothing waits behind it.
  void send_last_batch() {
    batch_.up_to = told_up_to_ = followed_up_to();
    send_batch();
  }

  void send_batch() {
    open_ = stream_->write(net::encode_feed(batch_));
    batch_ = {};
    waiting_bytes_ = 0;
  }

  caf::event_based_actor* const self_;
  const feed_service::collaborators with_;
  std::unique_ptr<feed_scope> scope_;
  const std::shared_ptr<net::peer_stream> stream_;
  const std::shared_ptr<actor_card> card_;
  const std::shared_ptr<actor_gate::place> alive_;
  const std::shared_ptr<std::atomic<bool>> woken_ = std::make_shared<std::atomic<bool>>(false);
  const resource_id pods_ = schema::builtin("", "pods").stored_as;
  const resource_id records_ = node_record_key("").resource;
  net::feed_assembler assembler_;
  std::vector<std::unique_ptr<storage::watch_cursor>> cursors_;
  std::deque<object_key> queue_; ///< to be looked at, each once
  std::set<object_key> queued_;
  std::map<object_key, revision> sent_; ///< what the worker has, or will once it took what was written
  std::set<object_key> named_;          ///< while everything is named
  net::feed_batch batch_;
  std::size_t waiting_bytes_ = 0;
  revision told_up_to_{0};
  revision newest_held_{0};
  bool begun_ = false;
  bool naming_ = false;      ///< not everything was named yet
  bool resuming_ = false;    ///< the worker was not told yet that it goes on where it was
  bool servers_due_ = false; ///< where the servers are is to be told
  bool open_ = true;         ///< the worker takes more
};

struct feed_state {
  std::unique_ptr<feeding> work;
};

struct feed_setup {
  feed_service::collaborators with;
  std::string node;
  std::shared_ptr<net::peer_stream> stream;
  std::shared_ptr<actor_gate::place> alive; ///< taken before the actor runs
};

caf::behavior feed(caf::stateful_actor<feed_state>* self, const std::shared_ptr<feed_setup>& setup) {
  self->state.work = std::make_unique<feeding>(self, setup->with, setup->node, std::move(setup->stream),
                                               std::move(setup->alive));
  self->delayed_send(self, bookmark_period, bookmark{});
  return {[self](const order& message) {
            self->state.work->note("order");
            self->state.work->take_order(message.piece);
          },
          [self](drained) {
            self->state.work->note("drained");
            self->state.work->drained();
          },
          [self](news) {
            self->state.work->note("news");
            self->state.work->read_news();
          },
          [self](bookmark) {
            self->state.work->note("bookmark");
            self->state.work->say_how_far();
          },
          [self](closed) { self->quit(); }};
}

} // namespace

struct feed_service::state {
  explicit state(collaborators given) : with(given) {}

  const collaborators with;
  const std::shared_ptr<actor_gate> gate = std::make_shared<actor_gate>();
  std::mutex mutex;
  bool stopped = false;
  std::vector<caf::actor_addr> feeds;
};

feed_service::feed_service(collaborators with) : state_(std::make_shared<state>(with)) {}

feed_service::~feed_service() {
  {
    const std::scoped_lock hold(state_->mutex);
    state_->stopped = true;
    for (const caf::actor_addr& each : state_->feeds)
      if (const auto strong = caf::actor_cast<caf::actor>(each))
        caf::anon_send_exit(strong, caf::exit_reason::user_shutdown);
  }
  state_->gate->wait_until_empty();
}

result<net::stream_events> feed_service::open(const net::peer_caller& from,
                                              std::shared_ptr<net::peer_stream> stream) {
  const std::scoped_lock hold(state_->mutex);
  if (state_->stopped) return error{error_kind::unavailable, "this server is stopping"};
  const auto actor = state_->with.system.spawn(
      feed, std::make_shared<feed_setup>(feed_setup{state_->with, from.node_name, std::move(stream),
                                                    std::make_shared<actor_gate::place>(state_->gate)}));
  std::erase_if(state_->feeds,
                [](const caf::actor_addr& each) { return !caf::actor_cast<caf::actor>(each); });
  state_->feeds.push_back(caf::actor_cast<caf::actor_addr>(actor));
  return net::stream_events{
      .piece =
          [actor](std::string piece) {
            caf::anon_send(actor, order{std::move(piece)});
            return net::intake::taken;
          },
      .ended = [] {},
      .drained = [actor] { caf::anon_send(actor, feed_messages::drained{}); },
      .closed = [actor](const std::optional<error>&) { caf::anon_send(actor, feed_messages::closed{}); }};
}

} // namespace actord::actors
