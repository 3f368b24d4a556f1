#include "actors/cluster/cluster_identity.hpp"

#include "actors/cluster/bootstrap_objects.hpp"
#include "actors/worker/node/node_object.hpp"
#include "net/pki/secret_files.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

std::string server_url(const daemon_options& options, std::uint16_t port) {
  const bool any = options.listen_address == "0.0.0.0" || options.listen_address == "::";
  const std::string host = any ? "127.0.0.1" : options.listen_address;
  return host.find(':') == std::string::npos ? fmt::format("https://{}:{}", host, port)
                                             : fmt::format("https://[{}]:{}", host, port);
}

} // namespace

error in_context(const error& why, std::string_view what) {
  error explained = why;
  explained.message = fmt::format("{}: {}", what, why.message);
  return explained;
}

net::cluster_pki_options pki_options(const daemon_options& options, const cluster_identity& identity) {
  net::cluster_pki_options made;
  made.directory = options.data_dir + "/pki";
  made.node_name = options.node_name;
  made.server_addresses = {identity.address, identity.network.address(1)};
  if (options.certificate_life) made.server_life = made.admin_life = *options.certificate_life;
  return made;
}

result<cluster_identity> open_identity(const daemon_options& options) {
  cluster_identity identity;
  auto network = service_network::parse(options.service_cidr);
  if (!network) return in_context(network.error(), "--service-cidr");
  identity.network = *network;
  if (auto made = net::make_secret_directory(options.data_dir); !made)
    return in_context(made.error(), "cannot use the data directory " + options.data_dir);
  // Pods and other machines cannot reach a server at its own loopback address.
  const bool vague = options.listen_address == "0.0.0.0" || options.listen_address == "::" ||
                     is_loopback(options.listen_address);
  identity.address = vague ? measure_machine(options.data_dir).address : options.listen_address;
  if (auto made = net::make_secret_directory(options.data_dir + "/pki"); !made)
    return in_context(made.error(), "cannot use the data directory " + options.data_dir);
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
