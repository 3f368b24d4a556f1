#include "actors/worker/node/node_drivers.hpp"

#include "actors/worker/node/node_object.hpp"
#include "actors/worker/worker.hpp"
#include "net/overlay/tunnel_control.hpp"
#include "net/services/command_runner.hpp"
#include "runtime/files/file_tools.hpp"
#include "runtime/process/process_launcher.hpp"
#include "schema/base/text_hash.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <utility>

namespace actord::actors {
namespace {

/// Eight hexadecimal digits that tell daemons with different data directories apart.
std::string short_hash(std::string_view text) { return fmt::format("{:08x}", text_hash(text)); }

/// The default data directory has the plain names; any other its own.
bool is_default(const std::string& data_dir) { return data_dir == "/var/lib/actord"; }

std::string runtime_dir_of(const worker_options& options) {
  if (!options.runtime_dir.empty()) return options.runtime_dir;
  return is_default(options.data_dir) ? "/run/actord" : "/run/actord-" + short_hash(options.data_dir);
}

/// "actord" becomes "actord0" or "actord1a2b3c4d". The kernel takes 15 bytes: the prefix has at most 7.
std::string device_of(const worker_options& options, const std::string& prefix) {
  return prefix + (is_default(options.data_dir) ? "0" : short_hash(options.data_dir));
}

std::string default_pause_path() {
  std::error_code ignored;
  return (std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "actord-pause").string();
}

runtime::runtime_flavour flavour_of(const std::string& name) {
  if (name == "crun") return runtime::runtime_flavour::crun;
  if (name == "runc") return runtime::runtime_flavour::runc;
  return runtime::runtime_flavour::automatic;
}

/// This node's end of the tunnel. Its packets are as large as fit through whole; 0 (the kernel's choice)
/// where other nodes cannot reach this one.
net::overlay_options tunnel_of(const worker_options& options, const std::string& pod_range) {
  const auto address = net::parse_address(measure_machine(options.data_dir).address);
  const auto pods = net::parse_range(pod_range);
  const int outer = address ? net::mtu_of_address(*address) : 0;
  return {.device = device_of(options, "actordt"),
          .address = address.value_or(0),
          .pods = pods ? *pods : net::address_range{},
          .number = net::overlay_number(options.cluster),
          .mtu = outer > net::overlay_overhead_bytes ? outer - net::overlay_overhead_bytes : 0};
}

std::unique_ptr<net::pod_network> open_network(const worker_options& options, const std::string& pod_range,
                                               int mtu, net::program_runner& runner) {
  net::cni_options network;
  network.state_dir = options.data_dir + "/network";
  network.bridge = device_of(options, "actord");
  network.network_name = network.bridge;
  network.pod_cidr = pod_range;
  network.cluster_cidr = options.cluster_cidr;
  network.mtu = mtu;
  return net::make_cni_network(std::move(network), runner);
}

std::string deadline_path_of(const worker_options& options) { return runtime_dir_of(options) + "/deadline"; }

runtime::oci_runtime_options runtime_options(const worker_options& options, const clock_source& clock,
                                             const node_drivers& drivers) {
  runtime::oci_runtime_options oci;
  oci.state_dir = runtime_dir_of(options);
  oci.data_dir = options.data_dir + "/containers";
  oci.images = drivers.images.get();
  oci.network = drivers.network.get();
  oci.launcher = &runtime::system_process_launcher();
  oci.clock = &clock;
  oci.flavour = flavour_of(options.runtime);
  oci.deadline_path = deadline_path_of(options);
  oci.pause_path = options.pause_path.empty() ? default_pause_path() : options.pause_path;
  return oci;
}

} // namespace

result<node_drivers> open_node_drivers(const worker_options& options, const clock_source& clock,
                                       const std::string& pod_range) {
  for (const auto& directory : {options.data_dir, runtime_dir_of(options)})
    if (auto made = runtime::make_directories(directory, 0700); !made) return std::move(made).error();
  node_drivers drivers;
  auto images = runtime::image_store::open(options.data_dir + "/images");
  if (!images) return std::move(images).error();
  drivers.images = std::move(*images);
  drivers.runner = runtime::make_program_runner(runtime::system_process_launcher());
  net::overlay_options tunnel = tunnel_of(options, pod_range);
  drivers.network = open_network(options, pod_range, tunnel.mtu, *drivers.runner);
  drivers.overlay = std::make_unique<net::overlay_network>(std::move(tunnel), *drivers.runner);
  auto deadline = runtime::deadline_file::open(deadline_path_of(options));
  if (!deadline) return std::move(deadline).error();
  drivers.deadline = std::move(*deadline);
  auto runtime = runtime::open_oci_runtime(runtime_options(options, clock, drivers));
  if (!runtime) return std::move(runtime).error();
  drivers.runtime = std::move(*runtime);
  auto services = net::iptables_driver::open(net::make_process_runner());
  if (!services) return std::move(services).error();
  drivers.services = std::move(*services);
  return drivers;
}

result<void> remove_node(const worker_options& options, const clock_source& clock) {
  auto drivers = open_node_drivers(options, clock, options.cluster_cidr);
  if (!drivers) return std::move(drivers).error();
  if (auto removed = runtime::remove_everything(*drivers->runtime, runtime_options(options, clock, *drivers));
      !removed)
    return removed;
  if (auto cleared = drivers->services->clear(); !cleared) return cleared;
  if (auto cleared = drivers->overlay->dismantle(); !cleared) return cleared;
  if (auto unmounted = runtime::unmount_below(options.data_dir); !unmounted) return unmounted;
  return runtime::remove_tree(runtime_dir_of(options));
}

} // namespace actord::actors
