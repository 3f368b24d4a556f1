#pragma once

#include "runtime/files/unique_fd.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace actord::runtime {

/// A process by number and start time (clock ticks since boot), so that a reused number is not mistaken for
/// it.
struct process_identity {
  int pid = 0;
  std::uint64_t start_ticks = 0;

  bool operator==(const process_identity&) const = default;
};

/// Field 22 of /proc/PID/stat, whose second field may hold anything.
std::optional<std::uint64_t> parse_start_ticks(std::string_view stat);
/// Who has this number now; nothing when nobody has, or only a zombie.
std::optional<process_identity> identify_process(int pid);
bool is_alive(const process_identity& process);
/// A descriptor that becomes readable when the process ends; none when it has ended.
unique_fd watch_process(const process_identity& process);
/// Gone is success.
bool send_signal(const process_identity& process, int number);
/// "TERM", "SIGTERM" or "15".
std::optional<int> signal_number(std::string_view name);

} // namespace actord::runtime
