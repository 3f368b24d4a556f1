#pragma once

#include "actors/admission/admission_chain.hpp"
#include "actors/api/api_frontend.hpp"
#include "actors/authentication/bootstrap_tokens.hpp"
#include "actors/authentication/token_authority.hpp"
#include "actors/authorization/authorizer.hpp"
#include "actors/authorization/role_guard.hpp"
#include "actors/cluster/bootstrap_objects.hpp"
#include "actors/console/actor_registry.hpp"
#include "actors/objects/object_router.hpp"
#include "schema/base/json.hpp"
#include "storage/open_store.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <condition_variable>
#include <mutex>

/// A whole control plane in one process, without a disk or a network, and a client that calls its API.

namespace actord::testing {

/// The client's end of one request: collects what the frontend sends.
class recorded_exchange final : public net::http_exchange {
public:
  void respond(net::http_response response) override { settle(std::move(response), true); }
  void begin(net::http_response head) override { settle(std::move(head), false); }
  void write(shared_bytes bytes) override {
    const std::lock_guard lock(mutex_);
    stream_ += *bytes;
    ++pieces_;
    changed_.notify_all();
  }
  void end() override {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] std::size_t pending_bytes() const override { return 0; }
  void on_drained(std::function<void()>) override {}
  void on_closed(std::function<void()> callback) override {
    const std::lock_guard lock(mutex_);
    closed_ = std::move(callback);
  }

  net::http_response wait() {
    std::unique_lock lock(mutex_);
    BOOST_REQUIRE(changed_.wait_for(lock, patience, [this] { return answered_; }));
    return response_;
  }
  /// The first `count` lines of the stream.
  std::vector<json> wait_for_lines(std::size_t count) {
    std::unique_lock lock(mutex_);
    const auto lines = [this] {
      return static_cast<std::size_t>(std::count(stream_.begin(), stream_.end(), '\n'));
    };
    BOOST_REQUIRE(changed_.wait_for(lock, patience, [&] { return lines() >= count; }));
    std::vector<json> parsed;
    std::size_t at = 0;
    while (parsed.size() < count) {
      const std::size_t end = stream_.find('\n', at);
      parsed.push_back(json::parse(stream_.substr(at, end - at)));
      at = end + 1;
    }
    return parsed;
  }
  /// All that came, once it is at least `count` bytes.
  std::string wait_for_bytes(std::size_t count) {
    std::unique_lock lock(mutex_);
    BOOST_REQUIRE(changed_.wait_for(lock, patience, [&] { return stream_.size() >= count; }));
    return stream_;
  }
  int pieces() {
    const std::lock_guard lock(mutex_);
    return pieces_;
  }
  void leave() {
    if (auto closed = std::exchange(closed_, nullptr)) closed();
  }

private:
  static constexpr std::chrono::seconds patience{30};

