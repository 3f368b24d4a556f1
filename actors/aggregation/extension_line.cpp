#include "actors/aggregation/extension_line.hpp"

#include "actors/controllers/read_objects.hpp"
#include "actors/nodes/node_directory.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {
namespace {

constexpr std::size_t terms_kept_max = 256;

std::optional<schema::service_view> service_of(const storage::snapshot& now,
                                               const schema::service_reference_view& wanted) {
  auto found = read_view(now, {schema::builtin("", "services").stored_as, wanted.space, wanted.name},
                         schema::parse_service);
  return found ? std::optional(std::move(found->view)) : std::nullopt;
}

std::vector<schema::endpoint_slice_view> slices_of(const storage::snapshot& now,
                                                   const schema::service_reference_view& wanted) {
  std::vector<schema::endpoint_slice_view> slices;
  const resource_id type = schema::builtin("discovery.k8s.io", "endpointslices").stored_as;
  for (const object_key& key : now.labelled(type, wanted.space, "kubernetes.io/service-name", wanted.name)) {
    auto slice = read_view(now, key, schema::parse_endpoint_slice);
    if (slice && slice->view.service_name() == wanted.name) slices.push_back(std::move(slice->view));
  }
  return slices;
}

} // namespace

void extension_lines::use_identity(net::certified_key identity) {
  const std::lock_guard lock(mutex_);
  identity_ = std::move(identity);
  ++identity_number_;
}

std::optional<availability> extension_lines::obstacle_of(const extension_service& service) const {
  const auto now = store_.read();
  return obstacle(service.service, service_of(*now, service.service), slices_of(*now, service.service));
}

result<extension_line> extension_lines::find(const extension_service& service) {
  const auto now = store_.read();
  const pod_lookup find_pod = [&](const std::string& space,
                                  const std::string& name) -> std::optional<schema::pod_view> {
    auto pod = read_view(*now, {schema::builtin("", "pods").stored_as, space, name}, schema::parse_pod);
    return pod ? std::optional(std::move(pod->view)) : std::nullopt;
  };
  auto place = extension_place(service.service, service_of(*now, service.service),
                               slices_of(*now, service.service), find_pod, random_);
  if (!place) return place.error();
  auto terms = terms_of(service);
  if (!terms) return terms.error();
  extension_line line{.to = std::move(place->to), .through = nullptr, .pod_uid = std::move(place->pod_uid)};
  line.to.server_name = service.host();
  line.to.terms = *std::move(terms);
  node_directory* const nodes = nodes_;
  if (nodes == nullptr || nodes->is_among_pods() || place->node.empty()) return line;
  const auto node = nodes->find(place->node);
  if (!node) return node.error();
  line.through = &(*node)->streams();
  return line;
}

result<std::shared_ptr<const net::tls_client_terms>>
extension_lines::terms_of(const extension_service& service) {
  const std::lock_guard lock(mutex_);
  const auto found = terms_.find(service.name);
  if (found != terms_.end() && found->second.identity == identity_number_ &&
      found->second.insecure == service.insecure && found->second.authority_pem == service.authority_pem)
    return found->second.terms;
  auto made = net::tls_client_terms::make(
      {.authority_pem = service.authority_pem, .believes_any = service.insecure, .identity = identity_});
  if (!made) return made;
  if (terms_.size() >= terms_kept_max) terms_.clear();
  terms_.insert_or_assign(service.name,
                          kept_terms{service.authority_pem, service.insecure, identity_number_, *made});
  return made;
}

} // namespace actord::actors
