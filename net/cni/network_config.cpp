#include "net/cni/network_config.hpp"

#include "net/cni/bridge_attachment.hpp"
#include "schema/base/json.hpp"

namespace actord::net {
namespace {

constexpr const char* default_version = "1.0.0";

error bad_config(std::string what) {
  return error{.kind = error_kind::invalid, .message = "CNI configuration: " + std::move(what)};
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

bool takes_port_mappings(const json& plugin) {
  const auto capabilities = plugin.find("capabilities");
  if (capabilities == plugin.end() || !capabilities->is_object()) return false;
  const auto port_mappings = capabilities->find("portMappings");
  return port_mappings != capabilities->end() && port_mappings->is_boolean() && port_mappings->get<bool>();
}

json port_mappings_json(const pod_attachment& pod) {
  json mappings = json::array();
  for (const auto& port : pod.ports) {
    json mapping{
        {"hostPort", port.host_port}, {"containerPort", port.container_port}, {"protocol", port.protocol}};
    if (!port.host_address.empty()) mapping["hostIP"] = port.host_address;
    mappings.push_back(std::move(mapping));
  }
  return mappings;
}

} // namespace

network_config default_network_config(const cni_options& options) {
  json bridge{{"type", options.in_process ? in_process_bridge_type : "bridge"},
              {"bridge", options.bridge},
              {"isGateway", true},
              // One rule for the whole node does it (network_masquerade); the plugin's own would be a chain
              // for each pod.
              {"ipMasq", false},
              {"hairpinMode", true},
              {"ipam",
               {{"type", "host-local"},
                {"ranges", json::array({json::array({{{"subnet", options.pod_cidr}}})})},
                {"dataDir", options.state_dir + "/addresses"},
                {"routes", json::array({{{"dst", "0.0.0.0/0"}}})}}}};
  if (options.mtu > 0) bridge["mtu"] = options.mtu;
  const json portmap{{"type", "portmap"}, {"capabilities", {{"portMappings", true}}}, {"snat", true}};
  return {
      .name = options.network_name, .version = default_version, .plugins = {bridge.dump(), portmap.dump()}};
}

result<network_config> parse_network_config(std::string_view text) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object()) return bad_config("it is not a JSON object");
  network_config network{
      .name = text_at(document, "name"), .version = text_at(document, "cniVersion"), .plugins = {}};
  if (network.name.empty()) return bad_config("it has no name");
  if (network.version.empty()) network.version = default_version;
  if (const auto plugins = document.find("plugins"); plugins != document.end() && plugins->is_array()) {
    for (const json& plugin : *plugins) network.plugins.push_back(plugin.dump());
  } else {
    network.plugins.push_back(document.dump());
  }
  if (network.plugins.empty()) return bad_config("it has no plugins");
  for (const std::string& plugin : network.plugins)
    if (auto type = plugin_type(plugin); !type) return std::move(type).error();
  return network;
}

result<std::string> plugin_type(const std::string& plugin) {
  const json document = json::parse(plugin, nullptr, false);
  std::string type = document.is_object() ? text_at(document, "type") : std::string{};
  if (type.empty() || type.find('/') != std::string::npos)
    return bad_config("plugin type \"" + type + "\" is not a program's name");
  return type;
}

bool is_needed(const std::string& plugin, const pod_attachment& pod) {
  const json document = json::parse(plugin, nullptr, false);
  return !pod.ports.empty() || !document.is_object() || text_at(document, "type") != "portmap";
}

result<std::string> plugin_input(const network_config& network, const std::string& plugin,
                                 const pod_attachment& pod, std::string_view previous_result) {
  json input = json::parse(plugin, nullptr, false);
  if (!input.is_object()) return bad_config("a plugin is not an object");
  input["name"] = network.name;
  input["cniVersion"] = network.version;
  if (takes_port_mappings(input)) input["runtimeConfig"]["portMappings"] = port_mappings_json(pod);
  input.erase("capabilities");
  if (!previous_result.empty()) {
    json previous = json::parse(previous_result, nullptr, false);
    if (!previous.is_object()) return error{.message = "a CNI plugin's result is not an object"};
    input["prevResult"] = std::move(previous);
  }
  return input.dump();
}

std::vector<std::string> plugin_environment(cni_command command, const pod_attachment& pod,
                                            const std::string& plugin_dir) {
  return {std::string("CNI_COMMAND=") + (command == cni_command::add ? "ADD" : "DEL"),
          "CNI_CONTAINERID=" + pod.id,
          "CNI_NETNS=" + pod.namespace_path,
          "CNI_IFNAME=eth0",
          "CNI_PATH=" + plugin_dir,
          "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=" + pod.pod_space + ";K8S_POD_NAME=" + pod.pod_name +
              ";K8S_POD_INFRA_CONTAINER_ID=" + pod.id + ";K8S_POD_UID=" + pod.pod_uid,
          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
}

result<pod_addresses> parse_plugin_result(std::string_view text) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object()) return error{.message = "a CNI plugin's result is not a JSON object"};
  pod_addresses found;
  if (const auto ips = document.find("ips"); ips != document.end() && ips->is_array()) {
    for (const json& item : *ips) {
      if (!item.is_object()) continue;
      const std::string address = text_at(item, "address");
      if (!address.empty()) found.addresses.push_back(address.substr(0, address.find('/')));
    }
  }
  if (found.addresses.empty()) return error{.message = "the CNI plugins gave the pod no address"};
  return found;
}

std::string plugin_failure(const std::string& type, const program_reply& reply) {
  std::string text = "CNI plugin " + type + " failed";
  const json document = json::parse(reply.output, nullptr, false);
  if (document.is_object()) {
    text += ": " + text_at(document, "msg");
    if (const std::string details = text_at(document, "details"); !details.empty()) text += "; " + details;
  } else if (!reply.error_output.empty() || !reply.output.empty()) {
    text += ": " + (reply.error_output.empty() ? reply.output : reply.error_output).substr(0, 1000);
  }
  return text;
}

} // namespace actord::net
