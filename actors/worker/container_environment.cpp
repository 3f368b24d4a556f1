#include "actors/worker/container_environment.hpp"

#include <algorithm>
#include <cctype>

namespace actord::actors {
namespace {

error missing(std::string message) { return {error_kind::not_found, std::move(message), {}, {}, 0}; }

void assign(environment& variables, std::string name, std::string value) {
  const auto found =
      std::find_if(variables.begin(), variables.end(), [&](const auto& each) { return each.first == name; });
  if (found == variables.end())
    variables.emplace_back(std::move(name), std::move(value));
  else
    found->second = std::move(value);
}

const std::string* find_variable(const environment& variables, std::string_view name) {
  const auto found =
      std::find_if(variables.begin(), variables.end(), [&](const auto& each) { return each.first == name; });
  return found == variables.end() ? nullptr : &found->second;
}

/// "my-redis" → "MY_REDIS".
std::string variable_name(std::string_view service) {
  std::string name(service);
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

result<void> add_all_keys(environment& variables, const schema::env_from_view& from,
                          const reference_lookup& lookup) {
  const bool secret = !from.secret.empty();
  const std::string& name = secret ? from.secret : from.config_map;
  const object_content content = secret ? lookup.secret(name) : lookup.config_map(name);
  if (!content) {
    if (from.optional) return {};
    return missing((secret ? "secret \"" : "configmap \"") + name + "\" not found");
  }
  for (const auto& [key, value] : *content) assign(variables, from.prefix + key, value);
  return {};
}

/// Empty optional: an optional reference that leads nowhere leaves the variable out.
result<std::optional<std::string>> key_value(const schema::pod_view& pod,
                                             const schema::key_reference& reference, bool secret,
                                             const reference_lookup& lookup) {
  const object_content content = secret ? lookup.secret(reference.name) : lookup.config_map(reference.name);
  if (!content) {
    if (reference.optional) return std::optional<std::string>();
    return missing((secret ? "secret \"" : "configmap \"") + reference.name + "\" not found");
  }
  const auto found = content->find(reference.key);
  if (found != content->end()) return std::optional(found->second);
  if (reference.optional) return std::optional<std::string>();
  return missing("couldn't find key " + reference.key + (secret ? " in Secret " : " in ConfigMap ") +
                 pod.meta.space + "/" + reference.name);
}

result<std::optional<std::string>> variable_value(const schema::pod_view& pod,
                                                  const schema::container_view& container,
                                                  const schema::env_view& variable, const pod_facts& facts,
                                                  const reference_lookup& lookup, const environment& before) {
  if (variable.config_map) return key_value(pod, *variable.config_map, false, lookup);
  if (variable.secret) return key_value(pod, *variable.secret, true, lookup);
  if (variable.field) {
    auto value = field_value(pod, facts, variable.field->path);
    if (!value) return std::move(value).error();
    return std::optional(std::move(*value));
  }
  if (variable.resource) {
    const schema::container_view* of = referred_container(pod, variable.resource->container, &container);
    if (of == nullptr) return missing("container \"" + variable.resource->container + "\" not found");
    auto value = resource_value(*of, facts, *variable.resource);
    if (!value) return std::move(value).error();
    return std::optional(std::move(*value));
  }
  return std::optional(expand_references(variable.value, before));
}

} // namespace

environment service_environment(const std::vector<service_link>& services) {
  environment variables;
  for (const auto& service : services) {
    if (service.ports.empty()) continue;
    const std::string prefix = variable_name(service.name);
    const auto& first = service.ports.front();
    assign(variables, prefix + "_SERVICE_HOST", service.cluster_ip);
    assign(variables, prefix + "_SERVICE_PORT", std::to_string(first.number));
    for (const auto& port : service.ports)
      if (!port.name.empty())
        assign(variables, prefix + "_SERVICE_PORT_" + variable_name(port.name), std::to_string(port.number));
    const auto url = [&](const service_link::port& port) {
      return lower(port.protocol) + "://" + service.cluster_ip + ":" + std::to_string(port.number);
    };
    assign(variables, prefix + "_PORT", url(first));
    for (const auto& port : service.ports) {
      const std::string name = prefix + "_PORT_" + std::to_string(port.number) + "_" + port.protocol;
      assign(variables, name, url(port));
      assign(variables, name + "_PROTO", lower(port.protocol));
      assign(variables, name + "_PORT", std::to_string(port.number));
      assign(variables, name + "_ADDR", service.cluster_ip);
    }
  }
  return variables;
}

std::string expand_references(std::string_view text, const environment& variables) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] != '$' || at + 1 >= text.size()) {
      out += text[at++];
      continue;
    }
    if (text[at + 1] == '$') {
      out += '$';
      at += 2;
      continue;
    }
    const std::size_t close = text[at + 1] == '(' ? text.find(')', at + 2) : std::string_view::npos;
    if (close == std::string_view::npos) {
      out += text[at++];
      continue;
    }
    const std::string* value = find_variable(variables, text.substr(at + 2, close - at - 2));
    out += value != nullptr ? std::string_view(*value) : text.substr(at, close - at + 1);
    at = close + 1;
  }
  return out;
}

result<environment> build_environment(const schema::pod_view& pod, const schema::container_view& container,
                                      const pod_facts& facts, const reference_lookup& lookup,
                                      const std::vector<service_link>& services) {
  environment variables = service_environment(services);
  for (const auto& from : container.env_from)
    if (auto added = add_all_keys(variables, from, lookup); !added) return std::move(added).error();
  for (const auto& variable : container.env) {
    auto value = variable_value(pod, container, variable, facts, lookup, variables);
    if (!value) return std::move(value).error();
    if (*value) assign(variables, variable.name, std::move(**value));
  }
  return variables;
}

} // namespace actord::actors
