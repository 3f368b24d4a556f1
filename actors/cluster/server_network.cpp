#include "actors/cluster/server_network.hpp"

#include "actors/cluster/joining/node_register.hpp"
#include "actors/console/actor_registry.hpp"
#include "net/peer/forwarding.hpp"
#include "net/peer/peer_network.hpp"
#include "storage/departures.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <spdlog/spdlog.h>

namespace actord::actors::server_network_messages {

/// Time to look at the members.
struct look {
  bool timer = false;
};

} // namespace actord::actors::server_network_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::server_network_messages::look)

namespace actord::actors {
namespace {

using server_network_messages::look;

constexpr std::chrono::seconds interval{1};
/// A learner that has not caught up by then is looked at again.
constexpr std::chrono::seconds promotion_wait{30};
/// A server that was not heard for so long has no place among those that answer.
constexpr std::chrono::seconds silence_of_the_dead{5};
constexpr std::chrono::seconds announcement_patience{2};

struct watcher_state {
  std::shared_ptr<actor_card> card;
};

template <class Network>
caf::behavior watch_members(caf::stateful_actor<watcher_state>* self, const std::weak_ptr<Network>& weak,
                            actor_registry* registry) {
  self->state.card = registry->enroll("members", "store");
  self->delayed_send(self, interval, look{true});
  return {[self, weak](look what) {
    const auto network = weak.lock();
    if (!network) return self->quit();
    if (auto looked = network->look_at_members(); !looked)
      spdlog::error("network of the servers: {}", looked.error().message);
    self->state.card->handled("look", 0);
    self->state.card->summarize(network->summary());
    if (what.timer) self->delayed_send(self, interval, look{true});
  }};
}

} // namespace

class server_network::state : public std::enable_shared_from_this<state> {
public:
  state(const clock_source& clock, random_source& random)
      : clock_(clock), network_(net::peer_network::create(clock, random)) {}

  std::unique_ptr<storage::raft_transport> transport() { return network_->transport(); }

  net::peer_network& network() { return *network_; }

  result<void> start(caf::actor_system& system, actor_registry& registry, storage::store& store,
                     settings how) {
    store_ = &store;
    how_ = std::move(how);
    network_->serve(
        std::string(net::member_address_method),
        [this](const net::peer_caller& from, const std::string& payload, const net::peer_answer& answer) {
          answer(hear_address(from.member, payload));
        },
        net::callers::members);
    if (auto looked = look_at_members(); !looked) return looked;
    watcher_ = system.spawn(watch_members<state>, weak_from_this(), &registry);
    return {};
  }

  void stop() {
    if (watcher_) caf::anon_send_exit(std::exchange(watcher_, nullptr), caf::exit_reason::user_shutdown);
    // No look is under way any more, and none begins.
    const std::scoped_lock hold(mutex_);
    stopped_ = true;
    if (running_) network_->stop();
  }

  void use_credentials(net::peer_credentials credentials) {
    const std::scoped_lock hold(mutex_);
    how_.credentials = std::move(credentials);
    if (!running_ || stopped_) return;
    if (auto used = network_->set_credentials(how_.credentials); !used)
      spdlog::error("the node's new certificate cannot be used: {}", used.error().message);
  }

  void admit(const node_record& server, std::function<void(result<void>)> done) {
    has_others_ = true;
    if (auto running = run(); !running) return done(running.error());
    network_->set_address(server.member, server.rpc_address);
    store_->add_learner(server.member, server.rpc_address, [done = std::move(done)](result<void> added) {
      const bool known = !added && added.error().kind == error_kind::already_exists;
      done(known ? result<void>() : std::move(added));
    });
  }

  void expel(const node_record& server, std::function<void(result<void>)> done) {
    store_->remove_member(server.member, [done = std::move(done)](result<void> removed) {
      const bool unknown = !removed && removed.error().kind == error_kind::not_found;
      done(unknown ? result<void>() : std::move(removed));
    });
  }

  /// Time to look at the members.
  result<void> look_at_members() {
    const std::vector<storage::cluster_member> members = store_->members();
    const storage::store_status status = store_->status();
    const std::vector<node_record> records = node_records(*store_->read());
    const bool alone = members.size() <= 1 && how_.known.size() <= 1;
    const bool workers = std::ranges::any_of(records, [](const auto& each) { return each.member == 0; });
    if (!alone) has_others_ = true;
    if (!has_others_ && !workers) return {};
    if (auto running = run(); !running) return running;
    tell_addresses(members, records, status.self);
    if (status.leading) {
      promote_learners(members);
      write_addresses(records);
    } else {
      announce(records, status.self);
    }
    return {};
  }

  [[nodiscard]] bool was_removed() const { return removed_; }

  [[nodiscard]] std::vector<std::string> live_servers() const {
    const storage::member_id self = store_->status().self;
    const steady_time since = clock_.steady_now() - silence_of_the_dead;
    std::set<storage::member_id> heard{self};
    for (const net::peer_status& one : network_->peers())
      if (one.last_heard > since) heard.insert(one.member);
    std::vector<std::string> out;
    for (const known_server& one : members_of(node_records(*store_->read())))
      if (heard.contains(one.member) && !one.api_address.empty()) out.push_back(one.api_address);
    return out;
  }

