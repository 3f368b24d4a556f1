#include "actors/cluster/cluster_identity.hpp"

#include "actors/cluster/bootstrap_objects.hpp"
#include "actors/cluster/joining/join_client.hpp"
#include "actors/worker/node/node_object.hpp"
#include "net/pki/secret_files.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <thread>
#include <utility>

namespace actord::actors {
namespace {

/// A cluster that has just started, or that elects a leader, is there in a moment.
constexpr std::chrono::seconds join_patience{60};
constexpr std::chrono::milliseconds join_pause{500};

std::string server_url(const daemon_options& options, std::uint16_t port) {
  const bool any = options.listen_address == "0.0.0.0" || options.listen_address == "::";
  return "https://" + host_and_port(any ? "127.0.0.1" : options.listen_address, port);
}

result<std::optional<joined_identity>> join(const daemon_options& options, const std::string& address) {
  const std::filesystem::path directory = options.data_dir + "/pki";
  if (options.join.empty()) return read_identity(directory);
  const std::string rpc_host = is_vague(options.rpc_listen_address) ? address : options.rpc_listen_address;
  const join_order order{.server = options.join,
                         .token = options.token,
                         .node = options.node_name,
                         .serves = options.serves,
                         .works = options.works,
                         .rpc_address = host_and_port(rpc_host, options.rpc_listen_port),
                         .api_address = host_and_port(address, options.listen_port),
                         .pki_directory = directory};
  const clock_source& clock = system_clock_source();
  const steady_time until = clock.steady_now() + join_patience;
  for (bool told = false;;) {
    auto joined = join_cluster(order, clock);
    if (joined) return std::optional(std::move(*joined));
    if (joined.error().kind != error_kind::unavailable || clock.steady_now() >= until)
      return in_context(joined.error(), "cannot join the cluster at " + options.join);
    if (!std::exchange(told, true)) spdlog::warn("{}; trying again", joined.error().message);
    std::this_thread::sleep_for(join_pause);
  }
}

} // namespace

error in_context(const error& why, std::string_view what) {
  error explained = why;
  explained.message = fmt::format("{}: {}", what, why.message);
  return explained;
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

bool is_vague(std::string_view address) {
  return address == "0.0.0.0" || address == "::" || is_loopback(address);
}

net::cluster_pki_options pki_options(const daemon_options& options, const cluster_identity& identity) {
  net::cluster_pki_options made;
  made.directory = options.data_dir + "/pki";
  made.node_name = options.node_name;
  made.server_addresses = {identity.address, identity.network.address(1)};
  if (options.certificate_life) made.server_life = made.admin_life = *options.certificate_life;
  return made;
}

result<cluster_identity> open_identity(daemon_options& options) {
  cluster_identity identity;
  if (auto made = net::make_secret_directory(options.data_dir); !made)
    return in_context(made.error(), "cannot use the data directory " + options.data_dir);
  if (auto made = net::make_secret_directory(options.data_dir + "/pki"); !made)
    return in_context(made.error(), "cannot use the data directory " + options.data_dir);
  // Pods and other machines cannot reach a server at its own loopback address.
  identity.address =
      is_vague(options.listen_address) ? measure_machine(options.data_dir).address : options.listen_address;
  auto joined = join(options, identity.address);
  if (!joined) return joined.error();
  identity.joined = std::move(*joined);
  if (!options.serves && !identity.joined)
    return error{.kind = error_kind::bad_request,
                 .message = "a worker without a server needs a cluster to join: --join HOST:6443 --token T, "
                            "which `actctl token create` prints on a machine of that cluster"};
  if (identity.joined && identity.joined->serves() != options.serves)
    return error{.kind = error_kind::bad_request,
                 .message =
                     fmt::format("this machine joined its cluster as a {}, not as a {} (--roles); to change "
                                 "that, remove it there (actctl cluster remove {}) and use another data "
                                 "directory",
                                 identity.joined->serves() ? "server" : "worker",
                                 options.serves ? "server" : "worker", identity.joined->node)};
  if (identity.joined && !identity.joined->service_cidr.empty()) {
    options.service_cidr = identity.joined->service_cidr;
    options.cluster_cidr = identity.joined->cluster_cidr;
  }
  auto network = service_network::parse(options.service_cidr);
  if (!network) return in_context(network.error(), "--service-cidr");
  identity.network = *network;
  identity.kubeconfig = options.data_dir + "/admin.kubeconfig";
  return identity;
}

result<void> save_kubeconfig(const daemon_options& options, const cluster_identity& identity,
                             std::uint16_t port) {
  return net::write_kubeconfig(identity.kubeconfig, {.server_url = server_url(options, port),
                                                     .authority_pem = identity.pki.trusted_pem,
                                                     .client = identity.pki.admin,
                                                     .token = identity.pki.admin_token});
}

} // namespace actord::actors
