#include "schema/base/clock.hpp"
#include "schema/base/rng.hpp"
#include "storage/kv/lmdb_kv.hpp"
#include "storage/kv/memory_kv.hpp"
#include "storage/member/store_engine.hpp"
#include "tests/unit/storage/temporary_directory.hpp"
#include "tests/unit/storage/test_values.hpp"

#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <map>

/// Random operations against a shadow model, with restarts and power cuts, on both key-value stores.
///
/// The model is a list of all committed changes. From it follow: the state (last change per key), every past
/// state, every index, and what a watch from any revision must see.

using namespace actord;
using namespace actord::storage;
using namespace actord::storage::test;
using namespace std::chrono_literals;

namespace {

struct model_change {
  object_key key;
  std::optional<test_value> value; ///< nothing: removed
  std::string last;                ///< text of the final form
};

struct model {
  std::uint64_t first = 1;
  std::vector<model_change> changes; ///< revision i + 1 is changes[i]

  [[nodiscard]] std::map<object_key, std::pair<std::uint64_t, test_value>> at(std::uint64_t revision) const {
    std::map<object_key, std::pair<std::uint64_t, test_value>> state;
    for (std::uint64_t i = 0; i < revision; ++i) {
      if (changes[i].value) {
        state[changes[i].key] = {i + 1, *changes[i].value};
      } else {
        state.erase(changes[i].key);
      }
    }
    return state;
  }
};

struct lmdb_kind {
  temporary_directory directory;
  std::shared_ptr<kv::environment> open() {
    return kv::open_lmdb({directory.path(), 1ULL << 30U, false}).value();
  }
  static constexpr bool loses_power = false;
  static constexpr int rounds = 250;
};
struct memory_kind {
  kv::memory_disk disk;
  std::shared_ptr<kv::environment> open() { return kv::open_memory(disk); }
  static constexpr bool loses_power = true;
  static constexpr int rounds = 500;
};
using kinds = boost::mpl::list<lmdb_kind, memory_kind>;

struct watcher {
  watch_scope scope;
  std::uint64_t position = 0;
  std::unique_ptr<watch_cursor> cursor;
};

/// Branches that some run must reach, or the test is blind.
struct coverage {
  std::size_t compacted = 0;
  std::size_t expired = 0;
  std::size_t trimmed = 0;
};

template <class Kind>
class run {
public:
  run(std::uint64_t seed, coverage& seen) : random_(seed), seen_(seen) {
    limits_.history_age = 20s;
    limits_.history_bytes = 60'000;
    limits_.watch_buffer_bytes = 4'000;
    BOOST_REQUIRE(initialise_member(*kind_.open(), {1, "cluster"}, {{1, true}}).has_value());
    open();
  }

  void go() {
    for (int round = 0; round < Kind::rounds; ++round) {
      clock_.advance(std::chrono::milliseconds(random_.next() % 3000));
      switch (random_.next() % 12) {
      case 0:
        restart();
        break;
      case 1:
        check_all();
        break;
      case 2:
        check_past();
        break;
      case 3:
        add_watcher();
        break;
      case 4:
      case 5:
        read_watchers();
        break;
      default:
        propose();
        break;
      }
    }
    check_all();
    read_watchers();
    if (store_->status().log_first > 1) ++seen_.trimmed;
  }

private:
  std::uint64_t pick(std::uint64_t below) { return random_.next() % below; }

  object_key random_key() {
    const resource_id resource{static_cast<std::uint16_t>(7 + pick(2))};
    return {resource, pick(2) == 0 ? "default" : "other", "n" + std::to_string(pick(12))};
  }
  test_value random_value(const object_key& key) {
    test_value value{key, "u" + std::to_string(pick(3)), std::string(pick(900), 't'), {}, {}, {}, 0};
    value.text += std::to_string(random_.next());
    if (pick(2) == 0) value.labels.emplace_back("app", "v" + std::to_string(pick(3)));
    if (pick(3) == 0) value.labels.emplace_back("tier", "front");
    if (pick(3) == 0) value.owners.push_back("o" + std::to_string(pick(3)));
    if (pick(2) == 0) value.node = "node" + std::to_string(pick(3));
    if (pick(4) == 0) value.deadline_ns = static_cast<std::int64_t>(1 + pick(1000));
    return value;
  }

