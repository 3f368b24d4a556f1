#include "actors/cluster/worker_network.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <utility>

namespace actord::actors {

worker_network::worker_network(const clock_source& clock, random_source& random)
    : network_(net::peer_network::create(clock, random)) {}
worker_network::~worker_network() { stop(); }

void worker_network::serve(std::string method, net::peer_handler handler, net::callers who) {
  network_->serve(std::move(method), std::move(handler), who);
}
void worker_network::serve_stream(std::string method, net::peer_stream_handler handler, net::callers who) {
  network_->serve_stream(std::move(method), std::move(handler), who);
}

result<void> worker_network::start(settings how) {
  net::peer_options options;
  options.self = 0;
  options.node_name = how.node_name;
  options.cluster_id = how.cluster_id;
  options.credentials = std::move(how.credentials);
  if (auto started = network_->start(std::move(options), {}); !started) return started;
  use_servers(std::move(how.servers));
  return {};
}

void worker_network::stop() { network_->stop(); }

void worker_network::use_servers(std::vector<known_server> servers) {
  const std::scoped_lock hold(mutex_);
  for (const known_server& each : servers) network_->set_address(each.member, each.rpc_address);
  for (const known_server& each : servers_)
    if (std::ranges::find(servers, each.member, &known_server::member) == servers.end())
      network_->forget(each.member);
  servers_ = std::move(servers);
}

void worker_network::use_credentials(net::peer_credentials credentials) {
  if (auto used = network_->set_credentials(std::move(credentials)); !used)
    spdlog::error("the node's new certificate cannot be used: {}", used.error().message);
}

std::vector<known_server> worker_network::known_servers() const {
  const std::scoped_lock hold(mutex_);
  return servers_;
}

std::vector<storage::member_id> worker_network::servers() const {
  std::vector<storage::member_id> connected;
  for (const net::peer_status& each : network_->peers())
    if (each.link == net::peer_link::connected) connected.push_back(each.member);
  std::vector<storage::member_id> out;
  const std::scoped_lock hold(mutex_);
  for (const known_server& each : servers_)
    if (std::ranges::find(connected, each.member) != connected.end()) out.push_back(each.member);
  return out;
}

void worker_network::call(storage::member_id server, std::string_view method, std::string payload,
                          std::chrono::milliseconds deadline, std::function<void(result<std::string>)> done) {
  network_->call(server, method, std::move(payload), deadline, std::move(done));
}

std::shared_ptr<net::peer_stream> worker_network::open_stream(storage::member_id server,
                                                              std::string_view method, std::string payload,
                                                              net::stream_events events) {
  return network_->open_stream(server, method, std::move(payload), std::move(events));
}

} // namespace actord::actors
