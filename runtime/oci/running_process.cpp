#include "runtime/oci/running_process.hpp"

#include "runtime/files/file_tools.hpp"

#include <signal.h>
#include <sys/syscall.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>

namespace actord::runtime {
namespace {

std::optional<std::string> read_stat(int pid) {
  auto text = read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
  return text ? std::move(*text) : std::nullopt;
}

/// What follows "(name) ": the state, then the fields from the fourth on.
std::string_view after_name(std::string_view stat) {
  const std::size_t end = stat.rfind(')');
  return end == std::string_view::npos || end + 2 > stat.size() ? std::string_view{} : stat.substr(end + 2);
}

} // namespace

std::optional<std::uint64_t> parse_start_ticks(std::string_view stat) {
  std::string_view rest = after_name(stat);
  constexpr int fields_before = 19; // The state is field 3.
  for (int field = 0; field < fields_before; ++field) {
    const std::size_t blank = rest.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(blank + 1);
  }
  std::uint64_t ticks = 0;
  if (std::from_chars(rest.data(), rest.data() + rest.size(), ticks).ec != std::errc{}) return std::nullopt;
  return ticks;
}

std::optional<process_identity> identify_process(int pid) {
  const auto stat = read_stat(pid);
  if (!stat || after_name(*stat).starts_with('Z')) return std::nullopt;
  const auto ticks = parse_start_ticks(*stat);
  if (!ticks) return std::nullopt;
  return process_identity{pid, *ticks};
}

bool is_alive(const process_identity& process) {
  return process.pid > 0 && identify_process(process.pid) == std::optional(process);
}

unique_fd watch_process(const process_identity& process) {
  if (process.pid <= 0) return {};
  unique_fd descriptor(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  // Looked at after opening: from here on the number cannot pass to another process unnoticed.
  if (descriptor && !is_alive(process)) descriptor.reset();
  return descriptor;
}

bool send_signal(const process_identity& process, int number) {
  const unique_fd descriptor = watch_process(process);
  if (!descriptor) return true;
  return ::syscall(SYS_pidfd_send_signal, descriptor.get(), number, nullptr, 0) == 0 || errno == ESRCH;
}

std::optional<int> signal_number(std::string_view name) {
  int number = 0;
  if (const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
      parsed.ec == std::errc{} && parsed.ptr == name.data() + name.size())
    return number > 0 && number <= SIGRTMAX ? std::optional(number) : std::nullopt;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  if (name.starts_with("RTMIN+")) {
    name.remove_prefix(6);
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec != std::errc{})
      return std::nullopt;
    return SIGRTMIN + number <= SIGRTMAX && number >= 0 ? std::optional(SIGRTMIN + number) : std::nullopt;
  }
  for (int candidate = 1; candidate < SIGRTMIN; ++candidate)
    if (const char* known = ::sigabbrev_np(candidate); known != nullptr && name == known) return candidate;
  return std::nullopt;
}

} // namespace actord::runtime