  void settle(net::http_response response, bool) {
    const std::lock_guard lock(mutex_);
    BOOST_REQUIRE(!answered_);
    response_ = std::move(response);
    answered_ = true;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  net::http_response response_;
  std::string stream_;
  int pieces_ = 0;
  std::function<void()> closed_;
  bool answered_ = false;
  bool ended_ = false;
};

class two_threads : public caf::actor_system_config {
public:
  two_threads() {
    set("scheduler.max-threads", std::size_t{2});
    set("scheduler.policy", caf::atom("sharing"));
  }
};

struct reply {
  int code = 0;
  json body;
};

/// A whole control plane in one process, without a disk or a network.
struct plane {
  manual_clock_source clock{wall_time{std::chrono::seconds(1'767'366'245)}};
  seeded_random_source random{7};
  std::unique_ptr<storage::store> store = storage::open_memory_store(clock, random);
  two_threads config;
  caf::actor_system system{config};
  actors::actor_registry registry;
  actors::admission_chain admission{*store, random};
  actors::authorizer authorization{*store};
  actors::role_guard roles{authorization, *store};
  actors::service_network network = *actors::service_network::parse("10.96.0.0/24");
  std::unique_ptr<actors::object_router> router =
      std::make_unique<actors::object_router>(actors::object_router::collaborators{
          system, *store, admission, registry, random, network, "CERTIFICATE", &roles});
  std::shared_ptr<const actors::token_authority> tokens =
      *actors::token_authority::open(*net::create_signing_key(), *store, random);
  std::shared_ptr<const actors::bootstrap_tokens> bootstrap =
      std::make_shared<actors::bootstrap_tokens>(*store);
  actors::api_frontend frontend{{.system = system,
                                 .store = *store,
                                 .router = *router,
                                 .registry = registry,
                                 .random = random,
                                 .authentication = actors::authenticator({}, {tokens, bootstrap}, clock),
                                 .authorization = authorization,
                                 .tokens = *tokens,
                                 .advertised_address = "192.0.2.2:6443",
                                 .readiness = nullptr}};
  net::http_handler handler = frontend.handler();

  plane() {
    BOOST_REQUIRE(
        actors::create_bootstrap_objects(*store, *router, {network, "192.0.2.2", 6443}).has_value());
  }
  ~plane() {
    router.reset();
    system.await_all_actors_done();
  }

  std::shared_ptr<recorded_exchange> send(std::string method, const std::string& target,
                                          std::string body = {},
                                          std::string content_type = "application/json",
                                          net::peer_identity peer = {"admin", {"system:masters"}},
                                          std::string accept = "application/json") {
    net::http_request request;
    request.method = std::move(method);
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string::npos) request.query = target.substr(mark + 1);
    request.headers = {
        {"accept", std::move(accept)}, {"content-type", std::move(content_type)}, {"user-agent", "test/1"}};
    request.body = std::move(body);
    request.peer = std::move(peer);
    auto exchange = std::make_shared<recorded_exchange>();
    handler.handle(std::move(request), exchange);
    return exchange;
  }

  reply call(std::string method, const std::string& target, const json& body = nullptr,
             std::string content_type = "application/json") {
    const auto exchange = send(std::move(method), target, body.is_null() ? std::string() : body.dump(),
                               std::move(content_type));
    const net::http_response response = exchange->wait();
    return {response.code, json::parse(*response.body, nullptr, false)};
  }

  /// The same as somebody else.
  reply call_as(net::peer_identity peer, std::string method, const std::string& target,
                const json& body = nullptr) {
    const auto exchange = send(std::move(method), target, body.is_null() ? std::string() : body.dump(),
                               "application/json", std::move(peer));
    const net::http_response response = exchange->wait();
    return {response.code, json::parse(*response.body, nullptr, false)};
  }

  /// A request with exactly these headers, from a client without a certificate.
  reply call_with(std::vector<std::pair<std::string, std::string>> headers, const std::string& target,
                  std::string method = "GET", const json& body = nullptr, net::peer_identity peer = {}) {
    net::http_request request;
    request.method = std::move(method);
    request.path = target;
    request.headers = std::move(headers);
    request.headers.emplace_back("content-type", "application/json");
    if (!body.is_null()) request.body = body.dump();
    request.peer = std::move(peer);
    auto exchange = std::make_shared<recorded_exchange>();
    handler.handle(std::move(request), exchange);
    const net::http_response response = exchange->wait();
    return {response.code, json::parse(*response.body, nullptr, false)};
  }
  reply call_token(const std::string& token, const std::string& target) {
    return call_with({{"authorization", "Bearer " + token}}, target);
  }
};

inline json config_map(const std::string& name, json extra = json::object()) {
  json made = {
      {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", name}}}, {"data", {{"k", "v"}}}};
  made.merge_patch(extra);
  return made;
}

inline const std::string maps = "/api/v1/namespaces/default/configmaps";

} // namespace actord::testing
