#include "actors/worker/pod_facts.hpp"

#include "schema/value/quantity.hpp"

#include <array>
#include <utility>

namespace actord::actors {
namespace {

error cannot_refer(std::string_view what, std::string_view path) {
  return {error_kind::invalid, "unsupported " + std::string(what) + ": " + std::string(path), {}, {}, 0};
}

/// One line per entry, key="value", the value escaped as a C string: the form in which labels appear in a
/// file.
std::string lines_of(const schema::text_map& entries) {
  std::string text;
  for (const auto& [key, value] : entries) {
    if (!text.empty()) text += '\n';
    text += key + "=\"";
    for (const char c : value) {
      if (c == '\n') {
        text += "\\n";
        continue;
      }
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text;
}

/// "metadata.labels['app']" with prefix "metadata.labels" → "app".
std::optional<std::string_view> subscript(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  if (!path.starts_with("['") || !path.ends_with("']")) return std::nullopt;
  return path.substr(2, path.size() - 4);
}

std::string entry_or_empty(const schema::text_map& entries, std::string_view key) {
  const auto found = entries.find(key);
  return found == entries.end() ? std::string() : found->second;
}

std::int64_t divide_up(std::int64_t amount, std::int64_t divisor) { return (amount + divisor - 1) / divisor; }

} // namespace

result<std::string> field_value(const schema::pod_view& pod, const pod_facts& facts, std::string_view path) {
  const std::array<std::pair<std::string_view, const std::string*>, 9> plain{{
      {"metadata.name", &pod.meta.name},
      {"metadata.namespace", &pod.meta.space},
      {"metadata.uid", &pod.meta.uid},
      {"spec.nodeName", &facts.node_name},
      {"spec.serviceAccountName", &pod.spec.service_account},
      {"status.hostIP", &facts.host_ip},
      {"status.hostIPs", &facts.host_ip},
      {"status.podIP", &facts.pod_ip},
      {"status.podIPs", &facts.pod_ip},
  }};
  for (const auto& [name, value] : plain)
    if (name == path) return *value;
  if (path == "metadata.labels") return lines_of(pod.meta.labels);
  if (path == "metadata.annotations") return lines_of(pod.meta.annotations);
  if (const auto key = subscript(path, "metadata.labels")) return entry_or_empty(pod.meta.labels, *key);
  if (const auto key = subscript(path, "metadata.annotations"))
    return entry_or_empty(pod.meta.annotations, *key);
  return cannot_refer("fieldPath", path);
}

result<std::string> resource_value(const schema::container_view& container, const pod_facts& facts,
                                   const schema::resource_field_reference& reference) {
  const bool limits = reference.resource.starts_with("limits.");
  if (!limits && !reference.resource.starts_with("requests."))
    return cannot_refer("resource", reference.resource);
  const std::string_view name = std::string_view(reference.resource).substr(limits ? 7 : 9);
  std::optional<std::int64_t> amount = (limits ? container.limits : container.requests).amount(name);
  if (!amount && limits && name == "cpu") amount = facts.node_milli_cpu;
  if (!amount && limits && name == "memory") amount = facts.node_memory_bytes;
  std::int64_t divisor = name == "cpu" ? 1000 : 1;
  if (!reference.divisor.empty() && reference.divisor != "0") {
    const auto parsed = schema::quantity::parse(reference.divisor);
    if (!parsed) return cannot_refer("divisor", reference.divisor);
    divisor = name == "cpu" ? parsed->milli() : parsed->units();
    if (divisor <= 0) return cannot_refer("divisor", reference.divisor);
  }
  return std::to_string(divide_up(amount.value_or(0), divisor));
}

const schema::container_view* referred_container(const schema::pod_view& pod, std::string_view name,
                                                 const schema::container_view* self) {
  if (name.empty()) return self;
  for (const auto* list : {&pod.spec.containers, &pod.spec.init_containers, &pod.spec.ephemeral_containers})
    for (const auto& container : *list)
      if (container.name == name) return &container;
  return nullptr;
}

} // namespace actord::actors
