#pragma once

#include "actors/controllers/controller_actor.hpp"
#include "actors/objects/write_command.hpp"
#include "actors/scheduler/scheduling_pod.hpp"
#include "schema/tables/resource_table.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// What the default scheduler writes, as commands without their `done`. All carry the leader's term and hold
/// for the very pod they were decided for.

namespace actord::actors {

inline constexpr std::string_view scheduler_name = "default-scheduler";

class scheduler_writes {
public:
  explicit scheduler_writes(std::shared_ptr<const controller_context> context)
      : context_(std::move(context)) {}

  [[nodiscard]] object_key key_of(const scheduling_pod& pod) const { return {pods_, pod.space, pod.name}; }

  [[nodiscard]] write_command bind(const scheduling_pod& pod, revision at, const std::string& node) const;
  /// Condition PodScheduled is False with that message. `nominate`: the node, or nothing ("") any more; unset
  /// leaves what there is.
  [[nodiscard]] write_command tell_unplaced(const scheduling_pod& pod, revision at,
                                            const std::string& message,
                                            const std::optional<std::string>& nominate) const;
  [[nodiscard]] write_command clear_nomination(const scheduling_pod& pod, revision at) const;
  /// Condition DisruptionTarget, before the pod is deleted.
  [[nodiscard]] write_command mark_victim(const scheduling_pod& victim, revision at) const;
  /// In its own grace period.
  [[nodiscard]] write_command delete_victim(const scheduling_pod& victim, revision at) const;

  void announce_unplaced(const scheduling_pod& pod, const std::string& message) const;
  void announce_placed(const scheduling_pod& pod, const std::string& node) const;
  void announce_preempted(const scheduling_pod& victim, const std::string& preemptor_uid,
                          const std::string& node) const;

private:
  [[nodiscard]] write_command command_for(const scheduling_pod& pod, revision at, std::string_view verb,
                                          std::string why) const;
  [[nodiscard]] write_command patch_status(const scheduling_pod& pod, revision at, json status,
                                           std::string why) const;
  [[nodiscard]] json condition(const scheduling_pod& pod, const char* type, const char* status,
                               const char* reason, const std::string& message) const;
  void announce(const scheduling_pod& pod, bool warning, const char* reason, std::string message) const;

  std::shared_ptr<const controller_context> context_;
  resource_id pods_ = schema::builtin("", "pods").id;
};

} // namespace actord::actors