  /// The outcome that the model says a transaction must have; appends to `changes` when it commits.
  bool predict(const transaction& what, const std::vector<test_value>& values,
               std::vector<model_change>& added) {
    auto state = model_.at(model_.changes.size());
    std::uint64_t next = model_.changes.size();
    for (std::size_t i = 0; i < what.changes.size(); ++i) {
      const object_change& change = what.changes[i];
      const auto there = state.find(change.key);
      const bool exists = there != state.end();
      if (change.require.must_be_absent && exists) return false;
      if ((change.require.must_exist || change.require.at || !change.require.uid.empty()) && !exists)
        return false;
      if (change.require.at && change.require.at->value != there->second.first) return false;
      if (!change.require.uid.empty() && change.require.uid != there->second.second.uid) return false;
      if (std::holds_alternative<put_value>(change.what)) {
        state[change.key] = {++next, values[i]};
        added.push_back({change.key, values[i], values[i].text});
      } else if (std::holds_alternative<remove_value>(change.what) && exists) {
        ++next;
        state.erase(change.key);
        added.push_back({change.key, std::nullopt, values[i].text});
      }
    }
    return true;
  }

  precondition random_requirement(const object_key& key) {
    const auto state = model_.at(model_.changes.size());
    const auto there = state.find(key);
    precondition require;
    switch (pick(6)) {
    case 0:
      require.must_be_absent = true;
      break;
    case 1:
      require.must_exist = true;
      break;
    case 2:
      require.at = revision{there == state.end() || pick(4) == 0 ? 3 : there->second.first};
      break;
    case 3:
      require.uid = "u" + std::to_string(pick(3));
      break;
    default:
      break;
    }
    return require;
  }

  void propose() {
    transaction what;
    std::vector<test_value> values;
    for (std::uint64_t i = 0, n = 1 + pick(4); i < n; ++i) {
      const object_key key = random_key();
      values.push_back(random_value(key));
      object_change change{key, random_requirement(key), keep_value{}};
      if (const auto kind = pick(8); kind < 5) {
        change.what = put_value{encode(values.back())};
      } else if (kind < 7) {
        change.what = remove_value{encode(values.back())};
      }
      what.changes.push_back(std::move(change));
    }
    std::vector<model_change> added;
    const bool commits = predict(what, values, added);
    if (Kind::loses_power && pick(20) == 0) return power_cut(std::move(what), added, commits);
    std::optional<outcome> got;
    store_->propose(std::move(what), [&](outcome answer) { got = std::move(answer); });
    BOOST_REQUIRE(got);
    BOOST_REQUIRE_EQUAL(std::holds_alternative<committed>(*got), commits);
    if (!commits) return;
    std::uint64_t next = model_.changes.size();
    for (const revision at : std::get<committed>(*got).revisions) {
      if (at.value != 0) BOOST_REQUIRE_EQUAL(at.value, ++next);
    }
    model_.changes.insert(model_.changes.end(), added.begin(), added.end());
    BOOST_REQUIRE_EQUAL(next, model_.changes.size());
  }

  /// The power fails around the commit: afterwards the transaction is there whole, or not at all.
  void power_cut(transaction what, const std::vector<model_change>& added, bool commits) {
    if constexpr (Kind::loses_power) {
      const bool kept = pick(2) == 0;
      using fault = kv::memory_disk::fault;
      kind_.disk.arm(kept ? fault::power_torn : fault::power_dropped, 0);
      store_->propose(std::move(what), [](outcome) {});
      close();
      const bool happened = commits && !added.empty() && kept;
      kind_.disk.restore_power();
      if (happened) model_.changes.insert(model_.changes.end(), added.begin(), added.end());
      open();
    }
  }