  [[nodiscard]] std::string summary() const {
    std::size_t voters = 0;
    const auto members = store_->members();
    for (const storage::cluster_member& one : members) voters += one.voter ? 1 : 0;
    return fmt::format("{} members, {} of them vote", members.size(), voters);
  }

  [[nodiscard]] bool has_others() const { return has_others_; }

  void call(storage::member_id member, std::string_view method, std::string payload,
            std::chrono::milliseconds deadline, std::function<void(result<std::string>)> done) {
    network_->call(member, method, std::move(payload), deadline, std::move(done));
  }

private:
  /// Listens and dials, from the first time on.
  result<void> run() {
    const std::scoped_lock hold(mutex_);
    if (running_ || stopped_) return {};
    net::peer_options options;
    options.self = store_->status().self;
    options.node_name = how_.node_name;
    options.cluster_id = store_->cluster_id();
    options.listen_address = how_.listen_address;
    options.port = how_.port;
    options.credentials = how_.credentials;
    net::peer_events events;
    events.raft = [store = store_](storage::member_id from, std::string bytes) {
      store->receive(from, std::move(bytes));
    };
    events.gone = [store = store_](storage::member_id gone) {
      spdlog::info("the process of member {} is gone", gone);
      storage::tell_gone(*store, gone);
    };
    events.connected = [this](storage::member_id to) {
      announce_to(to);
      tell_of_node(to, how_.node_connected);
    };
    events.lost = [this](storage::member_id from) { tell_of_node(from, how_.node_gone); };
    events.admits = [store = store_](storage::member_id member) {
      // What a member that lags has not heard of yet is not gone.
      const auto members = store->members();
      return std::ranges::find(members, member, &storage::cluster_member::id) != members.end() ||
             !has_left(*store->read(), member);
    };
    events.removed = [this](storage::member_id by) { hear_removal(by); };
    events.admits_node = [store = store_](const std::string& node) {
      return !store->read()->get(node_record_key(node)).empty();
    };
    events.node_connected = how_.node_connected;
    events.node_gone = [gone = how_.node_gone](const std::string& node, const std::string& why) {
      spdlog::info("node {} is not connected: {}", node, why);
      gone(node);
    };
    if (auto started = network_->start(std::move(options), std::move(events)); !started) return started;
    running_ = true;
    spdlog::info("other machines are spoken with on port {}", network_->port());
    for (const known_server& one : how_.known) network_->set_address(one.member, one.rpc_address);
    return {};
  }

  /// Servers are nodes too, where they run pods.
  void tell_of_node(storage::member_id member,
                    const std::function<void(const std::string&)>& listener) const {
    const auto all = network_->peers();
    const auto found = std::ranges::find(all, member, &net::peer_status::member);
    if (listener && found != all.end() && !found->node_name.empty()) listener(found->node_name);
  }

  /// One at a time, as the store would have it.
  void promote_learners(const std::vector<storage::cluster_member>& members) {
    const auto learner = std::ranges::find(members, false, &storage::cluster_member::voter);
    if (learner == members.end() || promoting_.exchange(true)) return;
    store_->promote(learner->id, promotion_wait,
                    [self = shared_from_this(), id = learner->id](const result<void>& done) {
                      self->promoting_ = false;
                      if (done) spdlog::info("member {} has caught up, and votes", id);
                    });
  }

  /// On the network's thread.
  result<std::string> hear_address(storage::member_id member, const std::string& payload) {
    auto address = net::decode_member_address(payload);
    if (!address) return address.error();
    const std::scoped_lock hold(mutex_);
    if (stopped_) return std::string();
    if (!moved_.contains(member) && moved_.size() >= storage::max_members) return std::string();
    network_->set_address(member, address->rpc);
    moved_[member] = {*std::move(address), std::nullopt};
    return std::string();
  }

  void announce_to(storage::member_id to) {
    network_->call(to, net::member_address_method, net::encode_member_address(how_.own),
                   announcement_patience, [](const result<std::string>&) {});
  }

  void announce(const std::vector<node_record>& records, storage::member_id self) {
    const auto own = std::ranges::find(records, self, &node_record::member);
    if (own == records.end() || (own->rpc_address == how_.own.rpc && own->api_address == how_.own.api))
      return;
    for (const net::peer_status& one : network_->peers())
      if (one.link == net::peer_link::connected) announce_to(one.member);
  }

