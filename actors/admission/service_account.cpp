#include "actors/admission/service_account.hpp"

#include "actors/admission/plugin_refusal.hpp"
#include "schema/base/json.hpp"
#include "schema/rules/checks/field.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace actord::actors {
namespace {

constexpr std::string_view token_directory = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr std::string_view mirror_annotation = "kubernetes.io/config.mirror";

using schema::rules::field;

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Made once: it is copied for nearly each pod, which is cheaper than to build it.
const json& unnamed_token_volume() {
  static const json volume{
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
                                                   {"fieldPath", "metadata.namespace"}}}}})}}}}})}}}};
  return volume;
}

const json& unnamed_token_mount() {
  static const json mount{{"readOnly", true}, {"mountPath", token_directory}};
  return mount;
}

/// A list of the object, made where there is none.
json& list_of(json& object, const char* name) {
  json& list = object[name];
  if (!list.is_array()) list = json(json::value_t::array);
  return list;
}

/// Also before the token is issued: names are unique, and one that an earlier pass made is found again.
std::string token_volume(json& spec, random_source& random) {
  json& volumes = list_of(spec, "volumes");
  for (const json& volume : volumes)
    if (std::string name = text_of(volume, "name"); name.starts_with("kube-api-access-")) return name;
  std::string name = "kube-api-access-" + random_suffix(random);
  volumes.push_back(unnamed_token_volume());
  volumes.back()["name"] = name;
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
    for (json& container : *containers) {
      if (mounts_token_directory(container)) continue;
      json& mounts = list_of(container, "volumeMounts");
      mounts.push_back(unnamed_token_mount());
      mounts.back()["name"] = token_volume(spec, random);
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

/// Where a container takes a secret into its environment: "envVar X" or "envFrom", and the secret's name.
std::vector<std::pair<std::string, std::string>> environment_secrets(const field& container) {
  std::vector<std::pair<std::string, std::string>> used;
  for (const field variable : container.at("env").items())
    if (const field key = variable.at("valueFrom").at("secretKeyRef"); key.present())
      used.emplace_back(fmt::format("envVar {}", variable.at("name").text()), key.at("name").text());
  for (const field source : container.at("envFrom").items())
    if (const field secret = source.at("secretRef"); secret.present())
      used.emplace_back("envFrom", secret.at("name").text());
  return used;
}

bool uses_secrets(const json& pod) {
  const field spec = field(pod).at("spec");
  if (spec.at("imagePullSecrets").size() > 0) return true;
  for (const field volume : spec.at("volumes").items()) {
    if (volume.contains("secret")) return true;
    for (const field source : volume.at("projected").at("sources").items())
      if (source.contains("secret")) return true;
  }
  for (const char* list : {"initContainers", "containers", "ephemeralContainers"})
    for (const field container : spec.at(list).items())
      if (!environment_secrets(container).empty()) return true;
  return false;
}

result<void> check_mirror_pod(const json& pod) {
  const field spec = field(pod).at("spec");
  if (!spec.at("serviceAccountName").text().empty())
    return forbidden("a mirror pod may not reference service accounts");
  if (uses_secrets(pod)) return forbidden("a mirror pod may not reference secrets");
  for (const field volume : spec.at("volumes").items())
    for (const field source : volume.at("projected").at("sources").items())
      if (source.contains("serviceAccountToken"))
        return forbidden("a mirror pod may not use ServiceAccountToken volume projections");
  return {};
}

std::set<std::string> names_in(const json& account, const char* list) {
  std::set<std::string> names;
  for (const field reference : field(account).at(list).items()) names.emplace(reference.at("name").text());
  return names;
}

result<void> check_containers(const field& spec, const char* list, std::string_view called,
                              std::string_view account, const std::set<std::string>& allowed) {
  for (const field container : spec.at(list).items())
    for (const auto& [where, secret] : environment_secrets(container))
      if (!allowed.contains(secret))
        return forbidden(fmt::format("{} {} with {} referencing secret.secretName=\"{}\" is not allowed "
                                     "because service account {} does not reference that secret",
                                     called, container.at("name").text(), where, secret, account));
  return {};
}

error no_such_account(std::string_view space, std::string_view name) {
  return forbidden(fmt::format("error looking up service account {}/{}: serviceaccount \"{}\" not found",
                               space, name, name));
}

} // namespace

bool is_mirror_pod(const json& pod) {
  return field(pod).at("metadata").at("annotations").entry(mirror_annotation).present();
}

result<void> attach_service_account(json& pod, std::string_view space, const account_lookup& find,
                                    random_source& random) {
  if (is_mirror_pod(pod)) return check_mirror_pod(pod);
  json& spec = pod["spec"];
  std::string name = text_of(spec, "serviceAccountName");
  if (name.empty()) name = text_of(spec, "serviceAccount");
  if (name.empty()) name = "default";
  spec["serviceAccountName"] = name;
  spec["serviceAccount"] = name;
  const std::optional<json> account = find(name);
  if (!account) return no_such_account(space, name);
  if (wants_token(spec, *account)) mount_token(pod, random);
  const auto own = spec.find("imagePullSecrets");
  const auto inherited = account->find("imagePullSecrets");
  if ((own == spec.end() || own->empty()) && inherited != account->end() && inherited->is_array() &&
      !inherited->empty())
    spec["imagePullSecrets"] = *inherited;
  return {};
}

result<void> check_secret_references(const json& pod, std::string_view space, const account_lookup& find,
                                     bool ephemeral) {
  if (is_mirror_pod(pod)) return {};
  const field spec = field(pod).at("spec");
  const std::string name(spec.at("serviceAccountName").text());
  if (name.empty())
    return forbidden(fmt::format("no service account specified for pod {}/{}", space,
                                 field(pod).at("metadata").at("name").text()));
  const std::optional<json> account = find(name);
  if (!account) return no_such_account(space, name);
  const std::string_view limits = field(*account)
                                      .at("metadata")
                                      .at("annotations")
                                      .entry("kubernetes.io/enforce-mountable-secrets")
                                      .text();
  if (limits != "true" && limits != "1" && limits != "t" && limits != "T" && limits != "TRUE" &&
      limits != "True")
    return {};
  const std::set<std::string> allowed = names_in(*account, "secrets");
  if (ephemeral) return check_containers(spec, "ephemeralContainers", "ephemeral container", name, allowed);
  for (const field volume : spec.at("volumes").items())
    if (const field secret = volume.at("secret").at("secretName");
        volume.contains("secret") && !allowed.contains(std::string(secret.text())))
      return forbidden(fmt::format("volume with secret.secretName=\"{}\" is not allowed because service "
                                   "account {} does not reference that secret",
                                   secret.text(), name));
  if (auto held = check_containers(spec, "initContainers", "init container", name, allowed); !held)
    return held;
  if (auto held = check_containers(spec, "containers", "container", name, allowed); !held) return held;
  const std::set<std::string> pull_secrets = names_in(*account, "imagePullSecrets");
  std::size_t index = 0;
  for (const field secret : spec.at("imagePullSecrets").items()) {
    if (!pull_secrets.contains(std::string(secret.at("name").text())))
      return forbidden(fmt::format("imagePullSecrets[{}].name=\"{}\" is not allowed because service account "
                                   "{} does not reference that imagePullSecret",
                                   index, secret.at("name").text(), name));
    ++index;
  }
  return {};
}

} // namespace actord::actors
