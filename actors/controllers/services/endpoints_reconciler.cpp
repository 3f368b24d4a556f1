#include "actors/controllers/services/endpoints_reconciler.hpp"

#include "actors/controllers/ownership.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

using schema::endpoint_port_view;
using schema::endpoint_slice_view;
using schema::endpoint_view;
using schema::service_view;

constexpr std::size_t endpoints_per_slice = 100;
constexpr std::string_view service_label = "kubernetes.io/service-name";
constexpr std::string_view manager_label = "endpointslice.kubernetes.io/managed-by";
constexpr std::string_view manager = "endpointslice-controller.k8s.io";
constexpr std::string_view headless_label = "service.kubernetes.io/headless";

resource_id slice_resource() { return schema::builtin("discovery.k8s.io", "endpointslices").id; }

std::optional<std::int64_t> port_on(const endpoint_pod& pod, const schema::service_port_view& port) {
  if (port.target_port.name.empty()) return port.target_port.number;
  for (const named_port& candidate : pod.ports)
    if (candidate.name == port.target_port.name && candidate.protocol == port.protocol) return candidate.port;
  return std::nullopt;
}

bool is_ipv6(std::string_view address) { return address.find(':') != std::string_view::npos; }

endpoint_view endpoint_of(const service_view& service, const endpoint_pod& pod, bool ipv6) {
  endpoint_view out;
  for (const auto& address : pod.addresses)
    if (is_ipv6(address) == ipv6) out.addresses.push_back(address);
  out.serving = pod.ready;
  out.terminating = pod.terminating;
  // Clients that only look at `ready` must not be sent to a pod that is going away.
  out.ready = service.publish_not_ready || (pod.ready && !pod.terminating);
  if (pod.subdomain == service.meta.name) out.hostname = pod.hostname;
  out.node_name = pod.node_name;
  out.zone = pod.zone;
  out.target = schema::target_reference{"Pod", service.meta.space, pod.name, pod.uid};
  return out;
}

json to_json(const std::vector<endpoint_view>& endpoints) {
  json out = json::array();
  for (const auto& endpoint : endpoints) {
    json item{
        {"addresses", endpoint.addresses},
        {"conditions",
         {{"ready", endpoint.ready}, {"serving", endpoint.serving}, {"terminating", endpoint.terminating}}}};
    if (!endpoint.hostname.empty()) item["hostname"] = endpoint.hostname;
    if (!endpoint.node_name.empty()) item["nodeName"] = endpoint.node_name;
    if (!endpoint.zone.empty()) item["zone"] = endpoint.zone;
    if (endpoint.target)
      item["targetRef"] = {{"kind", endpoint.target->kind},
                           {"namespace", endpoint.target->space},
                           {"name", endpoint.target->name},
                           {"uid", endpoint.target->uid}};
    out.push_back(std::move(item));
  }
  return out;
}

json to_json(const std::vector<endpoint_port_view>& ports) {
  json out = json::array();
  for (const auto& port : ports) {
    json item{{"name", port.name}, {"protocol", port.protocol}};
    if (port.port) item["port"] = *port.port;
    if (!port.app_protocol.empty()) item["appProtocol"] = port.app_protocol;
    out.push_back(std::move(item));
  }
  return out;
}

schema::text_map labels_of(const service_view& service) {
  schema::text_map out = service.meta.labels;
  out.erase(std::string(headless_label));
  if (service.headless()) out[std::string(headless_label)] = "";
  out[std::string(service_label)] = service.meta.name;
  out[std::string(manager_label)] = manager;
  return out;
}

/// The slices of one address family, changed as little as possible: an endpoint stays in the slice it is in,
/// a new one goes where there is room, and only then to a new slice. What was left empty goes, but for one.
class slice_packing {
public:
  slice_packing(const endpoints_state& state, std::string_view family, plan& out)
      : state_(state), family_(family), labels_(labels_of(state.service.view)), out_(out) {
    for (const auto& slice : state.slices)
      if (slice.view.address_type == family) free_.push_back(&slice);
  }

  void pack(const endpoint_group& group) {
    std::map<std::string_view, endpoint_view> wanted;
    for (const endpoint_pod* const pod : group.pods) {
      endpoint_view endpoint = endpoint_of(state_.service.view, *pod, family_ == "IPv6");
      if (!endpoint.addresses.empty()) wanted.emplace(pod->uid, std::move(endpoint));
    }
    std::vector<packed> slices = take_slices(group.ports, wanted);
    for (packed& slice : slices)
      while (!wanted.empty() && slice.endpoints.size() < endpoints_per_slice)
        move_one(wanted, slice.endpoints);
    while (!wanted.empty()) {
      packed fresh{nullptr, group.ports, {}};
      while (!wanted.empty() && fresh.endpoints.size() < endpoints_per_slice)
        move_one(wanted, fresh.endpoints);
      slices.push_back(std::move(fresh));
    }
    for (packed& slice : slices)
      if (!slice.endpoints.empty())
        submit(slice);
      else if (slice.old != nullptr)
        free_.push_back(slice.old);
  }

