#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "actors/controllers/services/endpoints_reconciler.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/node_view.hpp"
#include "schema/view/pod_view.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

constexpr std::string_view service_label = "kubernetes.io/service-name";
constexpr std::string_view manager_label = "endpointslice.kubernetes.io/managed-by";
constexpr std::string_view manager = "endpointslice-controller.k8s.io";
constexpr std::string_view zone_label = "topology.kubernetes.io/zone";

bool matches(const schema::text_map& selector, const schema::object_view& pod) {
  return std::all_of(selector.begin(), selector.end(), [&](const auto& wanted) {
    bool found = false;
    return pod.label(wanted.first, found) == wanted.second && found;
  });
}

/// Everything an endpoint shows of its pod, as far as the envelope tells.
std::string endpoint_facts(const schema::object_view& pod) {
  std::string out(pod.pod_address());
  for (const std::string_view part : {pod.pod_phase(), pod.node_name(), pod.uid()})
    out.append("|").append(part);
  out += pod.pod_ready() ? "|ready" : "|";
  out += pod.being_deleted() ? "|going" : "|";
  for (const auto& [key, value] : pod.labels()) out.append("|").append(key).append("=").append(value);
  return out;
}

endpoints_object parse_endpoints(const schema::object_view& object) {
  const json tree = json::parse(object.text(), nullptr, false);
  endpoints_object out{{}, object.at(), json::array()};
  out.meta.uid = object.uid();
  out.meta.labels = labels_of(object);
  if (!tree.is_object()) return out;
  out.subsets = tree.value("subsets", json::array());
  const json annotations = tree.value("/metadata/annotations"_json_pointer, json::object());
  for (const auto& [key, value] : annotations.items())
    if (value.is_string()) out.meta.annotations.emplace(key, value.get<std::string>());
  return out;
}

class endpoints_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "endpointslice"; }
  [[nodiscard]] std::vector<resource_id> watches() const override {
    return {services_, pods_, slices_, endpoints_};
  }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, services_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == services_) {
      keys.push_back(event.key);
    } else if (event.key.resource == endpoints_) {
      keys.push_back({services_, event.key.space, event.key.name});
    } else if (event.key.resource == slices_) {
      if (const auto slice = schema::object_view::open(*event.value)) {
        bool found = false;
        const std::string_view service = slice->label(service_label, found);
        if (found) keys.push_back({services_, event.key.space, std::string(service)});
      }
    } else {
      services_of(event, now, keys);
    }
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto service = read_view(input.state, input.key, schema::parse_service);
    if (!service) return gone(input);
    endpoints_state state;
    state.key = input.key;
    state.service = std::move(*service);
    if (!state.service.view.selector.empty()) read_pods(input.state, state);
    for (const object_key& key :
         input.state.labelled(slices_, input.key.space, service_label, state.service.view.meta.name))
      if (auto slice = read_view(input.state, key, schema::parse_endpoint_slice);
          slice && is_ours(*slice, input.key.name))
        state.slices.push_back(std::move(*slice));
    if (const auto object =
            schema::object_view::open(input.state.get({endpoints_, input.key.space, input.key.name})))
      state.endpoints = parse_endpoints(object.value());
    return actors::reconcile(state, input.now);
  }

