#include "actors/admission/storage_defaults.hpp"

#include "actors/admission/plugin_refusal.hpp"
#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/field.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

using schema::rules::field;

constexpr std::string_view class_annotation = "volume.beta.kubernetes.io/storage-class";

field annotation(const json& object, std::string_view key) {
  return field(object).at("metadata").at("annotations").entry(key);
}

std::string_view class_of(const json& claim) {
  if (const field old_way = annotation(claim, class_annotation); old_way.present()) return old_way.text();
  return field(claim).at("spec").at("storageClassName").text();
}

} // namespace

std::string_view newest_default(const std::vector<json>& classes,
                                const std::vector<std::string_view>& annotations) {
  const json* best = nullptr;
  const auto made = [](const json& object) {
    return field(object).at("metadata").at("creationTimestamp").text();
  };
  for (const json& object : classes) {
    const bool is_default = std::ranges::any_of(
        annotations, [&](std::string_view key) { return annotation(object, key).text() == "true"; });
    // They come by name, so only a newer one takes the place. The time's text orders as time does.
    if (is_default && (best == nullptr || made(object) > made(*best))) best = &object;
  }
  return best == nullptr ? std::string_view{} : field(*best).at("metadata").at("name").text();
}

void set_default_storage_class(json& claim, const std::function<std::vector<json>()>& classes) {
  if (field(claim).at("spec").at("storageClassName").is_text()) return;
  if (annotation(claim, class_annotation).present()) return;
  const std::vector<json> all = classes();
  const std::string_view chosen = newest_default(all, {"storageclass.kubernetes.io/is-default-class",
                                                       "storageclass.beta.kubernetes.io/is-default-class"});
  if (!chosen.empty()) claim["spec"]["storageClassName"] = chosen;
}

void set_default_ingress_class(json& ingress, const std::function<std::vector<json>()>& classes) {
  if (field(ingress).at("spec").at("ingressClassName").is_text()) return;
  if (annotation(ingress, "kubernetes.io/ingress.class").present()) return;
  const std::vector<json> all = classes();
  const std::string_view chosen = newest_default(all, {"ingressclass.kubernetes.io/is-default-class"});
  if (!chosen.empty()) ingress["spec"]["ingressClassName"] = chosen;
}

void add_finalizer(json& object, const char* finalizer) {
  json& list = object["metadata"]["finalizers"];
  if (!list.is_array()) list = json::array();
  if (std::ranges::find(list, finalizer) == list.end()) list.emplace_back(finalizer);
}

result<void> check_claim_resize(const json& claim, const json& old,
                                const std::function<std::optional<json>(std::string_view)>& find_class) {
  const auto size = [](const json& object) {
    return field(object).at("spec").at("resources").at("requests").entry("storage");
  };
  if (schema::rules::compare_amounts(size(claim).value(), size(old).value()) <= 0) return {};
  if (field(old).at("status").at("phase").text() != "Bound")
    return forbidden("Only bound persistent volume claims can be expanded");
  const std::string_view name = class_of(claim);
  const auto found = name.empty() || name != class_of(old) ? std::nullopt : find_class(name);
  if (!found || !field(*found).at("allowVolumeExpansion").truth())
    return forbidden("only dynamically provisioned pvc can be resized and the storageclass that provisions "
                     "the pvc must support resize");
  return {};
}

} // namespace actord::actors
