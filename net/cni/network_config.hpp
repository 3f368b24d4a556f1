#pragma once

#include "net/cni/pod_network.hpp"
#include "schema/base/json_fwd.hpp"

#include <string>
#include <string_view>
#include <vector>

/// CNI's JSON, without running anything.

namespace actord::net {

/// A network configuration list: plugins in the order of ADD.
struct network_config {
  std::string name;
  std::string version;
  std::vector<std::string> plugins; ///< JSON of each, as configured
};

/// Bridge with host-local addresses, then portmap: what a node without a configuration of its own gets.
network_config default_network_config(const cni_options& options);

/// A conflist, or a single plugin's conf.
result<network_config> parse_network_config(std::string_view text);

enum class cni_command : std::uint8_t { add, remove };

/// Standard input of one plugin: its configuration with name, version, the pod's port mappings where the
/// plugin can use them, and the previous plugin's result (JSON; empty for none).
result<std::string> plugin_input(const network_config& network, const std::string& plugin,
                                 const pod_attachment& pod, std::string_view previous_result);
/// "bridge": the program's name. Names with a slash are refused.
result<std::string> plugin_type(const std::string& plugin);
/// Whether there is anything for the plugin to do for this pod: portmap without ports is not worth a process.
bool is_needed(const std::string& plugin, const pod_attachment& pod);

std::vector<std::string> plugin_environment(cni_command command, const pod_attachment& pod,
                                            const std::string& plugin_dir);

result<pod_addresses> parse_plugin_result(std::string_view text);
/// The error a plugin wrote to its standard output, or what there is of it.
std::string plugin_failure(const std::string& type, const program_reply& reply);

} // namespace actord::net
