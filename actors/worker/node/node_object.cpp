#include "actors/worker/node/node_object.hpp"

#include "schema/base/json.hpp"
#include "schema/base/kubernetes_version.hpp"
#include "schema/base/timestamp.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace actord::actors {
namespace {

constexpr int pods_max = 110;
constexpr std::size_t images_shown_max = 50;
/// Kept from pods for the daemon and the system.
constexpr std::int64_t memory_reserved_bytes = 100 * 1024 * 1024;

std::string first_line(const char* path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

/// Value of KEY= in a file of shell assignments, quotes removed.
std::string assignment(const char* path, std::string_view key) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != '=') continue;
    std::string value = line.substr(key.size() + 1);
    std::erase(value, '"');
    return value;
  }
  return {};
}

/// The address of the interface that holds the default route, else of the first one that is up and not
/// loopback.
std::string machine_address() {
  std::string route_interface;
  std::ifstream routes("/proc/net/route");
  for (std::string line; std::getline(routes, line);) {
    std::istringstream fields(line);
    std::string name;
    std::string destination;
    fields >> name >> destination;
    if (destination == "00000000") {
      route_interface = name;
      break;
    }
  }
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return "127.0.0.1";
  std::string best;
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    if ((each->ifa_flags & IFF_LOOPBACK) != 0 || (each->ifa_flags & IFF_UP) == 0) continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    sockaddr_in address{};
    std::copy_n(reinterpret_cast<const char*>(each->ifa_addr), sizeof(address),
                reinterpret_cast<char*>(&address));
    inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    if (best.empty() || route_interface == each->ifa_name) best = text.data();
    if (route_interface == each->ifa_name) break;
  }
  freeifaddrs(all);
  return best.empty() ? "127.0.0.1" : best;
}

/// Time of the last change of a condition of that type and status in a status reported before.
std::string since(const json& before, std::string_view type, std::string_view status, wall_time now) {
  if (before.is_object() && before.contains("conditions"))
    for (const auto& each : before["conditions"])
      if (each.value("type", "") == type && each.value("status", "") == status)
        return each.value("lastTransitionTime", "");
  return schema::format_time(now);
}

json condition(std::string_view type, bool holds, std::string_view reason, std::string_view message,
               const json& before, wall_time now) {
  const std::string_view status = holds ? "True" : "False";
  return {{"type", type},
          {"status", status},
          {"reason", reason},
          {"message", message},
          {"lastHeartbeatTime", schema::format_time(now)},
          {"lastTransitionTime", since(before, type, status, now)}};
}

/// A value of /proc/meminfo in bytes.
std::int64_t memory_line(std::string_view key) {
  std::ifstream in("/proc/meminfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(key)) return std::strtoll(line.c_str() + key.size() + 1, nullptr, 10) * 1024;
  return 0;
}

/// Existing processes and threads, from "0.20 0.18 0.12 1/80 11206".
std::int64_t process_count() {
  const std::string line = first_line("/proc/loadavg");
  const std::size_t slash = line.find('/');
  return slash == std::string::npos ? 0 : std::strtoll(line.c_str() + slash + 1, nullptr, 10);
}

json pressure_conditions(const machine_facts& machine, const json& before, wall_time now) {
  const bool memory = machine.memory_available_bytes < memory_reserved_bytes;
  const bool disk = machine.disk_available_bytes < machine.disk_bytes / 10;
  const bool processes = machine.processes_max > 0 && machine.processes > machine.processes_max / 10 * 9;
  return json::array(
      {condition(
           "MemoryPressure", memory, memory ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory",
           memory ? "less than 100 MiB of memory are available" : "enough memory is available", before, now),
       condition("DiskPressure", disk, disk ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure",
                 disk ? "less than a tenth of the disk is free" : "enough of the disk is free", before, now),
       condition(
           "PIDPressure", processes, processes ? "KubeletHasInsufficientPID" : "KubeletHasSufficientPID",
           processes ? "more than nine tenths of all process ids are taken" : "enough process ids are free",
           before, now),
       condition("Ready", true, "KubeletReady", "the worker runs pods", before, now)});
}

std::string kibibytes(std::int64_t bytes) { return std::to_string(bytes / 1024) + "Ki"; }

json resources(const machine_facts& machine, std::int64_t reserved) {
  return {{"cpu", std::to_string(machine.cores)},
          {"memory", kibibytes(std::max<std::int64_t>(0, machine.memory_bytes - reserved))},
          {"ephemeral-storage", kibibytes(machine.disk_bytes)},
          {"pods", std::to_string(pods_max)},
          {"hugepages-1Gi", "0"},
          {"hugepages-2Mi", "0"}};
}

json shown_images(const std::vector<runtime::image_info>& images) {
  json list = json::array();
  for (const auto& image : images) {
    if (list.size() == images_shown_max) break;
    list.push_back({{"names", image.references}, {"sizeBytes", image.size_bytes}});
  }
  return list;
}

json node_info(const machine_facts& machine) {
  return {{"machineID", machine.machine_id},
          {"systemUUID", machine.machine_id},
          {"bootID", machine.boot_id},
          {"kernelVersion", machine.kernel},
          {"osImage", machine.os_image},
          {"containerRuntimeVersion", machine.runtime},
          {"kubeletVersion", fmt::format("{}+actord-{}", kubernetes_version, ACTORD_VERSION)},
          {"kubeProxyVersion", ""},
          {"operatingSystem", "linux"},
          {"architecture", machine.architecture}};
}

} // namespace

