#pragma once

#include "actors/worker/pod_facts.hpp"

#include <string>
#include <utility>
#include <vector>

namespace actord::actors {

using environment = std::vector<std::pair<std::string, std::string>>;

/// One port of a Service as it appears in a pod's environment (NAME_SERVICE_HOST and so on).
struct service_link {
  std::string name;
  std::string cluster_ip;
  struct port {
    std::string name;
    std::string protocol; ///< "TCP"
    std::int64_t number = 0;
  };
  std::vector<port> ports;
};

/// Variables that Kubernetes derives from the services of a namespace: {"REDIS_SERVICE_HOST", "10.96.0.11"},
/// ...
environment service_environment(const std::vector<service_link>& services);

/// A container's variables in order: services, envFrom, env; a later name replaces an earlier one. `$(NAME)`
/// in a value refers to what stands before it. What is missing is an error in the words that a pod's status
/// shows.
result<environment> build_environment(const schema::pod_view& pod, const schema::container_view& container,
                                      const pod_facts& facts, const reference_lookup& lookup,
                                      const std::vector<service_link>& services);

/// `$(NAME)` replaced by its value, `$$(NAME)` by `$(NAME)`; a name that is not defined stays as it is.
std::string expand_references(std::string_view text, const environment& variables);

} // namespace actord::actors
