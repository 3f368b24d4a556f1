#pragma once

#include "runtime/oci/bundle.hpp"
#include "runtime/oci/runtime_context.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace actord::runtime {

/// Creates, starts, looks at and removes single containers. Calls for one container must not overlap.
class container_driver {
public:
  explicit container_driver(const runtime_context& context) : context_(context) {}

  /// The container of this specification, made if it is not there; half-made ones are made anew.
  result<container_record> create(const container_spec& spec) const;
  result<void> start(const std::string& id) const;
  result<void> signal(const std::string& id, const std::string& name) const;
  /// SIGKILL to all it consists of; returns when its end is written down.
  result<void> kill(const std::string& id) const;
  result<void> remove(const std::string& id) const;
  result<void> update(const std::string& id, const resource_limits& limits) const;
  result<exec_result> exec(const std::string& id, const std::vector<std::string>& command,
                           std::chrono::milliseconds timeout) const;
  result<std::unique_ptr<command_process>> start_command(const std::string& id,
                                                         const command_terms& terms) const;
  result<unique_fd> attach(const std::string& id) const;
  result<void> resize(const std::string& id, window_size size) const;
  result<container_status> status(const std::string& id) const;
  [[nodiscard]] std::vector<container_status> list(const std::string& sandbox_id) const;
  /// Its conmon is gone. Without an exit file nobody can tell how it ends: what runs is ended and code 255
  /// written down.
  void settle_lost(const std::string& id) const;
  /// Its first process has ended. In a process namespace of its own the others went with it; where it is
  /// shared they are ended here.
  void end_stragglers(const std::string& id) const;

private:
  result<json> configure(const container_spec& spec, const container_record& record,
                         const sandbox_record& pod, const image_info& image) const;
  result<sandbox_view> view_of(const sandbox_record& pod) const;
  result<std::string> process_namespace_of(const std::string& sandbox, const std::string& name) const;
  result<void> launch(const container_spec& spec, container_record& record) const;
  result<void> check_masks(const container_record& record, const json& config) const;
  result<json> configuration(const container_record& record) const;
  [[nodiscard]] std::string exec_scratch(const std::string& id) const;
  [[nodiscard]] container_status described(const container_record& record) const;
  result<container_record> running(const std::string& id) const;
  [[nodiscard]] bool let_go(const container_record& record) const;
  void await_unrecorded_monitor(const std::string& id) const;
  [[nodiscard]] container_evidence evidence(const container_record& record) const;

  const runtime_context& context_;
  mutable std::atomic<std::uint64_t> next_exec_ = 0;
};

} // namespace actord::runtime
