#include "actors/nodes/feed_client.hpp"

#include "actors/console/actor_gate.hpp"
#include "actors/console/actor_registry.hpp"
#include "actors/nodes/feed_position.hpp"
#include "actors/nodes/feed_scope.hpp"
#include "actors/nodes/plain_object.hpp"
#include "schema/object/stored_object.hpp"
#include "storage/settled.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <condition_variable>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <set>
#include <spdlog/spdlog.h>
#include <utility>

namespace actord::actors::feed_client_messages {

/// Time to look for a server.
struct connect {};
struct arrived {
  std::uint64_t attempt = 0;
  std::string piece;
};
/// The store has it.
struct applied {
  std::uint64_t attempt = 0;
  bool complete = false;
  result<void> outcome;
};
struct closed {
  std::uint64_t attempt = 0;
  std::string why;
  bool expired = false; ///< the server cannot go on from where this node is
};

} // namespace actord::actors::feed_client_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::feed_client_messages::connect)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::feed_client_messages::arrived)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::feed_client_messages::applied)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::feed_client_messages::closed)

namespace actord::actors {
namespace {

using namespace feed_client_messages;

constexpr std::chrono::milliseconds pause{200};
constexpr std::size_t held_at_once = 1000;
constexpr std::size_t removals_at_once = 500;

/// Whoever waits for the first feed to be complete.
struct completion {
  std::mutex mutex;
  std::condition_variable changed;
  bool complete = false;
};

class listening {
public:
  listening(caf::event_based_actor* self, feed_client::collaborators with,
            std::shared_ptr<completion> completed, std::shared_ptr<actor_gate::place> alive)
      : self_(self), with_(std::move(with)), completed_(std::move(completed)), alive_(std::move(alive)),
        card_(with_.registry.enroll("feed", "desired state")), position_(read_position()) {}

  void connect() {
    const auto servers = with_.contact.servers();
    if (servers.empty()) return again("no server is known");
    ++attempt_;
    named_.clear();
    naming_ = true;
    whole_ = false;
    assembler_ = {};
    const auto me = caf::actor_cast<caf::actor>(self_);
    stream_ = with_.contact.open_stream(
        servers[next_ % servers.size()], net::feed_method, {},
        {.piece =
             [me, at = attempt_](std::string piece) {
               caf::anon_send(me, arrived{at, std::move(piece)});
               return net::intake::later;
             },
         .ended = [] {},
         .drained = [] {},
         .closed =
             [me, at = attempt_](const std::optional<error>& why) {
               caf::anon_send(me, feed_client_messages::closed{at, why ? why->message : "ended",
                                                               why && why->kind == error_kind::expired});
             }});
    order();
  }

  void take(const arrived& piece) {
    if (piece.attempt != attempt_) return;
    pieces_ += piece.piece.size();
    const auto taken = assembler_.take(piece.piece, [&](std::string_view message) {
      auto batch = net::decode_feed_batch(message);
      if (!batch) return stream_->fail(batch.error());
      apply(*std::move(batch));
    });
    if (!taken) return stream_->fail(taken.error());
    // Half of a message lies in memory: nothing to wait for.
    if (under_way_ == 0) stream_->taken(std::exchange(pieces_, 0));
  }

  void stored(const applied& message) {
    if (message.attempt != attempt_) return;
    --under_way_;
    if (!message.outcome) {
      position_ = read_position(); // not what was not stored
      return stream_->fail(message.outcome.error());
    }
    if (under_way_ == 0) stream_->taken(std::exchange(pieces_, 0));
    if (message.complete) {
      const std::scoped_lock hold(completed_->mutex);
      completed_->complete = true;
      completed_->changed.notify_all();
    }
    card_->summarize(fmt::format("{} objects concern this node", held_.size()));
  }

  void lost(const feed_client_messages::closed& message) {
    if (message.attempt != attempt_) return;
    stream_.reset();
    if (message.expired) position_.reset();
    again(message.why);
  }

  void note(const char* message) { card_->handled(message, self_->mailbox().size()); }

private:
  void again(const std::string& why) {
    if (std::exchange(last_why_, why) != why) spdlog::warn("the desired state of this node: {}", why);
    card_->summarize("no server tells: " + why);
    ++next_;
    under_way_ = 0;
    pieces_ = 0;
    self_->delayed_send(self_, pause, feed_client_messages::connect{});
  }

  void order() {
    net::feed_order part{.held = {}, .last = false};
    if (position_) {
      part.from = position_;
      part.last = true;
      return static_cast<void>(stream_->write(net::encode_feed(part)));
    }
    for (const auto& [key, at] : held_) {
      part.held.push_back({key, at});
      if (part.held.size() < held_at_once) continue;
      stream_->write(net::encode_feed(part));
      part.held.clear();
    }
    part.last = true;
    stream_->write(net::encode_feed(part));
  }

  void apply(net::feed_batch batch) {
    last_why_.clear();
    if (!batch.servers.empty()) with_.servers(std::move(batch.servers));
    storage::transaction write;
    const auto reads = with_.store.read();
    for (net::feed_change& change : batch.changes) take(*reads, std::move(change), write);
    if (batch.complete && !batch.resumed) drop_what_was_not_named(*reads, write);
    whole_ = whole_ || batch.complete;
    if (whole_ && batch.up_to.value > 0) keep_position(batch.up_to, write);
    propose(std::move(write), batch.complete);
  }