  void open() {
    store_ = std::make_unique<store_engine>(
        engine_parts{kind_.open(), std::make_unique<no_transport>(), codec(), clock_, random_, limits_, {}});
    BOOST_REQUIRE(store_->start().has_value());
    BOOST_REQUIRE_EQUAL(store_->status().last.value, model_.changes.size());
    for (watcher& one : watchers_) subscribe(one);
    std::erase_if(watchers_, [](const watcher& one) { return one.cursor == nullptr; });
  }
  void close() {
    for (watcher& one : watchers_) one.cursor.reset();
    store_.reset();
  }
  void restart() {
    close();
    open();
  }

  void add_watcher() {
    watcher one;
    if (pick(3) != 0) one.scope.resource = resource_id{static_cast<std::uint16_t>(7 + pick(2))};
    if (pick(2) == 0) one.scope.space = "default";
    if (pick(3) == 0) one.scope.name = "n" + std::to_string(pick(12));
    one.position = pick(model_.changes.size() + 1);
    subscribe(one);
    if (one.cursor != nullptr) watchers_.push_back(std::move(one));
  }
  void subscribe(watcher& one) {
    auto made = store_->watch(one.scope, revision{one.position}, [] {});
    const bool gone = one.position < store_->status().compacted.value;
    BOOST_REQUIRE_EQUAL(made.has_value(), !gone);
    if (gone) {
      ++seen_.expired;
      BOOST_REQUIRE(made.error().kind == error_kind::expired);
      one.cursor = nullptr;
    } else {
      one.cursor = std::move(made).value();
    }
  }

  void read_watchers() {
    std::erase_if(watchers_, [this](watcher& one) { return !read_some(one); });
  }
  /// False when the watcher expired.
  bool read_some(watcher& one) {
    const std::uint64_t limit = pick(4) == 0 ? 2 : 1000;
    auto got = one.cursor->next(limit);
    if (!got) {
      ++seen_.expired;
      BOOST_REQUIRE(got.error().kind == error_kind::expired);
      BOOST_REQUIRE_LT(one.position, store_->status().compacted.value);
      return false;
    }
    const std::uint64_t reached = one.cursor->position().value;
    auto event = got->begin();
    for (std::uint64_t at = one.position + 1; at <= reached; ++at) {
      const model_change& change = model_.changes.at(at - 1);
      if (one.scope.resource && *one.scope.resource != change.key.resource) continue;
      if (!one.scope.space.empty() && one.scope.space != change.key.space) continue;
      if (!one.scope.name.empty() && one.scope.name != change.key.name) continue;
      BOOST_REQUIRE(event != got->end());
      BOOST_REQUIRE_EQUAL(event->at.value, at);
      BOOST_REQUIRE(event->key == change.key);
      BOOST_REQUIRE_EQUAL(codec().revision_of(*event->value).value, at);
      BOOST_REQUIRE_EQUAL(test_codec::text_of(*event->value), change.last);
      check_previous(*event, change);
      ++event;
    }
    BOOST_REQUIRE(event == got->end());
    if (limit == 1000) BOOST_REQUIRE_EQUAL(reached, model_.changes.size());
    one.position = reached;
    return true;
  }
  void check_previous(const store_event& event, const model_change& change) {
    const auto before = model_.at(event.at.value - 1);
    const auto there = before.find(change.key);
    const event_kind kind = !change.value           ? event_kind::removed
                            : there == before.end() ? event_kind::added
                                                    : event_kind::modified;
    BOOST_REQUIRE(event.kind == kind);
    BOOST_REQUIRE_EQUAL(event.previous != nullptr, there != before.end());
    if (there == before.end()) return;
    BOOST_REQUIRE_EQUAL(codec().revision_of(*event.previous).value, there->second.first);
    BOOST_REQUIRE_EQUAL(test_codec::text_of(*event.previous), there->second.second.text);
  }

