#include "actors/worker/node/node_drivers.hpp"

#include "actors/worker/node/node_object.hpp"
#include "actors/worker/worker.hpp"
#include "net/overlay/tunnel_control.hpp"
#include "net/services/command_runner.hpp"
#include "runtime/files/file_tools.hpp"
#include "runtime/process/process_launcher.hpp"

#include <filesystem>

namespace actord::actors {
namespace {

constexpr std::size_t bridge_name_max = 15;

/// Eight hexadecimal digits that tell daemons with different data directories apart (FNV-1a).
std::string short_hash(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (int shift = 28; shift >= 0; shift -= 4) out += digits[(hash >> static_cast<unsigned>(shift)) & 15U];
  return out;
}

/// The default data directory has the plain names; any other its own.
bool is_default(const std::string& data_dir) { return data_dir == "/var/lib/actord"; }

std::string runtime_dir_of(const worker_options& options) {
  if (!options.runtime_dir.empty()) return options.runtime_dir;
  return is_default(options.data_dir) ? "/run/actord" : "/run/actord-" + short_hash(options.data_dir);
}

std::string bridge_of(const worker_options& options) {
  const std::string name = is_default(options.data_dir) ? "actord0" : "actord" + short_hash(options.data_dir);
  return name.substr(0, bridge_name_max);
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

std::string tunnel_of(const worker_options& options) {
  return is_default(options.data_dir) ? "actordt0" : "actordt" + short_hash(options.data_dir);
}

/// Of packets that fit through the tunnel whole; 0 (the kernel's choice) where other nodes cannot reach this
/// one.
int pod_mtu(const worker_options& options) {
  const auto address = net::parse_address(measure_machine(options.data_dir).address);
  const int outer = address ? net::mtu_of_address(*address) : 0;
  return outer > net::overlay_overhead_bytes ? outer - net::overlay_overhead_bytes : 0;
}

std::unique_ptr<net::overlay_network>
open_overlay(const worker_options& options, const std::string& pod_range, net::program_runner& runner) {
  const auto address = net::parse_address(measure_machine(options.data_dir).address);
  const auto pods = net::parse_range(pod_range);
  return std::make_unique<net::overlay_network>(
      net::overlay_options{.device = tunnel_of(options),
                           .address = address.value_or(0),
                           .pods = pods ? *pods : net::address_range{},
                           .number = net::overlay_number(options.cluster),
                           .mtu = pod_mtu(options)},
      runner);
}

std::unique_ptr<net::pod_network> open_network(const worker_options& options, const std::string& pod_range,
                                               net::program_runner& runner) {
  net::cni_options network;
  network.state_dir = options.data_dir + "/network";
  network.bridge = bridge_of(options);
  network.network_name = network.bridge;
  network.pod_cidr = pod_range;
  network.cluster_cidr = options.cluster_cidr;
  network.mtu = pod_mtu(options);
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
  drivers.network = open_network(options, pod_range, *drivers.runner);
  drivers.overlay = open_overlay(options, pod_range, *drivers.runner);
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
