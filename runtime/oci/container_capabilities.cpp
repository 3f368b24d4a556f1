#include "runtime/oci/container_capabilities.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace actord::runtime {
namespace {

/// In the order of their numbers.
constexpr std::array<std::string_view, 41> all_capabilities{"CAP_CHOWN",
                                                            "CAP_DAC_OVERRIDE",
                                                            "CAP_DAC_READ_SEARCH",
                                                            "CAP_FOWNER",
                                                            "CAP_FSETID",
                                                            "CAP_KILL",
                                                            "CAP_SETGID",
                                                            "CAP_SETUID",
                                                            "CAP_SETPCAP",
                                                            "CAP_LINUX_IMMUTABLE",
                                                            "CAP_NET_BIND_SERVICE",
                                                            "CAP_NET_BROADCAST",
                                                            "CAP_NET_ADMIN",
                                                            "CAP_NET_RAW",
                                                            "CAP_IPC_LOCK",
                                                            "CAP_IPC_OWNER",
                                                            "CAP_SYS_MODULE",
                                                            "CAP_SYS_RAWIO",
                                                            "CAP_SYS_CHROOT",
                                                            "CAP_SYS_PTRACE",
                                                            "CAP_SYS_PACCT",
                                                            "CAP_SYS_ADMIN",
                                                            "CAP_SYS_BOOT",
                                                            "CAP_SYS_NICE",
                                                            "CAP_SYS_RESOURCE",
                                                            "CAP_SYS_TIME",
                                                            "CAP_SYS_TTY_CONFIG",
                                                            "CAP_MKNOD",
                                                            "CAP_LEASE",
                                                            "CAP_AUDIT_WRITE",
                                                            "CAP_AUDIT_CONTROL",
                                                            "CAP_SETFCAP",
                                                            "CAP_MAC_OVERRIDE",
                                                            "CAP_MAC_ADMIN",
                                                            "CAP_SYSLOG",
                                                            "CAP_WAKE_ALARM",
                                                            "CAP_BLOCK_SUSPEND",
                                                            "CAP_AUDIT_READ",
                                                            "CAP_PERFMON",
                                                            "CAP_BPF",
                                                            "CAP_CHECKPOINT_RESTORE"};

/// What Docker and containerd give by default.
constexpr std::array<std::string_view, 14> default_capabilities{
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE"};

std::string full_name(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name.starts_with("CAP_") ? name : "CAP_" + name;
}

bool says_all(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return full_name(name) == "CAP_ALL"; });
}

} // namespace

std::set<std::string> container_capabilities(bool privileged, const std::vector<std::string>& add,
                                             const std::vector<std::string>& drop, std::uint64_t available) {
  std::set<std::string> chosen;
  if (privileged || says_all(add))
    chosen.insert(all_capabilities.begin(), all_capabilities.end());
  else if (!says_all(drop))
    chosen.insert(default_capabilities.begin(), default_capabilities.end());
  for (std::size_t number = 0; number < all_capabilities.size(); ++number)
    if ((available >> number & 1U) == 0) chosen.erase(std::string(all_capabilities[number]));
  if (privileged) return chosen;
  for (const std::string& name : add)
    if (full_name(name) != "CAP_ALL") chosen.insert(full_name(name));
  for (const std::string& name : drop) chosen.erase(full_name(name));
  return chosen;
}

} // namespace actord::runtime
