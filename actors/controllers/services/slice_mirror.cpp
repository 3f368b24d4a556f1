#include "actors/controllers/services/slice_mirror.hpp"

#include "schema/base/json_member.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>

namespace actord::actors {
namespace {

constexpr const char* skip_label = "endpointslice.kubernetes.io/skip-mirror";
constexpr const char* leader_annotation = "control-plane.alpha.kubernetes.io/leader";
constexpr std::string_view service_label = "kubernetes.io/service-name";
constexpr std::string_view manager_label = "endpointslice.kubernetes.io/managed-by";
constexpr std::string_view manager = "endpointslicemirroring-controller.k8s.io";
constexpr std::size_t most_addresses = 1000; ///< of a subset

std::string text_at(const json& object, const char* name) {
  const json& found = json_member(object, {name});
  return found.is_string() ? found.get<std::string>() : std::string();
}

bool is_version_6(const json& address) { return text_at(address, "ip").find(':') != std::string::npos; }

json endpoint_of(const json& address, bool ready) {
  json out{{"addresses", json::array({text_at(address, "ip")})}, {"conditions", {{"ready", ready}}}};
  for (const char* name : {"hostname", "nodeName", "targetRef"})
    if (const json& given = json_member(address, {name}); !given.is_null()) out[name] = given;
  return out;
}

json ports_of(const json& subset) {
  json out = json::array();
  for (const json& port : json_member(subset, {"ports"})) {
    json made{{"name", text_at(port, "name")},
              {"port", json_member(port, {"port"})},
              {"protocol", text_at(port, "protocol").empty() ? "TCP" : text_at(port, "protocol")}};
    if (const std::string said = text_at(port, "appProtocol"); !said.empty()) made["appProtocol"] = said;
    out.push_back(std::move(made));
  }
  return out;
}

json endpoints_of(const json& subset, bool version_6) {
  json out = json::array();
  for (const bool ready : {true, false})
    for (const json& address : json_member(subset, {ready ? "addresses" : "notReadyAddresses"}))
      if (is_version_6(address) == version_6 && out.size() < most_addresses)
        out.push_back(endpoint_of(address, ready));
  return out;
}

/// Labels and annotations that a slice takes over.
json metadata_of(const mirror_state& state) {
  json labels = json_member(*state.endpoints, {"metadata", "labels"});
  if (!labels.is_object()) labels = json::object();
  labels.erase("service.kubernetes.io/headless");
  labels[std::string(service_label)] = state.key.name;
  labels[std::string(manager_label)] = manager;
  json metadata{{"labels", std::move(labels)}};
  json annotations = json_member(*state.endpoints, {"metadata", "annotations"});
  if (!annotations.is_object()) return metadata;
  for (const char* own : {"kubectl.kubernetes.io/last-applied-configuration",
                          "endpoints.kubernetes.io/last-change-trigger-time"})
    annotations.erase(own);
  if (!annotations.empty()) metadata["annotations"] = std::move(annotations);
  return metadata;
}

/// What a slice must show: members of EndpointSlice but for its name and owner.
std::vector<json> wanted_slices(const mirror_state& state) {
  std::vector<json> out;
  if (!state.mirrors || !state.endpoints) return out;
  const json metadata = metadata_of(state);
  for (const json& subset : json_member(*state.endpoints, {"subsets"}))
    for (const bool version_6 : {false, true}) {
      json endpoints = endpoints_of(subset, version_6);
      if (endpoints.empty()) continue;
      out.push_back({{"metadata", metadata},
                     {"addressType", version_6 ? "IPv6" : "IPv4"},
                     {"endpoints", std::move(endpoints)},
                     {"ports", ports_of(subset)}});
    }
  return out;
}

bool shows(const json& slice, const json& wanted) {
  for (const char* name : {"addressType", "endpoints", "ports"})
    if (json_member(slice, {name}) != wanted[name]) return false;
  return json_member(slice, {"metadata", "labels"}) == json_member(wanted, {"metadata", "labels"}) &&
         json_member(slice, {"metadata", "annotations"}) == json_member(wanted, {"metadata", "annotations"});
}

object_key slice_key(const mirror_state& state, std::string name) {
  static const resource_id resource = schema::builtin("discovery.k8s.io", "endpointslices").id;
  return {resource, state.key.space, std::move(name)};
}

planned_create new_slice(const mirror_state& state, json wanted) {
  const json& meta = json_member(*state.endpoints, {"metadata"});
  wanted["apiVersion"] = "discovery.k8s.io/v1";
  wanted["kind"] = "EndpointSlice";
  wanted["metadata"]["generateName"] = state.key.name + "-";
  wanted["metadata"]["namespace"] = state.key.space;
  wanted["metadata"]["ownerReferences"] = json::array({{{"apiVersion", "v1"},
                                                        {"kind", "Endpoints"},
                                                        {"name", state.key.name},
                                                        {"uid", text_at(meta, "uid")},
                                                        {"controller", true},
                                                        {"blockOwnerDeletion", true}}});
  return {slice_key(state, ""), std::move(wanted), "mirror of the endpoints"};
}

/// As a merge patch: what the slice has and should not is named with null.
planned_patch change(const mirror_state& state, const mirrored_slice& slice, json wanted) {
  const json& meta = json_member(slice.object, {"metadata"});
  for (const char* map : {"labels", "annotations"})
    for (const auto& [key, value] : json_member(meta, {map}).items())
      if (json_member(wanted, {"metadata", map, key.c_str()}).is_null())
        wanted["metadata"][map][key] = nullptr;
  wanted.erase("addressType");
  return {slice_key(state, text_at(meta, "name")),
          "",
          text_at(meta, "uid"),
          slice.at,
          std::move(wanted),
          "mirror of the endpoints"};
}

} // namespace

bool refuses_mirror(const json& endpoints) {
  return json_member(endpoints, {"metadata", "labels", skip_label}) == "true" ||
         !json_member(endpoints, {"metadata", "annotations", leader_annotation}).is_null();
}

plan reconcile(const mirror_state& state) {
  plan out;
  std::vector<json> wanted = wanted_slices(state);
  out.verdict = std::to_string(wanted.size()) + " slices wanted";
  std::vector<const mirrored_slice*> free;
  for (const mirrored_slice& slice : state.slices) {
    const auto fits = std::ranges::find_if(wanted, [&](const json& one) { return shows(slice.object, one); });
    if (fits == wanted.end())
      free.push_back(&slice);
    else
      wanted.erase(fits);
  }
  for (json& one : wanted) {
    const auto reused = std::ranges::find_if(free, [&](const mirrored_slice* slice) {
      return json_member(slice->object, {"addressType"}) == one["addressType"];
    });
    if (reused == free.end()) {
      out.create.push_back(new_slice(state, std::move(one)));
      continue;
    }
    out.patch.push_back(change(state, **reused, std::move(one)));
    free.erase(reused);
  }
  for (const mirrored_slice* slice : free) {
    const json& meta = json_member(slice->object, {"metadata"});
    out.remove.push_back({slice_key(state, text_at(meta, "name")), text_at(meta, "uid"), slice->at,
                          propagation::background, "nothing to mirror"});
  }
  return out;
}

} // namespace actord::actors
