#include "runtime/container_runtime.hpp"
#include "runtime/probes/probe.hpp"

namespace actord::runtime {

probe_outcome probe_by_command(container_runtime& runtime, const std::string& container_id,
                               const std::vector<std::string>& command, std::chrono::milliseconds timeout) {
  auto done = runtime.exec(container_id, command, timeout);
  if (!done) return {probe_verdict::failure, done.error().message};
  if (done->timed_out)
    return {probe_verdict::failure, "command timed out: \"" + command.front() + "\" timed out after " +
                                        std::to_string(timeout.count()) + "ms"};
  return {done->exit_code == 0 ? probe_verdict::success : probe_verdict::failure, std::move(done->output)};
}

} // namespace actord::runtime
