#pragma once

#include "runtime/oci/runtime_context.hpp"

#include <optional>
#include <string>
#include <vector>

namespace actord::runtime {

/// Makes and unmakes what the containers of a pod share: network namespace, address, pause process, files,
/// cgroup. Calls for one sandbox must not overlap.
class sandbox_driver {
public:
  explicit sandbox_driver(const runtime_context& context) : context_(context) {}

  /// The running sandbox of this specification, made if it is not there. What is left of a dead one is
  /// cleared first.
  result<sandbox_record> run(const sandbox_spec& spec) const;
  /// Ends the pause process and gives the network back; its containers are gone before.
  result<void> stop(const std::string& id) const;
  /// SIGKILL to whatever runs in it. False: some would not go.
  bool end_processes(const std::string& id) const;
  /// Every trace, also of one whose record is lost.
  result<void> remove(const std::string& id) const;
  result<void> update(const std::string& id, const resource_limits& limits) const;
  [[nodiscard]] std::optional<measured_resources> measure(const std::string& id) const;
  [[nodiscard]] std::vector<sandbox> list() const;
  result<unique_fd> dial(const std::string& id, std::uint16_t port, net::pod_door at) const;

private:
  result<void> make_network(const sandbox_spec& spec, sandbox_record& record) const;
  result<void> write_files(const sandbox_spec& spec, const sandbox_record& record) const;
  result<void> start_pause(const sandbox_spec& spec, sandbox_record& record) const;

  const runtime_context& context_;
};

/// A sandbox as its callers see it.
sandbox describe_sandbox(const sandbox_record& record);

} // namespace actord::runtime
