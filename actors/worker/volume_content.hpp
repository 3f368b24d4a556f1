#pragma once

#include "actors/worker/pod_facts.hpp"
#include "runtime/volumes/content_volume.hpp"

#include <string>
#include <vector>

namespace actord::actors {

using runtime::volume_file;

/// Whether the volume's files come from the API (and must follow changes) rather than from the node.
bool has_api_content(const schema::volume_view& volume);
/// Whether any of it is confidential: such files live in memory only.
bool has_secret_content(const schema::volume_view& volume);
/// Names of the ConfigMaps and Secrets that a pod's volumes show: a change of one refreshes the pod.
struct referred_objects {
  std::vector<std::string> config_maps;
  std::vector<std::string> secrets;
};
referred_objects referred_by_volumes(const schema::pod_view& pod);

/// The files of a volume with API content, in order of path. What is missing is an error in the words of the
/// pod's event
/// (`configmap "x" not found`).
result<std::vector<volume_file>> volume_content(const schema::pod_view& pod,
                                                const schema::volume_view& volume, const pod_facts& facts,
                                                const reference_lookup& lookup);

} // namespace actord::actors
