#include "schema/view/object_references.hpp"

#include "schema/view/read.hpp"

#include <algorithm>

namespace actord::schema {

namespace {

void add(std::vector<std::string>& list, const read::value& name) {
  if (name && std::ranges::find(list, name.view()) == list.end()) list.push_back(name.text());
}

/// Every source of volumes and variables names secrets and config maps by members of the same few names, so
/// the whole tree is searched for those: a source that is added to the API needs no line here.
bool names_secret(std::string_view member) {
  return member == "secretRef" || member == "secretKeyRef" || member == "secret" ||
         member.ends_with("SecretRef");
}

template <class Visit>
void each_named(const read::value& in, Visit visit) {
  in.each_member([&](std::string_view member, const read::value& value) {
    visit(member, value);
    each_named(value, visit);
  });
  in.each([&](const read::value& item) { each_named(item, visit); });
}

} // namespace

pod_references parse_pod_references(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  const read::value spec = object["spec"];
  pod_references out;
  out.meta = parse_meta(object);
  out.node = spec["nodeName"].text();
  out.service_account = spec["serviceAccountName"].text();
  each_named(spec, [&](std::string_view member, const read::value& value) {
    if (names_secret(member)) add(out.secrets, value["name"]);
    if (member == "secretName") add(out.secrets, value);
    if (member == "configMap" || member == "configMapRef" || member == "configMapKeyRef")
      add(out.config_maps, value["name"]);
  });
  spec["imagePullSecrets"].each([&](const read::value& item) { add(out.secrets, item["name"]); });
  spec["volumes"].each([&](const read::value& volume) {
    add(out.claims, volume["persistentVolumeClaim"]["claimName"]);
    if (volume["ephemeral"]) out.claims.push_back(out.meta.name + "-" + volume["name"].text());
  });
  spec["resourceClaims"].each(
      [&](const read::value& claim) { add(out.resource_claims, claim["resourceClaimName"]); });
  object["status"]["resourceClaimStatuses"].each(
      [&](const read::value& claim) { add(out.resource_claims, claim["resourceClaimName"]); });
  return out;
}

volume_claim_reference parse_claim_reference(std::string_view canonical_text) {
  return {read::document(canonical_text)["spec"]["volumeName"].text()};
}

volume_references parse_volume_references(std::string_view canonical_text) {
  const read::value spec = read::document(canonical_text)["spec"];
  volume_references out;
  out.claim_space = spec["claimRef"]["namespace"].text();
  each_named(spec, [&](std::string_view member, const read::value& value) {
    if (names_secret(member) && value["name"])
      out.secrets.push_back({value["namespace"].text(), value["name"].text()});
  });
  if (const read::value share = spec["azureFile"]; share)
    out.secrets.push_back({share["secretNamespace"].text(), share["secretName"].text()});
  return out;
}

} // namespace actord::schema
