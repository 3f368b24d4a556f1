#include "actors/cluster/actor_config.hpp"
#include "actors/console/actor_registry.hpp"
#include "actors/nodes/feed_client.hpp"
#include "actors/nodes/feed_position.hpp"
#include "actors/nodes/feed_scope.hpp"
#include "actors/nodes/feed_service.hpp"
#include "schema/base/json.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/open_store.hpp"
#include "storage/settled.hpp"
#include "tests/support/failure_text.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <condition_variable>
#include <fmt/format.h>
#include <mutex>

using namespace actord;
using namespace actord::actors;
using namespace std::chrono_literals;
using actord::test_support::failure_text;
using actord::test_support::temporary_directory;

namespace {

/// Both ends of a stream in one process: what one writes the other has at once.
struct wire {
  std::mutex mutex;
  net::stream_events client, server;
  std::size_t told_bytes = 0;
  bool closed = false;
  std::function<void(const std::optional<error>&)> on_closed;

  void close(const std::optional<error>& why) {
    {
      const std::scoped_lock hold(mutex);
      if (std::exchange(closed, true)) return;
    }
    if (client.closed) client.closed(why);
    if (server.closed) server.closed(why);
    if (on_closed) on_closed(why);
  }
};

class wire_end final : public net::peer_stream {
public:
  wire_end(std::shared_ptr<wire> over, bool is_client) : over_(std::move(over)), is_client_(is_client) {}
  ~wire_end() override { over_->close(error{error_kind::unavailable, "dropped"}); }
  wire_end(const wire_end&) = delete;
  wire_end& operator=(const wire_end&) = delete;

  bool write(std::string_view bytes) override {
    {
      const std::scoped_lock hold(over_->mutex);
      if (over_->closed) return false;
      if (!is_client_) over_->told_bytes += bytes.size();
    }
    for (std::size_t from = 0; from < bytes.size(); from += net::stream_piece_bytes) {
      std::string piece(bytes.substr(from, net::stream_piece_bytes));
      static_cast<void>(is_client_ ? over_->server.piece(std::move(piece))
                                   : over_->client.piece(std::move(piece)));
    }
    return true;
  }
  void end() override {}
  void fail(error why) override { over_->close(why); }
  void taken(std::size_t) override {}

private:
  const std::shared_ptr<wire> over_;
  const bool is_client_;
};

/// The one server, as the worker reaches it.
class contact final : public server_contact {
public:
  explicit contact(feed_service& service) : service_(service) {}

  [[nodiscard]] std::vector<storage::member_id> servers() const override { return {1}; }
  void call(storage::member_id, std::string_view, std::string, std::chrono::milliseconds,
            std::function<void(result<std::string>)> done) override {
    done(error{error_kind::unavailable, "not asked here"});
  }
  std::shared_ptr<net::peer_stream> open_stream(storage::member_id, std::string_view, std::string,
                                                net::stream_events events) override {
    const auto over = std::make_shared<wire>();
    over->client = std::move(events);
    over->on_closed = [this](const std::optional<error>& why) {
      const std::scoped_lock hold(mutex_);
      if (why) failures_.push_back(*why);
      changed_.notify_all();
    };
    auto taken = service_.open({.member = 0, .node_name = "n1"}, std::make_shared<wire_end>(over, false));
    BOOST_REQUIRE(taken.has_value());
    over->server = std::move(*taken);
    {
      const std::scoped_lock hold(mutex_);
      wires_.push_back(over);
    }
    return std::make_shared<wire_end>(over, true);
  }

  std::size_t told_bytes() {
    const std::scoped_lock hold(mutex_);
    std::size_t sum = 0;
    for (const auto& each : wires_) {
      const std::scoped_lock also(each->mutex);
      sum += each->told_bytes;
    }
    return sum;
  }
  std::size_t streams() {
    const std::scoped_lock hold(mutex_);
    return wires_.size();
  }
  bool has_failed_with(error_kind kind) {
    std::unique_lock hold(mutex_);
    return changed_.wait_for(
        hold, 20s, [&] { return std::ranges::find(failures_, kind, &error::kind) != failures_.end(); });
  }

private:
  feed_service& service_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<wire>> wires_;
  std::vector<error> failures_;
};

struct fixture {
  temporary_directory scratch;
  std::unique_ptr<storage::store> cluster = open("cluster");
  std::unique_ptr<storage::store> own = open("own");
  actor_config config;
  caf::actor_system system{config};
  actor_registry registry;
  feed_service service{{system, *cluster, registry}};
  std::string cluster_name = cluster->cluster_id();
  std::unique_ptr<contact> reached;
  std::unique_ptr<feed_client> client;

