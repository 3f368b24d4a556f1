#pragma once

#include "schema/base/always.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/rng.hpp"
#include "storage/open_store.hpp"
#include "tests/support/peer_fixture.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

/// Whole stores in one process, on the disk and over the real wire between servers.

namespace actord::testing {

struct wire_store {
  std::unique_ptr<net::peer_network> network;
  std::unique_ptr<storage::store> store;
  std::uint16_t port = 0;
};

class wire_stores {
public:
  wire_stores(std::string directory, const storage::value_codec* codec, storage::store_limits limits = {})
      : directory_(std::move(directory)), codec_(codec), limits_(limits) {}
  ~wire_stores() {
    for (auto& [id, one] : members_) halt(one);
  }
  wire_stores(const wire_stores&) = delete;
  wire_stores& operator=(const wire_stores&) = delete;

  /// Members 1 to `count`; the first begins the cluster, the others join it.
  void form(storage::member_id count) {
    open(1, storage::begin_cluster{1, {}});
    cluster_ = members_[1].store->cluster_id();
    listen(1);
    for (storage::member_id id = 2; id <= count; ++id) {
      open(id, storage::join_cluster{id, cluster_});
      listen(id);
      auto& first = *members_[1].store;
      must([&](auto done) { first.add_learner(id, address(id), std::move(done)); });
      must([&](auto done) { first.promote(id, std::chrono::seconds(30), std::move(done)); });
    }
  }
  storage::store& operator[](storage::member_id id) { return *members_.at(id).store; }
  net::peer_network& network(storage::member_id id) { return *members_.at(id).network; }

  /// As if its process had been killed: connections break, and connecting again is refused.
  void stop(storage::member_id id) { halt(members_.at(id)); }
  /// With what its disk holds, where it was before.
  void restart(storage::member_id id) {
    open(id, storage::join_cluster{id, cluster_});
    listen(id);
  }
  /// A running member that may propose; waits for one.
  storage::member_id leader() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < until) {
      for (auto& [id, one] : members_) {
        if (one.store && may_propose(*one.store)) return id;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ALWAYS_WITH(false, "no leader within 30 s");
    return 0;
  }

private:
  static bool may_propose(storage::store& store) {
    bool leading = false;
    const auto listening =
        store.on_leadership([&leading](const storage::leadership& now) { leading = now.leading; });
    return leading;
  }
  static void must(const std::function<void(storage::membership_answer)>& ask) {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<result<void>> got;
    ask([&](result<void> answer) {
      const std::scoped_lock hold(mutex);
      got = std::move(answer);
      changed.notify_all();
    });
    std::unique_lock hold(mutex);
    changed.wait(hold, [&] { return got.has_value(); });
    ALWAYS_WITH(got->has_value(), got->has_value() ? "" : got->error().message);
  }
  [[nodiscard]] std::string address(storage::member_id id) const {
    return "127.0.0.1:" + std::to_string(members_.at(id).port);
  }
  void open(storage::member_id id, std::variant<storage::begin_cluster, storage::join_cluster> how) {
    wire_store& one = members_[id];
    one.network = net::peer_network::create(system_clock_source(), system_random_source());
    storage::store_options options{directory_ + "/" + std::to_string(id),
                                   system_clock_source(),
                                   system_random_source(),
                                   limits_,
                                   16ULL << 30U,
                                   codec_};
    options.transport = one.network->transport();
    options.begin = std::move(how);
    std::filesystem::create_directories(options.directory);
    auto opened = storage::open_store(std::move(options));
    ALWAYS_WITH(opened.has_value(), opened ? "" : opened.error().message);
    one.store = std::move(opened).value();
  }
  void listen(storage::member_id id) {
    wire_store& one = members_[id];
    storage::store& store = *one.store;
    const net::node_identity identity{cluster_, "n" + std::to_string(id), id};
    net::peer_options options{.self = id,
                              .node_name = identity.node,
                              .cluster_id = cluster_,
                              .listen_address = "127.0.0.1",
                              .port = one.port,
                              .credentials = authority_.credentials(identity)};
    auto started = one.network->start(
        std::move(options), {.raft = [&store](storage::member_id from,
                                              std::string bytes) { store.receive(from, std::move(bytes)); },
                             .gone = {},
                             .connected = {},
                             .admits = {}});
    ALWAYS_WITH(started.has_value(), started ? "" : started.error().message);
    one.port = one.network->port();
    for (auto& [other, member] : members_) {
      if (other == id) continue;
      one.network->set_address(other, address(other));
      if (member.network) member.network->set_address(id, address(id));
    }
  }
  static void halt(wire_store& one) {
    if (one.network) one.network->stop();
    one.store.reset();
    one.network.reset();
  }

  std::string directory_;
  const storage::value_codec* codec_;
  storage::store_limits limits_;
  peer_authority authority_;
  std::string cluster_;
  std::map<storage::member_id, wire_store> members_;
};

} // namespace actord::testing