  void take(const storage::snapshot& reads, net::feed_change change, storage::transaction& write) {
    if (std::ranges::find(resources_, change.key.resource) == resources_.end())
      return stream_->fail({error_kind::bad_request, "the feed has what no worker is told"});
    const std::string_view present = reads.get(change.key);
    if (naming_) named_.insert(change.key);
    if (change.verb == net::feed_verb::gone) {
      held_.erase(change.key);
      if (!present.empty()) remove(change.key, present, write);
      return;
    }
    if (change.verb == net::feed_verb::same) {
      if (!present.empty()) return;
      held_.erase(change.key);
      return stream_->fail({error_kind::conflict, "this node does not hold what it said it does"});
    }
    const auto next = schema::object_view::open(change.value);
    if (!next || next->key() != change.key)
      return stream_->fail({error_kind::bad_request, "the feed has a damaged object"});
    held_[change.key] = change.at;
    if (const auto own = schema::object_view::open(present);
        !present.empty() && own && own->text() == next->text())
      return;
    storage::object_change put{change.key, {}, {}};
    put.what = storage::put_value{std::move(change.value)};
    write.changes.push_back(std::move(put));
  }

  static void remove(const object_key& key, std::string_view present, storage::transaction& write) {
    storage::object_change change{key, {}, {}};
    change.what = storage::remove_value{plain_object(present)};
    write.changes.push_back(std::move(change));
  }

  void drop_what_was_not_named(const storage::snapshot& reads, storage::transaction& write) {
    for (const resource_id resource : resources_)
      reads.scan(resource, {}, [&](std::string_view bytes) {
        const auto view = schema::object_view::open_envelope(bytes);
        if (!view || named_.contains(view->key())) return true;
        held_.erase(view->key());
        remove(view->key(), bytes, write);
        if (write.changes.size() >= removals_at_once) propose(std::exchange(write, {}), false);
        return true;
      });
    std::erase_if(held_, [&](const auto& row) { return !named_.contains(row.first); });
    named_.clear();
    naming_ = false;
  }

  void propose(storage::transaction write, bool complete) {
    ++under_way_;
    const auto me = caf::actor_cast<caf::actor>(self_);
    if (write.changes.empty()) {
      caf::anon_send(me, applied{attempt_, complete, {}});
      return;
    }
    with_.store.propose(std::move(write), [me, at = attempt_, complete](const storage::outcome& outcome) {
      caf::anon_send(me, applied{at, complete, storage::settled(outcome)});
    });
  }

  /// With what it says in one transaction, so that it is never ahead of that.
  void keep_position(revision at, storage::transaction& write) {
    position_ = net::feed_position{with_.cluster, at, feed_scope::rule};
    storage::object_change put{position_key(), {}, {}};
    put.what = storage::put_value{encode_position(*position_)};
    write.changes.push_back(std::move(put));
  }

  [[nodiscard]] std::optional<net::feed_position> read_position() const {
    const auto reads = with_.store.read();
    auto kept = decode_position(reads->get(position_key()));
    if (kept && kept->cluster != with_.cluster) kept.reset();
    return kept;
  }

  caf::event_based_actor* const self_;
  const feed_client::collaborators with_;
  const std::shared_ptr<completion> completed_;
  const std::shared_ptr<actor_gate::place> alive_;
  const std::shared_ptr<actor_card> card_;
  const std::vector<resource_id> resources_ = feed_scope("").resources();
  std::shared_ptr<net::peer_stream> stream_;
  net::feed_assembler assembler_;
  std::map<object_key, revision> held_; ///< by the cluster's revisions: the own store counts its own
  std::set<object_key> named_;          ///< since the stream began, until all is named
  bool naming_ = false;
  bool whole_ = false;                         ///< this stream has told everything by now
  std::optional<net::feed_position> position_; ///< what may be gone on from
  std::uint64_t attempt_ = 0;
  std::size_t next_ = 0;      ///< which of the servers is asked next
  std::size_t under_way_ = 0; ///< batches the store has not answered
  std::size_t pieces_ = 0;    ///< bytes that arrived and were not reported as taken
  std::string last_why_;
};

struct client_state {
  std::unique_ptr<listening> work;
};

struct client_setup {
  feed_client::collaborators with;
  std::shared_ptr<completion> completed;
  std::shared_ptr<actor_gate::place> alive;
};

caf::behavior listen(caf::stateful_actor<client_state>* self, const std::shared_ptr<client_setup>& setup) {
  self->state.work = std::make_unique<listening>(self, std::move(setup->with), std::move(setup->completed),
                                                 std::move(setup->alive));
  self->send(self, connect{});
  return {[self](connect) {
            self->state.work->note("connect");
            self->state.work->connect();
          },
          [self](const arrived& message) {
            self->state.work->note("piece");
            self->state.work->take(message);
          },
          [self](const applied& message) {
            self->state.work->note("applied");
            self->state.work->stored(message);
          },
          [self](const closed& message) {
            self->state.work->note("closed");
            self->state.work->lost(message);
          }};
}

} // namespace

struct feed_client::state {
  const std::shared_ptr<completion> completed = std::make_shared<completion>();
  const std::shared_ptr<actor_gate> gate = std::make_shared<actor_gate>();
  caf::actor actor;
};

feed_client::feed_client(collaborators with) : state_(std::make_shared<state>()) {
  caf::actor_system& system = with.system;
  state_->actor = system.spawn(
      listen, std::make_shared<client_setup>(client_setup{
                  std::move(with), state_->completed, std::make_shared<actor_gate::place>(state_->gate)}));
}

feed_client::~feed_client() {
  caf::anon_send_exit(std::exchange(state_->actor, nullptr), caf::exit_reason::user_shutdown);
  state_->gate->wait_until_empty();
}

bool feed_client::wait_until_complete(std::chrono::milliseconds wait) const {
  std::unique_lock hold(state_->completed->mutex);
  return state_->completed->changed.wait_for(hold, wait, [this] { return state_->completed->complete; });
}

} // namespace actord::actors
