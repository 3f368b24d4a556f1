#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/rng.hpp"
#include "storage/kv/memory_kv.hpp"
#include "storage/member/store_engine.hpp"
#include "storage/raft/memory_transport.hpp"
#include "tests/unit/storage/test_values.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Whole stores of one cluster in one thread, over the in-memory transport, with time that moves when the
/// test says so.

namespace actord::storage::test {

using namespace std::chrono_literals;

inline constexpr resource_id things{9};

inline test_value thing(const std::string& name, std::string text = "x") {
  return {{things, "default", name}, "u", std::move(text), {}, {}, {}, 0};
}

/// Passes messages on to a port of the network, which outlives the store; none once the power has failed.
class port_of final : public raft_transport {
public:
  port_of(raft_transport& port, const kv::memory_disk& disk) : port_(port), disk_(disk) {}
  void send(member_id to, std::string bytes) override {
    if (!disk_.dead()) port_.send(to, std::move(bytes));
  }

private:
  raft_transport& port_;
  const kv::memory_disk& disk_;
};

struct store_cluster {
  memory_network network;
  manual_clock_source clock{wall_time{1'700'000'000s}};
  seeded_random_source random{11};
  std::map<member_id, kv::memory_disk> disks;
  std::map<member_id, std::unique_ptr<store_engine>> stores;
  store_limits limits;

  explicit store_cluster(const std::vector<member_id>& founders) {
    clock.advance(1h);
    std::vector<raft_server> servers;
    for (const member_id id : founders) servers.push_back({id, true});
    for (const member_id id : founders) {
      BOOST_REQUIRE(initialise_member(*kv::open_memory(disks[id]), {id, "c"}, servers).has_value());
      start(id);
    }
  }
  void join(member_id id) {
    BOOST_REQUIRE(initialise_joining(*kv::open_memory(disks[id]), {id, "c"}).has_value());
    start(id);
  }
  void start(member_id id) {
    stores[id] = std::make_unique<store_engine>(
        engine_parts{kv::open_memory(disks[id]),
                     std::make_unique<port_of>(network.endpoint(id), disks[id]),
                     codec(),
                     clock,
                     random,
                     limits,
                     {}});
    BOOST_REQUIRE(stores[id]->start().has_value());
    network.attach(
        id, [this, id](member_id from, std::string bytes) { stores[id]->receive(from, std::move(bytes)); });
  }
  void stop(member_id id) {
    network.attach(id, {});
    stores.erase(id);
  }
  void cut_off(member_id id, bool is_cut) {
    for (const auto& [other, disk] : disks) {
      if (id != other) network.cut(id, other, is_cut);
    }
  }
  void deliver() {
    while (network.deliver_one()) {
    }
  }
  void run_for(std::chrono::milliseconds time) {
    for (auto passed = 0ms; passed < time; passed += 10ms) {
      clock.advance(10ms);
      for (auto& [id, one] : stores) one->pump();
      deliver();
    }
  }
  member_id leader() {
    for (int i = 0; i < 100; ++i) {
      for (auto& [id, one] : stores) {
        if (!one->status().leading) continue;
        // It may stamp revisions once its barrier is applied.
        deliver();
        run_for(200ms);
        if (one->status().leading) return id;
      }
      run_for(100ms);
    }
    BOOST_FAIL("nobody leads");
    return 0;
  }
  std::shared_ptr<std::optional<outcome>> propose(member_id at, object_change one, std::string request = {}) {
    auto got = std::make_shared<std::optional<outcome>>();
    transaction what;
    what.request_id = std::move(request);
    what.changes.push_back(std::move(one));
    stores[at]->propose(std::move(what), [got](outcome answer) { *got = std::move(answer); });
    return got;
  }
  std::string text(member_id at, const std::string& name) {
    const std::string value(stores[at]->read()->get(thing(name).key));
    return value.empty() ? value : test_codec::text_of(value);
  }
};

inline bool is_committed(const std::shared_ptr<std::optional<outcome>>& got) {
  return *got && std::holds_alternative<committed>(**got);
}
inline bool is_refused(const std::shared_ptr<std::optional<outcome>>& got, error_kind kind) {
  return *got && std::holds_alternative<refused>(**got) && std::get<refused>(**got).why.kind == kind;
}

/// What became of a request that is answered later: "open", "done", or the kind of error as a number.
struct answer_of {
  std::shared_ptr<std::optional<result<void>>> got = std::make_shared<std::optional<result<void>>>();
  [[nodiscard]] auto take() const {
    return [got = got](result<void> answer) {
      BOOST_TEST(!got->has_value());
      got->emplace(std::move(answer));
    };
  }
  [[nodiscard]] bool open() const { return !got->has_value(); }
  [[nodiscard]] bool done() const { return got->has_value() && (*got)->has_value(); }
  [[nodiscard]] bool failed(error_kind kind) const {
    return got->has_value() && !(*got)->has_value() && (*got)->error().kind == kind;
  }
};

} // namespace actord::storage::test
