#include "actors/worker/resize/pod_resources.hpp"

#include "schema/base/json.hpp"
#include "schema/value/quantity.hpp"

namespace actord::actors {
namespace {

std::map<std::string, std::string> parse_texts(const json& resources, const char* list) {
  std::map<std::string, std::string> texts;
  const auto found = resources.find(list);
  if (found == resources.end() || !found->is_object()) return texts;
  for (const auto& [name, amount] : found->items())
    if (amount.is_string()) texts.emplace(name, amount.get<std::string>());
  return texts;
}

std::optional<schema::quantity> amount_in(const std::map<std::string, std::string>& texts,
                                          std::string_view name) {
  const auto found = texts.find(std::string(name));
  if (found == texts.end()) return std::nullopt;
  auto parsed = schema::quantity::parse(found->second);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

void set_amounts(schema::resource_list_view& list, const std::map<std::string, std::string>& texts) {
  list.milli_cpu.reset();
  list.memory_bytes.reset();
  if (const auto cpu = amount_in(texts, "cpu")) list.milli_cpu = cpu->milli();
  if (const auto memory = amount_in(texts, "memory")) list.memory_bytes = memory->units();
}

} // namespace

amount_texts parse_amounts(const json& resources) {
  if (!resources.is_object()) return {};
  return {parse_texts(resources, "requests"), parse_texts(resources, "limits")};
}

json amounts_json(const amount_texts& amounts) {
  json shown = json::object();
  if (!amounts.limits.empty()) shown["limits"] = amounts.limits;
  if (!amounts.requests.empty()) shown["requests"] = amounts.requests;
  return shown;
}

pod_resources parse_pod_resources(std::string_view pod_text) {
  pod_resources found;
  const json pod = json::parse(pod_text, nullptr, false);
  if (!pod.is_object() || !pod.contains("spec") || !pod["spec"].is_object()) return found;
  const json& spec = pod["spec"];
  for (const char* list : {"initContainers", "containers"}) {
    const auto containers = spec.find(list);
    if (containers == spec.end() || !containers->is_array()) continue;
    for (const json& container : *containers)
      if (container.is_object())
        found.containers[container.value("name", "")] =
            parse_amounts(container.value("resources", json::object()));
  }
  if (const auto whole = spec.find("resources"); whole != spec.end()) found.whole = parse_amounts(*whole);
  return found;
}

bool same_amount(const amount_texts& left, const amount_texts& right, std::string_view resource) {
  return amount_in(left.requests, resource) == amount_in(right.requests, resource) &&
         amount_in(left.limits, resource) == amount_in(right.limits, resource);
}

bool same_amounts(const amount_texts& left, const amount_texts& right) {
  if (left == right) return true;
  return same_amount(left, right, "cpu") && same_amount(left, right, "memory");
}

bool same_amounts(const pod_resources& left, const pod_resources& right) {
  const amount_texts none;
  if (!same_amounts(left.whole.value_or(none), right.whole.value_or(none))) return false;
  for (const auto& [name, amounts] : left.containers) {
    const auto found = right.containers.find(name);
    if (!same_amounts(amounts, found == right.containers.end() ? none : found->second)) return false;
  }
  return true;
}

schema::container_view with_amounts(schema::container_view container, const amount_texts& amounts) {
  set_amounts(container.requests, amounts.requests);
  set_amounts(container.limits, amounts.limits);
  return container;
}

schema::pod_view with_amounts(schema::pod_view pod, const pod_resources& resources) {
  for (auto* list : {&pod.spec.init_containers, &pod.spec.containers})
    for (auto& container : *list)
      if (const auto found = resources.containers.find(container.name); found != resources.containers.end())
        container = with_amounts(std::move(container), found->second);
  if (resources.whole) {
    if (!pod.spec.resources) pod.spec.resources.emplace();
    set_amounts(pod.spec.resources->requests, resources.whole->requests);
    set_amounts(pod.spec.resources->limits, resources.whole->limits);
  } else if (!resources.containers.empty()) {
    pod.spec.resources.reset();
  }
  return pod;
}

} // namespace actord::actors