machine_facts measure_machine(const std::string& disk_path) {
  machine_facts facts;
  utsname names{};
  if (uname(&names) == 0) {
    facts.kernel = names.release;
    facts.architecture = std::string_view(names.machine) == "aarch64" ? "arm64" : "amd64";
  }
  facts.address = machine_address();
  facts.cores = std::max(1L, sysconf(_SC_NPROCESSORS_ONLN));
  facts.memory_bytes = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
  struct statvfs disk{};
  if (statvfs(disk_path.c_str(), &disk) == 0) {
    facts.disk_bytes = static_cast<std::int64_t>(disk.f_blocks) * static_cast<std::int64_t>(disk.f_frsize);
    facts.disk_available_bytes =
        static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
  }
  facts.memory_available_bytes = memory_line("MemAvailable");
  facts.processes = process_count();
  facts.processes_max = std::strtoll(first_line("/proc/sys/kernel/pid_max").c_str(), nullptr, 10);
  facts.machine_id = first_line("/etc/machine-id");
  facts.boot_id = first_line("/proc/sys/kernel/random/boot_id");
  facts.os_image = assignment("/etc/os-release", "PRETTY_NAME");
  return facts;
}

result<std::string> pod_range_at(std::string_view cluster_cidr, std::uint64_t slot) {
  const std::size_t slash = cluster_cidr.find('/');
  in_addr base{};
  int bits = 0;
  if (slash == std::string_view::npos ||
      inet_pton(AF_INET, std::string(cluster_cidr.substr(0, slash)).c_str(), &base) != 1 ||
      std::from_chars(cluster_cidr.data() + slash + 1, cluster_cidr.data() + cluster_cidr.size(), bits).ec !=
          std::errc{} ||
      bits < 8 || bits > 24)
    return error{error_kind::bad_request, "cluster CIDR must be an IPv4 range between /8 and /24, not \"" +
                                              std::string(cluster_cidr) + "\""};
  if (slot >= std::uint64_t{1} << (24 - bits))
    return error{error_kind::unavailable, "no free pod range is left in " + std::string(cluster_cidr)};
  const std::uint32_t first = ntohl(base.s_addr) & (~std::uint32_t{0} << (32 - bits));
  const in_addr range{htonl(first + (static_cast<std::uint32_t>(slot) << 8U))};
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &range, text.data(), text.size());
  return std::string(text.data()) + "/24";
}

json node_object(const std::string& name, const machine_facts& machine, const std::string& pod_cidr) {
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata",
           {{"name", name},
            {"labels",
             {{"kubernetes.io/hostname", name},
              {"kubernetes.io/os", "linux"},
              {"kubernetes.io/arch", machine.architecture},
              {"beta.kubernetes.io/os", "linux"},
              {"beta.kubernetes.io/arch", machine.architecture}}}}},
          {"spec", {{"podCIDR", pod_cidr}, {"podCIDRs", json::array({pod_cidr})}}}};
}

json node_status(const std::string& name, const machine_facts& machine,
                 const std::vector<runtime::image_info>& images, const json& before, wall_time now) {
  return {{"capacity", resources(machine, 0)},
          {"allocatable", resources(machine, memory_reserved_bytes)},
          {"addresses", json::array({json{{"type", "InternalIP"}, {"address", machine.address}},
                                     json{{"type", "Hostname"}, {"address", name}}})},
          {"conditions", pressure_conditions(machine, before, now)},
          {"nodeInfo", node_info(machine)},
          {"declaredFeatures",
           {"InPlacePodLevelResourcesVerticalScaling", "InPlacePodVerticalScalingInitContainers"}},
          {"images", shown_images(images)}};
}

json node_lease(const std::string& name, wall_time now) {
  return {{"apiVersion", "coordination.k8s.io/v1"},
          {"kind", "Lease"},
          {"metadata", {{"name", name}, {"namespace", "kube-node-lease"}}},
          {"spec",
           {{"holderIdentity", name},
            {"leaseDurationSeconds", 40},
            {"renewTime", schema::format_micro_time(now)}}}};
}

} // namespace actord::actors