  ~fixture() { client.reset(); }

  std::unique_ptr<storage::store> open(const char* name) {
    auto opened = storage::open_store({.directory = scratch / name,
                                       .clock = system_clock_source(),
                                       .random = system_random_source(),
                                       .limits = {.history_age = 0s, .history_bytes = 1U << 20U},
                                       .begin = storage::begin_cluster{}});
    BOOST_REQUIRE_MESSAGE(opened, failure_text(opened));
    return std::move(*opened);
  }
  /// From the start of its daemon until it has been told everything. How many bytes that took.
  std::size_t listen() {
    client.reset();
    reached = std::make_unique<contact>(service);
    client = std::make_unique<feed_client>(
        feed_client::collaborators{system, *own, registry, *reached, cluster_name, [](auto) {}});
    BOOST_REQUIRE(client->wait_until_complete(20s));
    return reached->told_bytes();
  }
  void leave() { client.reset(); }

  static object_key key(const char* plural, const std::string& name) {
    const auto& type = plural == std::string("endpointslices") ? schema::builtin("discovery.k8s.io", plural)
                                                               : schema::builtin("", plural);
    return {type.stored_as, plural == std::string("nodes") ? "" : "shop", name};
  }
  static void put(storage::store& to, const char* plural, const std::string& name,
                  json rest = json::object()) {
    const object_key at = key(plural, name);
    rest["metadata"] = {{"name", name}, {"uid", "u-" + name}};
    if (!at.space.empty()) rest["metadata"]["namespace"] = at.space;
    storage::object_change change{at, {}, {}};
    change.what = storage::put_value{schema::encode_object(*schema::resource_of(at.resource), rest, {})};
    storage::transaction write;
    write.changes.push_back(std::move(change));
    const auto done = storage::propose_and_wait(to, std::move(write));
    BOOST_REQUIRE_MESSAGE(done, failure_text(done));
  }
  void put(const char* plural, const std::string& name, json rest = json::object()) {
    put(*cluster, plural, name, std::move(rest));
  }
  void pod(const std::string& name, const std::string& secret, const char* node = "n1") {
    put("pods", name, pod_object(secret, node));
  }
  static json pod_object(const std::string& secret, const char* node = "n1") {
    return {
        {"spec", {{"nodeName", node}, {"volumes", {{{"name", "v"}, {"secret", {{"secretName", secret}}}}}}}}};
  }
  void remove(const char* plural, const std::string& name) {
    const object_key at = key(plural, name);
    storage::object_change change{at, {}, {}};
    change.what = storage::remove_value{std::string(cluster->read()->get(at))};
    storage::transaction write;
    write.changes.push_back(std::move(change));
    const auto done = storage::propose_and_wait(*cluster, std::move(write));
    BOOST_REQUIRE_MESSAGE(done, failure_text(done));
  }
  bool holds(const char* plural, const std::string& name) {
    return !own->read()->get(key(plural, name)).empty();
  }
  std::string text(const char* plural, const std::string& name) {
    const auto reads = own->read();
    const auto view = schema::object_view::open(reads->get(key(plural, name)));
    return view ? std::string(view->text()) : std::string();
  }
  std::optional<net::feed_position> position() { return decode_position(own->read()->get(position_key())); }
  void set_position(const net::feed_position& to) {
    storage::object_change change{position_key(), {}, {}};
    change.what = storage::put_value{encode_position(to)};
    storage::transaction write;
    write.changes.push_back(std::move(change));
    BOOST_REQUIRE(storage::propose_and_wait(*own, std::move(write)));
  }
  void fill() {
    put("nodes", "n1");
    for (int each = 0; each < 100; ++each) {
      put("secrets", fmt::format("s{}", each), {{"data", {{"key", std::string(400, 'x')}}}});
      pod(fmt::format("p{}", each), fmt::format("s{}", each));
    }
    put("services", "web");
    put("secrets", "spare");
    pod("elsewhere", "spare", "n2");
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(feed_resumes, fixture)

BOOST_AUTO_TEST_CASE(a_worker_that_starts_again_is_told_what_changed) {
  fill();
  const std::size_t all = listen();
  BOOST_TEST(holds("pods", "p7"));
  BOOST_TEST(!holds("secrets", "spare"));
  BOOST_REQUIRE(position().has_value());
  BOOST_TEST(position()->cluster == cluster_name);
  const std::size_t nothing = listen();
  BOOST_TEST_MESSAGE("bytes: all " << all << ", again " << nothing);
  BOOST_TEST(nothing < 300U);
  BOOST_TEST(reached->streams() == 1U);
  leave();
  put("services", "web", {{"spec", {{"clusterIP", "10.96.0.7"}}}});
  const std::size_t one = listen();
  BOOST_TEST(one < 1000U);
  BOOST_TEST(text("services", "web").find("10.96.0.7") != std::string::npos);
  BOOST_TEST(holds("pods", "p7"));
}

BOOST_AUTO_TEST_CASE(what_went_meanwhile_is_told) {
  fill();
  listen();
  leave();
  remove("pods", "p3");
  remove("services", "web");
  pod("p4", "s4", "n2");
  listen();
  BOOST_TEST(!holds("pods", "p3"));
  BOOST_TEST(!holds("secrets", "s3"));
  BOOST_TEST(!holds("services", "web"));
  BOOST_TEST(!holds("pods", "p4"));
  BOOST_TEST(!holds("secrets", "s4"));
  BOOST_TEST(holds("pods", "p5"));
  BOOST_TEST(holds("secrets", "s5"));
  BOOST_TEST(reached->streams() == 1U);
}

BOOST_AUTO_TEST_CASE(what_concerns_the_node_since_then_is_told_though_it_is_older) {
  fill();
  listen();
  leave();
  pod("p1", "spare");
  pod("new", "s2");
  listen();
  BOOST_TEST(holds("secrets", "spare"));
  BOOST_TEST(!holds("secrets", "s1"));
  BOOST_TEST(holds("pods", "new"));
  // The scope is whole again: what happens from here on is told.
  leave();
  remove("pods", "p2");
  listen();
  BOOST_TEST(holds("secrets", "s2"));
  leave();
  remove("pods", "new");
  listen();
  BOOST_TEST(!holds("secrets", "s2"));
}

BOOST_AUTO_TEST_CASE(what_came_and_went_is_taken_from_a_worker_that_saw_it) {
  fill();
  listen();
  leave();
  put("secrets", "brief");
  pod("brief", "brief");
  pod("p6", "spare");
  pod("p6", "s6");
  remove("pods", "brief");
  // It had got further than it could write down.
  put(*own, "pods", "brief", pod_object("brief"));
  put(*own, "secrets", "brief");
  put(*own, "secrets", "spare");
  listen();
  BOOST_TEST(!holds("pods", "brief"));
  BOOST_TEST(!holds("secrets", "brief"));
  BOOST_TEST(!holds("secrets", "spare"));
  BOOST_TEST(holds("secrets", "s6"));
}

BOOST_AUTO_TEST_CASE(a_history_that_is_gone_means_everything_again) {
  fill();
  listen();
  leave();
  const revision reached_then = position()->at;
  remove("pods", "p9");
  for (int each = 0; each < 20'000 && cluster->status().compacted <= reached_then; ++each)
    put("configmaps", fmt::format("c{}", each % 10), {{"data", {{"n", std::string(2000, 'y')}}}});
  BOOST_REQUIRE((cluster->status().compacted > reached_then));
  const std::size_t all = listen();
  BOOST_TEST(all > 10'000U);
  BOOST_TEST(reached->has_failed_with(error_kind::expired));
  BOOST_TEST(!holds("pods", "p9"));
  BOOST_TEST(!holds("secrets", "s9"));
  BOOST_TEST(holds("pods", "p8"));
  BOOST_TEST(listen() < 300U);
}

BOOST_AUTO_TEST_CASE(another_rule_or_another_cluster_means_everything_again) {
  fill();
  listen();
  leave();
  remove("pods", "p9");
  net::feed_position before = position().value();
  before.scope = feed_scope::rule + 1;
  set_position(before);
  BOOST_TEST(listen() > 10'000U);
  BOOST_TEST(reached->has_failed_with(error_kind::expired));
  BOOST_TEST(!holds("pods", "p9"));
  BOOST_TEST((position()->scope == feed_scope::rule));
  leave();
  before.scope = feed_scope::rule;
  before.cluster = "another";
  set_position(before);
  BOOST_TEST(listen() > 10'000U);
  BOOST_TEST(reached->streams() == 1U);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_behind_the_worker_tells_it_nothing) {
  fill();
  listen();
  leave();
  net::feed_position ahead = position().value();
  ahead.at = revision{ahead.at.value + 1000};
  set_position(ahead);
  reached = std::make_unique<contact>(service);
  client = std::make_unique<feed_client>(
      feed_client::collaborators{system, *own, registry, *reached, cluster_name, [](auto) {}});
  BOOST_TEST(reached->has_failed_with(error_kind::unavailable));
  BOOST_TEST(holds("pods", "p9"));
  client.reset();
}

BOOST_AUTO_TEST_SUITE_END()
