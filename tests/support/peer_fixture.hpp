#pragma once

#include "net/peer/peer_network.hpp"
#include "net/pki/node_certificate.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

/// Members of a cluster in one process, over real TLS on loopback.

namespace actord::testing {

inline constexpr std::chrono::seconds patience{20};

/// Lines that somebody writes on one thread and a test waits for on another.
class lines {
public:
  void add(std::string line) {
    const std::scoped_lock hold(mutex_);
    all_.push_back(std::move(line));
    changed_.notify_all();
  }
  /// How many contain the text.
  std::size_t count(std::string_view text) {
    const std::scoped_lock hold(mutex_);
    return matching(text);
  }
  bool wait_for(std::string_view text, std::size_t times = 1) {
    std::unique_lock hold(mutex_);
    return changed_.wait_for(hold, patience, [&] { return matching(text) >= times; });
  }
  std::vector<std::string> all() {
    const std::scoped_lock hold(mutex_);
    return all_;
  }
  std::string text() {
    std::string joined;
    for (const auto& line : all()) joined += line + "\n";
    return joined;
  }

private:
  std::size_t matching(std::string_view text) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        all_, [&](const std::string& line) { return line.find(text) != std::string::npos; }));
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> all_;
};

/// The process's log for the time of a test.
class captured_log : public lines {
public:
  captured_log() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", std::make_shared<sink>(*this)));
  }
  ~captured_log() { spdlog::set_default_logger(before_); }
  captured_log(const captured_log&) = delete;
  captured_log& operator=(const captured_log&) = delete;

private:
  class sink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    explicit sink(lines& into) : into_(into) {}

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
      into_.add(std::string(message.payload.begin(), message.payload.end()));
    }
    void flush_() override {}

  private:
    lines& into_;
  };
  std::shared_ptr<spdlog::logger> before_;
};

/// A certificate authority of a cluster.
class peer_authority {
public:
  explicit peer_authority(const char* name = "ca")
      : key_(*net::create_authority(name, system_clock_source().wall_now())) {}

  [[nodiscard]] const std::string& pem() const { return key_.certificate_pem; }
  [[nodiscard]] net::certified_key issue(const net::certificate_order& order) const {
    return *net::issue_certificate(key_, order, system_clock_source().wall_now());
  }
  [[nodiscard]] net::peer_credentials credentials(const net::node_identity& node) const {
    return {pem(), issue(net::node_certificate_order(node, std::chrono::hours(24)))};
  }

private:
  net::certified_key key_;
};

/// One member; what happens to it is in `seen`.
struct peer_member {
  std::unique_ptr<net::peer_network> network =
      net::peer_network::create(system_clock_source(), system_random_source());
  lines seen;
  std::function<void(storage::member_id, std::string)> on_raft;
  std::function<bool(storage::member_id)> admits;
  std::function<bool(const std::string&)> admits_node;

  ~peer_member() { network->stop(); }

  result<void> start(net::peer_options options) {
    options.listen_address = "127.0.0.1";
    return network->start(
        std::move(options),
        {.raft =
             [this](storage::member_id from, std::string bytes) {
               if (on_raft) return on_raft(from, std::move(bytes));
               seen.add("raft " + std::to_string(from) + " " + std::move(bytes));
             },
         .gone = [this](storage::member_id peer) { seen.add("gone " + std::to_string(peer)); },
         .connected = [this](storage::member_id peer) { seen.add("connected " + std::to_string(peer)); },
         .admits = admits,
         .admits_node = admits_node,
         .node_connected = [this](const std::string& node) { seen.add("node " + node); },
         .node_gone = [this](const std::string& node,
                             const std::string& why) { seen.add("node gone " + node + ": " + why); },
         .removed = [this](storage::member_id by) { seen.add("removed by " + std::to_string(by)); }});
  }
  [[nodiscard]] std::string at() const { return "127.0.0.1:" + std::to_string(network->port()); }
  [[nodiscard]] net::peer_status status_of(storage::member_id peer) const {
    for (auto& status : network->peers()) {
      if (status.member == peer) return status;
    }
    return {};
  }
  /// Calls and waits for the answer.
  result<std::string> ask(storage::member_id peer, std::string_view method, std::string payload,
                          std::chrono::milliseconds deadline = patience) {
    return answer_of(
        [&](auto done) { network->call(peer, method, std::move(payload), deadline, std::move(done)); });
  }
  result<std::string> ask_node(std::string_view node, std::string_view method, std::string payload,
                               std::chrono::milliseconds deadline = patience) {
    return answer_of(
        [&](auto done) { network->call_node(node, method, std::move(payload), deadline, std::move(done)); });
  }

private:
  static result<std::string>
  answer_of(const std::function<void(std::function<void(result<std::string>)>)>& call) {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<result<std::string>> got;
    call([&](result<std::string> answer) {
      const std::scoped_lock hold(mutex);
      got = std::move(answer);
      changed.notify_all();
    });
    std::unique_lock hold(mutex);
    changed.wait(hold, [&] { return got.has_value(); });
    return *std::move(got);
  }
};

struct peer_cluster {
  captured_log log;
  peer_authority authority;
  std::map<storage::member_id, std::unique_ptr<peer_member>> members;

  static net::node_identity identity(storage::member_id id) { return {"c1", "n" + std::to_string(id), id}; }
  [[nodiscard]] net::peer_options options(storage::member_id id) const {
    return {.self = id,
            .node_name = identity(id).node,
            .cluster_id = "c1",
            .port = 0,
            .credentials = authority.credentials(identity(id))};
  }
  [[nodiscard]] net::peer_options worker_options(const std::string& name) const {
    return {.self = 0,
            .node_name = name,
            .cluster_id = "c1",
            .credentials = authority.credentials({"c1", name, 0})};
  }
  peer_member& add(storage::member_id id) { return *(members[id] = std::make_unique<peer_member>()); }
  peer_member& start(storage::member_id id) { return start(id, options(id)); }
  peer_member& start(storage::member_id id, net::peer_options with) {
    peer_member& one = add(id);
    ALWAYS(one.start(std::move(with)).has_value());
    return one;
  }
  /// `one` dials `other` and is let in.
  bool connect(storage::member_id one, storage::member_id other) {
    peer_member& from = *members.at(one);
    const std::string event = "connected " + std::to_string(other);
    const std::size_t before = from.seen.count(event);
    from.network->set_address(other, members.at(other)->at());
    return from.seen.wait_for(event, before + 1);
  }
};

} // namespace actord::testing
