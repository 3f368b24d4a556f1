#include "actors/admission/pod_admission.hpp"

#include "schema/base/json.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr std::string_view token_directory = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr std::int64_t toleration_s = 300;

error forbidden(std::string why) {
  return {.kind = error_kind::forbidden, .message = std::move(why), .causes = {}, .subject = {}};
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool tolerates_no_execute(const json& tolerations, std::string_view taint) {
  return std::ranges::any_of(tolerations, [&](const json& toleration) {
    const std::string key = text_of(toleration, "key");
    const std::string effect = text_of(toleration, "effect");
    return (key.empty() || key == taint) && (effect.empty() || effect == "NoExecute");
  });
}

/// Also before the token is issued: names are unique, and one that an earlier pass made is found again.
std::string token_volume(json& spec, random_source& random) {
  json& volumes = spec["volumes"];
  if (!volumes.is_array()) volumes = json::array();
  for (const json& volume : volumes)
    if (text_of(volume, "name").starts_with("kube-api-access-")) return text_of(volume, "name");
  std::string name = "kube-api-access-" + random_suffix(random);
  volumes.push_back(
      {{"name", name},
       {"projected",
        {{"defaultMode", 420},
         {"sources",
          json::array({{{"serviceAccountToken", {{"expirationSeconds", 3607}, {"path", "token"}}}},
                       {{"configMap",
                         {{"name", "kube-root-ca.crt"},
                          {"items", json::array({{{"key", "ca.crt"}, {"path", "ca.crt"}}})}}}},
                       {{"downwardAPI",
                         {{"items", json::array({{{"path", "namespace"},
                                                  {"fieldRef",
                                                   {{"apiVersion", "v1"},
                                                    {"fieldPath", "metadata.namespace"}}}}})}}}}})}}}});
  return name;
}

bool mounts_token_directory(const json& container) {
  const auto mounts = container.find("volumeMounts");
  return mounts != container.end() && mounts->is_array() &&
         std::ranges::any_of(
             *mounts, [](const json& mount) { return text_of(mount, "mountPath") == token_directory; });
}

void mount_token(json& pod, random_source& random) {
  json& spec = pod["spec"];
  for (const char* list : {"initContainers", "containers"}) {
    const auto containers = spec.find(list);
    if (containers == spec.end() || !containers->is_array()) continue;
    for (std::size_t i = 0; i < containers->size(); ++i) {
      if (mounts_token_directory(spec[list][i])) continue;
      const std::string volume = token_volume(spec, random);
      json& mounts = spec[list][i]["volumeMounts"];
      if (!mounts.is_array()) mounts = json::array();
      mounts.push_back({{"name", volume}, {"readOnly", true}, {"mountPath", token_directory}});
    }
  }
}

bool wants_token(const json& spec, const json& account) {
  for (const json* owner : {&spec, &account}) {
    const auto choice = owner->find("automountServiceAccountToken");
    if (choice != owner->end() && choice->is_boolean()) return choice->get<bool>();
  }
  return true;
}

} // namespace

void add_default_tolerations(json& pod) {
  json& spec = pod["spec"];
  constexpr std::array<std::string_view, 2> taints{"node.kubernetes.io/not-ready",
                                                   "node.kubernetes.io/unreachable"};
  json tolerations =
      spec.contains("tolerations") && spec["tolerations"].is_array() ? spec["tolerations"] : json::array();
  const json before = tolerations;
  for (const std::string_view taint : taints)
    if (!tolerates_no_execute(before, taint))
      tolerations.push_back({{"key", taint},
                             {"operator", "Exists"},
                             {"effect", "NoExecute"},
                             {"tolerationSeconds", toleration_s}});
  if (tolerations.size() != before.size()) spec["tolerations"] = std::move(tolerations);
}

result<void> assign_priority(json& pod, const priority_lookup& find) {
  json& spec = pod["spec"];
  const std::string asked = text_of(spec, "priorityClassName");
  priority_class chosen;
  if (auto found = find(asked)) {
    chosen = std::move(*found);
  } else if (!asked.empty()) {
    return forbidden(fmt::format("no PriorityClass with name {} was found", asked));
  }
  const auto computed = [](auto&& value) {
    return fmt::format(
        "must not be provided in pod spec; priority admission controller computed {} from the given "
        "PriorityClass name",
        value);
  };
  if (spec.contains("priority") && spec["priority"].is_number_integer() && spec["priority"] != chosen.value)
    return forbidden(fmt::format("the integer value of priority ({}) {}",
                                 spec["priority"].get<std::int64_t>(), computed(chosen.value)));
  if (const std::string policy = text_of(spec, "preemptionPolicy");
      !policy.empty() && policy != chosen.preemption_policy)
    return forbidden(fmt::format("the string value of PreemptionPolicy ({}) {}", policy,
                                 computed(chosen.preemption_policy)));
  if (!chosen.name.empty()) spec["priorityClassName"] = chosen.name;
  spec["priority"] = chosen.value;
  spec["preemptionPolicy"] = chosen.preemption_policy;
  return {};
}

result<void> attach_service_account(json& pod, std::string_view space, const account_lookup& find,
                                    random_source& random) {
  json& spec = pod["spec"];
  std::string name = text_of(spec, "serviceAccountName");
  if (name.empty()) name = text_of(spec, "serviceAccount");
  if (name.empty()) name = "default";
  spec["serviceAccountName"] = name;
  spec["serviceAccount"] = name;
  const std::optional<json> account = find(name);
  if (!account)
    return forbidden(fmt::format("error looking up service account {}/{}: serviceaccount \"{}\" not found",
                                 space, name, name));
  if (wants_token(spec, *account)) mount_token(pod, random);
  const auto own = spec.find("imagePullSecrets");
  const auto inherited = account->find("imagePullSecrets");
  if ((own == spec.end() || own->empty()) && inherited != account->end() && inherited->is_array() &&
      !inherited->empty())
    spec["imagePullSecrets"] = *inherited;
  return {};
}

} // namespace actord::actors