private:
  /// Slices go with their owner; the Endpoints object has none and goes by name.
  [[nodiscard]] plan gone(const reconcile_input& input) const {
    plan out;
    const object_key key{endpoints_, input.key.space, input.key.name};
    const auto object = schema::object_view::open(input.state.get(key));
    bool managed = false;
    if (object) (void)object->label("endpoints.kubernetes.io/managed-by", managed);
    if (managed)
      out.remove.push_back(
          {key, std::string(object->uid()), object->at(), propagation::background, "its service is gone"});
    return out;
  }

  static bool is_ours(const seen<schema::endpoint_slice_view>& slice, std::string_view service) {
    const auto found = slice.view.meta.labels.find(manager_label);
    return found != slice.view.meta.labels.end() && found->second == manager &&
           slice.view.service_name() == service && !slice.view.meta.being_deleted();
  }

  /// Services that select the pod now or did before, unless nothing about it shows in an endpoint.
  void services_of(const storage::store_event& event, const storage::snapshot& now,
                   std::vector<object_key>& keys) const {
    const auto pod = schema::object_view::open(*event.value);
    if (!pod) return;
    if (event.kind == storage::event_kind::modified && event.previous) {
      const auto before = schema::object_view::open(*event.previous);
      if (before && endpoint_facts(pod.value()) == endpoint_facts(before.value())) return;
    }
    each_object(now, services_, event.key.space, [&](const schema::object_view& service) {
      const schema::text_map selector = schema::parse_service(service.text()).selector;
      if (selector.empty()) return;
      bool concerned = matches(selector, pod.value());
      if (!concerned && event.previous)
        if (const auto before = schema::object_view::open(*event.previous))
          concerned = matches(selector, before.value());
      if (concerned) keys.push_back(service.key());
    });
  }

  void read_pods(const storage::snapshot& now, endpoints_state& state) const {
    const schema::service_view& service = state.service.view;
    const bool named = std::any_of(service.ports.begin(), service.ports.end(),
                                   [](const auto& port) { return !port.target_port.name.empty(); });
    const bool whole = named || service.headless() || service.ip_families.size() > 1 ||
                       (!service.ip_families.empty() && service.ip_families[0] == "IPv6");
    const auto& [label, value] = *service.selector.begin();
    for (const object_key& key : now.labelled(pods_, state.key.space, label, value)) {
      const auto pod = schema::object_view::open(now.get(key));
      if (!pod || !matches(service.selector, pod.value()) || pod->pod_address().empty() ||
          pod->pod_phase() == "Succeeded" || pod->pod_phase() == "Failed")
        continue;
      endpoint_pod out;
      out.name = pod->name();
      out.uid = pod->uid();
      out.addresses = {std::string(pod->pod_address())};
      out.node_name = pod->node_name();
      out.zone = zone_of(now, out.node_name);
      out.ready = pod->pod_ready();
      out.terminating = pod->being_deleted();
      if (whole) add_details(out, pod.value());
      state.pods.push_back(std::move(out));
    }
  }

  static void add_details(endpoint_pod& out, const schema::object_view& pod) {
    const schema::pod_view view = schema::parse_pod(pod.text());
    if (!view.status.pod_ips.empty()) out.addresses = view.status.pod_ips;
    out.hostname = view.spec.hostname;
    out.subdomain = view.spec.subdomain;
    const auto collect = [&](const schema::container_view& container) {
      for (const auto& port : container.ports)
        if (!port.name.empty()) out.ports.push_back({port.name, port.protocol, port.container_port});
    };
    for (const auto& container : view.spec.containers) collect(container);
    for (const auto& container : view.spec.init_containers)
      if (container.is_sidecar()) collect(container);
  }

  [[nodiscard]] std::string zone_of(const storage::snapshot& now, const std::string& node) const {
    if (node.empty()) return {};
    const auto object = schema::object_view::open(now.get({nodes_, "", node}));
    bool found = false;
    return object ? std::string(object->label(zone_label, found)) : std::string();
  }

  const resource_id services_ = schema::builtin("", "services").id;
  const resource_id pods_ = schema::builtin("", "pods").id;
  const resource_id nodes_ = schema::builtin("", "nodes").id;
  const resource_id slices_ = schema::builtin("discovery.k8s.io", "endpointslices").id;
  const resource_id endpoints_ = schema::builtin("", "endpoints").id;
};

} // namespace

std::unique_ptr<controller_kind> endpoints_controller() { return std::make_unique<endpoints_kind>(); }

} // namespace actord::actors