  /// What servers said of themselves, for all who do not hear it from them.
  void write_addresses(const std::vector<node_record>& records) {
    const std::scoped_lock hold(mutex_);
    for (const auto& [member, said] : moved_) {
      const net::member_address& address = said.address;
      const auto known = std::ranges::find(records, member, &node_record::member);
      if (known == records.end() || (known->rpc_address == address.rpc && known->api_address == address.api))
        continue;
      node_record moved = *known;
      moved.rpc_address = address.rpc;
      moved.api_address = address.api;
      spdlog::info("server {} is at {} now", moved.node, moved.rpc_address);
      store_->propose(move_node(moved, {.actor = "cluster",
                                        .verb = "update",
                                        .request_id = {},
                                        .reacted_to = {},
                                        .note = "the server's address changed"}),
                      [](const storage::outcome&) {});
    }
  }

  /// On the network's thread.
  void hear_removal(storage::member_id by) {
    storage::tell_removed(*store_);
    if (removed_.exchange(true)) return;
    spdlog::error("this server was removed from the cluster, says member {}: it takes no further part. "
                  "Stop it, or begin anew with an empty data directory and a new token",
                  by);
  }

  /// What nodes said when they joined or came back is newer than what the configuration remembers.
  void tell_addresses(const std::vector<storage::cluster_member>& members,
                      const std::vector<node_record>& records, storage::member_id self) {
    std::map<storage::member_id, std::string> addresses;
    for (const storage::cluster_member& one : members) addresses[one.id] = one.address;
    for (const known_server& one : members_of(records))
      if (addresses.contains(one.member) && !one.rpc_address.empty()) addresses[one.member] = one.rpc_address;
    const std::scoped_lock hold(mutex_);
    if (stopped_) return;
    // What a member said counts until the record has changed, which is what others heard of it since.
    std::erase_if(moved_, [&](const auto& one) {
      const auto recorded = addresses.find(one.first);
      return recorded == addresses.end() ||
             one.second.instead_of.value_or(recorded->second) != recorded->second;
    });
    for (auto& [id, said] : moved_) {
      said.instead_of = addresses[id];
      addresses[id] = said.address.rpc;
    }
    for (const auto& [id, address] : addresses)
      if (id != self && !address.empty()) network_->set_address(id, address);
    for (const storage::member_id id : told_)
      if (!addresses.contains(id)) network_->forget(id);
    told_.clear();
    for (const auto& [id, address] : addresses) told_.insert(id);
    for (const net::node_status& one : network_->nodes())
      if (std::ranges::find(records, one.node, &node_record::node) == records.end())
        network_->forget_node(one.node);
  }

  /// Where a member said it is.
  struct moved_member {
    net::member_address address;
    std::optional<std::string> instead_of; ///< of what the record said then; unset until the next look
  };

  const clock_source& clock_;
  const std::unique_ptr<net::peer_network> network_;
  storage::store* store_ = nullptr;
  settings how_;
  caf::actor watcher_;
  std::atomic<bool> has_others_{false};
  std::atomic<bool> promoting_{false};
  std::atomic<bool> removed_{false};
  std::mutex mutex_;
  bool running_ = false;
  bool stopped_ = false;
  std::set<storage::member_id> told_;
  std::map<storage::member_id, moved_member> moved_;
};

server_network::server_network(const clock_source& clock, random_source& random)
    : state_(std::make_shared<state>(clock, random)) {}
server_network::~server_network() { stop(); }

std::unique_ptr<storage::raft_transport> server_network::transport() { return state_->transport(); }
void server_network::serve(std::string method, net::peer_handler handler, net::callers who) {
  state_->network().serve(std::move(method), std::move(handler), who);
}
void server_network::serve_stream(std::string method, net::peer_stream_handler handler, net::callers who) {
  state_->network().serve_stream(std::move(method), std::move(handler), who);
}
result<void> server_network::start(caf::actor_system& system, actor_registry& registry, storage::store& store,
                                   settings how) {
  return state_->start(system, registry, store, std::move(how));
}
std::shared_ptr<net::peer_stream> server_network::open_node_stream(std::string_view node,
                                                                   std::string_view method,
                                                                   std::string payload,
                                                                   net::stream_events events) {
  return state_->network().open_node_stream(node, method, std::move(payload), std::move(events));
}
void server_network::call_node(std::string_view node, std::string_view method, std::string payload,
                               std::chrono::milliseconds deadline,
                               std::function<void(result<std::string>)> done) {
  state_->network().call_node(node, method, std::move(payload), deadline, std::move(done));
}
void server_network::stop() { state_->stop(); }
void server_network::use_credentials(net::peer_credentials credentials) {
  state_->use_credentials(std::move(credentials));
}
bool server_network::has_others() const { return state_->has_others(); }
bool server_network::was_removed() const { return state_->was_removed(); }
std::vector<std::string> server_network::live_servers() const { return state_->live_servers(); }
void server_network::call(storage::member_id member, std::string_view method, std::string payload,
                          std::chrono::milliseconds deadline, std::function<void(result<std::string>)> done) {
  state_->call(member, method, std::move(payload), deadline, std::move(done));
}
void server_network::admit(const node_record& server, std::function<void(result<void>)> done) {
  state_->admit(server, std::move(done));
}
void server_network::expel(const node_record& server, std::function<void(result<void>)> done) {
  state_->expel(server, std::move(done));
}

} // namespace actord::actors
