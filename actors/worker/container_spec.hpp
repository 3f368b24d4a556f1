#pragma once

#include "actors/worker/container_environment.hpp"
#include "actors/worker/pod_files.hpp"
#include "runtime/container_runtime.hpp"

#include <string>
#include <vector>

/// From a pod's specification to what the container runtime is asked for: pure.

namespace actord::actors {

/// Name servers, searches and options of a pod.
struct resolver_settings {
  std::vector<std::string> servers;
  std::vector<std::string> searches;
  std::vector<std::string> options;
};
/// Reads the text of a resolv.conf.
resolver_settings parse_resolver(std::string_view text);

runtime::sandbox_spec sandbox_spec_of(const schema::pod_view& pod, int attempt,
                                      const resolver_settings& machine);

/// Requests and limits as the kernel takes them; the oom score by the pod's quality of service as Kubernetes
/// sets it (guaranteed -997, best effort 1000, burstable by its share of the node's memory). What the pod as
/// a whole may use at most is the limit of containers that have none.
runtime::resource_limits limits_of(const schema::pod_view& pod, const schema::container_view& container,
                                   std::int64_t node_memory_bytes);
/// Of the pod's control group: requests of all its containers; limits where each container has one, or the
/// pod as a whole does.
runtime::resource_limits pod_limits_of(const schema::pod_view& pod);
runtime::security_spec security_of(const schema::pod_view& pod, const schema::container_view& container);

/// Everything but the mounts. `image_id` is the image's id on this node.
runtime::container_spec container_spec_of(const schema::pod_view& pod,
                                          const schema::container_view& container, int attempt,
                                          const std::string& sandbox_id, const std::string& image_id,
                                          environment variables, const pod_facts& facts,
                                          const pod_files& files);

} // namespace actord::actors
