#include "actors/webhooks/service_lookup.hpp"

#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {
namespace {

std::optional<schema::service_view> find_service(const storage::snapshot& reads,
                                                 const webhook_service& wanted) {
  const std::string_view bytes =
      reads.get({schema::builtin("", "services").stored_as, wanted.space, wanted.name});
  if (bytes.empty()) return {};
  const auto view = schema::object_view::open(bytes);
  if (!view) return {};
  return schema::parse_service(view->text());
}

std::vector<schema::endpoint_slice_view> find_slices(const storage::snapshot& reads,
                                                     const webhook_service& wanted) {
  std::vector<schema::endpoint_slice_view> slices;
  const auto& type = schema::builtin("discovery.k8s.io", "endpointslices");
  for (const object_key& key :
       reads.labelled(type.stored_as, wanted.space, "kubernetes.io/service-name", wanted.name)) {
    const auto view = schema::object_view::open(reads.get(key));
    if (!view) continue;
    auto slice = schema::parse_endpoint_slice(view->text());
    if (slice.service_name() == wanted.name) slices.push_back(std::move(slice));
  }
  return slices;
}

} // namespace

result<std::string> find_service_address(const storage::snapshot& reads, const webhook_service& wanted,
                                         random_source& random) {
  return service_address(wanted, find_service(reads, wanted), find_slices(reads, wanted), random);
}

} // namespace actord::actors