  void check_all() {
    const auto state = model_.at(model_.changes.size());
    const auto seen = store_->read();
    BOOST_REQUIRE_EQUAL(seen->at().value, model_.changes.size());
    std::map<std::string, std::vector<object_key>> indexed;
    for (const std::uint16_t resource : {7, 8}) {
      std::vector<object_key> listed;
      list_position from;
      for (bool more = true; more;) {
        const list_page page = seen->list(resource_id{resource}, "", from, 5);
        for (const std::string_view value : page.values) {
          const object_key key = codec().key_of(value);
          listed.push_back(key);
          BOOST_REQUIRE_EQUAL(codec().revision_of(value).value, state.at(key).first);
          BOOST_REQUIRE_EQUAL(test_codec::text_of(value), state.at(key).second.text);
        }
        more = page.more;
        from = page.next;
      }
      std::vector<object_key> expected;
      for (const auto& [key, value] : state) {
        if (key.resource.value != resource) continue;
        expected.push_back(key);
        for (const auto& [label, text] : value.second.labels) {
          indexed["l" + std::to_string(resource) + label + text].push_back(key);
        }
        for (const std::string& owner : value.second.owners) indexed["o" + owner].push_back(key);
        if (!value.second.node.empty()) indexed["n" + value.second.node].push_back(key);
      }
      BOOST_REQUIRE(listed == expected);
      for (const char* text : {"v0", "v1", "v2"}) {
        BOOST_REQUIRE(seen->labelled(resource_id{resource}, "", "app", text) ==
                      indexed["l" + std::to_string(resource) + "app" + text]);
      }
    }
    for (const char* number : {"0", "1", "2"}) {
      BOOST_REQUIRE(seen->owned_by(std::string("o") + number) == indexed[std::string("oo") + number]);
      BOOST_REQUIRE(seen->on_node(std::string("node") + number) == indexed[std::string("nnode") + number]);
    }
    std::size_t with_deadline = 0;
    for (const auto& [key, value] : state) with_deadline += value.second.deadline_ns > 0 ? 1 : 0;
    const auto due = seen->due(wall_time{1000ns}, 1000);
    BOOST_REQUIRE_EQUAL(due.size(), with_deadline);
    for (const auto& [at, key] : due) {
      BOOST_REQUIRE_EQUAL(at.time_since_epoch().count(), state.at(key).second.deadline_ns);
    }
  }

  void check_past() {
    const auto seen = store_->read();
    const std::uint64_t at = pick(model_.changes.size() + 1);
    const object_key key = random_key();
    const auto got = seen->get_at(key, revision{at});
    const auto listed = seen->list_at(key.resource, key.space, {}, 0, revision{at});
    const std::uint64_t compacted = store_->status().compacted.value;
    if (compacted > 0) ++seen_.compacted;
    BOOST_REQUIRE_EQUAL(got.has_value(), at >= compacted);
    BOOST_REQUIRE_EQUAL(listed.has_value(), at >= compacted);
    if (at < compacted) return;
    const auto state = model_.at(at);
    const auto there = state.find(key);
    BOOST_REQUIRE_EQUAL(got->empty(), there == state.end());
    if (there != state.end()) BOOST_REQUIRE_EQUAL(test_codec::text_of(*got), there->second.second.text);
    std::vector<object_key> expected;
    for (const auto& [name, value] : state) {
      if (name.resource == key.resource && name.space == key.space) expected.push_back(name);
    }
    std::vector<object_key> names;
    for (const std::string& value : listed->values) names.push_back(codec().key_of(value));
    BOOST_REQUIRE(names == expected);
  }

  Kind kind_;
  seeded_random_source random_;
  manual_clock_source clock_{wall_time{1'700'000'000s}};
  store_limits limits_;
  model model_;
  std::vector<watcher> watchers_;
  std::unique_ptr<store_engine> store_;
  coverage& seen_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(store_properties)

BOOST_AUTO_TEST_CASE_TEMPLATE(follows_the_model, Kind, kinds) {
  // STORE_SEED replays one run.
  const char* const chosen = std::getenv("STORE_SEED"); // NOLINT(concurrency-mt-unsafe)
  const std::uint64_t first = chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : 1;
  const std::uint64_t runs = chosen != nullptr ? 1 : (Kind::loses_power ? 100 : 10);
  coverage seen;
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    BOOST_TEST_CONTEXT("STORE_SEED=" << seed) { run<Kind>(seed, seen).go(); }
  }
  if (chosen != nullptr) return;
  BOOST_TEST(seen.compacted > 0U);
  BOOST_TEST(seen.expired > 0U);
  BOOST_TEST(seen.trimmed > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