  /// Slices no group wanted go. A Service without endpoints keeps one empty slice: "none" is an answer too.
  void finish() {
    for (const auto* const slice : free_) {
      if (kept_ == 0) {
        packed placeholder{slice, {}, {}};
        submit(placeholder);
        continue;
      }
      out_.remove.push_back(
          {key_of(*slice), slice->view.meta.uid, slice->at, propagation::background, "no endpoints left"});
    }
    if (kept_ == 0) {
      packed placeholder{nullptr, {}, {}};
      submit(placeholder);
    }
  }

private:
  struct packed {
    const seen<endpoint_slice_view>* old;
    std::vector<endpoint_port_view> ports;
    std::vector<endpoint_view> endpoints;
  };

  std::vector<packed> take_slices(const std::vector<endpoint_port_view>& ports,
                                  std::map<std::string_view, endpoint_view>& wanted) {
    std::vector<packed> out;
    std::erase_if(free_, [&](const auto* slice) {
      if (slice->view.ports != ports) return false;
      packed kept{slice, ports, {}};
      for (const auto& endpoint : slice->view.endpoints) {
        const auto found = endpoint.target ? wanted.find(endpoint.target->uid) : wanted.end();
        if (found == wanted.end()) continue;
        kept.endpoints.push_back(std::move(found->second));
        wanted.erase(found);
      }
      out.push_back(std::move(kept));
      return true;
    });
    return out;
  }

  static void move_one(std::map<std::string_view, endpoint_view>& from, std::vector<endpoint_view>& to) {
    to.push_back(std::move(from.begin()->second));
    from.erase(from.begin());
  }

  void submit(packed& slice) {
    ++kept_;
    if (slice.old == nullptr) return create(slice);
    const endpoint_slice_view& old = slice.old->view;
    if (old.endpoints == slice.endpoints && old.ports == slice.ports && old.meta.labels == labels_) return;
    json labels = labels_;
    for (const auto& [name, value] : old.meta.labels)
      if (!labels_.contains(name)) labels[name] = nullptr;
    out_.patch.push_back({key_of(*slice.old),
                          "",
                          old.meta.uid,
                          slice.old->at,
                          {{"metadata", {{"labels", std::move(labels)}}},
                           {"endpoints", to_json(slice.endpoints)},
                           {"ports", to_json(slice.ports)}},
                          std::to_string(slice.endpoints.size()) + " endpoints"});
  }

  void create(const packed& slice) {
    const service_view& service = state_.service.view;
    json meta{{"generateName", service.meta.name + '-'},
              {"namespace", service.meta.space},
              {"labels", labels_},
              {"ownerReferences",
               json::array({actors::to_json(controller_reference("v1", "Service", service.meta))})}};
    out_.create.push_back({{slice_resource(), state_.key.space, ""},
                           {{"apiVersion", "discovery.k8s.io/v1"},
                            {"kind", "EndpointSlice"},
                            {"metadata", std::move(meta)},
                            {"addressType", family_},
                            {"endpoints", to_json(slice.endpoints)},
                            {"ports", to_json(slice.ports)}},
                           std::to_string(slice.endpoints.size()) + " endpoints"});
  }

  [[nodiscard]] object_key key_of(const seen<endpoint_slice_view>& slice) const {
    return {slice_resource(), state_.key.space, slice.view.meta.name};
  }

  const endpoints_state& state_;
  const std::string family_;
  const schema::text_map labels_;
  plan& out_;
  std::vector<const seen<endpoint_slice_view>*> free_;
  std::size_t kept_ = 0;
};

} // namespace

std::vector<endpoint_group> group_by_ports(const service_view& service,
                                           const std::vector<endpoint_pod>& pods) {
  std::map<std::vector<endpoint_port_view>, endpoint_group> groups;
  for (const endpoint_pod& pod : pods) {
    std::vector<endpoint_port_view> ports;
    for (const auto& port : service.ports)
      if (const auto number = port_on(pod, port))
        ports.push_back({port.name, port.protocol, *number, port.app_protocol});
    endpoint_group& group = groups[ports];
    group.ports = std::move(ports);
    group.pods.push_back(&pod);
  }
  std::vector<endpoint_group> out;
  for (auto& [ports, group] : groups) {
    std::sort(group.pods.begin(), group.pods.end(),
              [](const auto* left, const auto* right) { return left->name < right->name; });
    out.push_back(std::move(group));
  }
  return out;
}

plan reconcile(const endpoints_state& state, wall_time) {
  const service_view& service = state.service.view;
  plan out;
  if (service.meta.being_deleted() || service.selector.empty() || service.type == "ExternalName") {
    out.verdict = "not ours: being deleted, external or without a selector";
    return out;
  }
  const std::vector<endpoint_group> groups = group_by_ports(service, state.pods);
  std::vector<std::string> families = service.ip_families;
  if (families.empty()) families.emplace_back("IPv4");
  for (const auto& family : families) {
    slice_packing packing(state, family, out);
    for (const endpoint_group& group : groups) packing.pack(group);
    packing.finish();
  }
  for (const auto& slice : state.slices)
    if (std::find(families.begin(), families.end(), slice.view.address_type) == families.end())
      out.remove.push_back({{slice_resource(), state.key.space, slice.view.meta.name},
                            slice.view.meta.uid,
                            slice.at,
                            propagation::background,
                            "address family no longer served"});
  mirror_endpoints(state, groups, out);
  out.verdict = std::to_string(state.pods.size()) + " pods selected";
  return out;
}

} // namespace actord::actors
