#pragma once

#include "actors/worker/container_environment.hpp"
#include "actors/worker/pod_files.hpp"
#include "actors/worker/volume_content.hpp"
#include "runtime/container_runtime.hpp"

#include <vector>

/// A pod's volumes on the disk of its node. Blocking, idempotent.

namespace actord::actors {

/// Creates or refreshes every volume of the pod.
result<void> prepare_pod_volumes(const schema::pod_view& pod, const pod_files& files, const pod_facts& facts,
                                 const reference_lookup& lookup);

/// What the container mounts: its volume mounts (sub-paths bound first) and the file of its termination
/// message.
result<std::vector<runtime::mount_spec>> container_mounts(const schema::pod_view& pod,
                                                          const schema::container_view& container,
                                                          int attempt, const pod_files& files,
                                                          const environment& variables);

/// What the container wrote to its termination message file, or the end of its log where its policy says so.
std::string read_termination_message(const schema::pod_view& pod, const schema::container_view& container,
                                     int attempt, int exit_code, const pod_files& files);

} // namespace actord::actors
