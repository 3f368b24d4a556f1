#include "schema/write/untouchable_fields.hpp"

#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>

namespace actord::schema {
namespace {

using path = std::initializer_list<std::string_view>;

field_set paths(std::initializer_list<path> all) {
  field_set set;
  for (const path& one : all) set.insert(one);
  return set;
}

/// Kinds whose status requests leave all of metadata alone.
constexpr std::array status_without_metadata{
    std::string_view{"apiservices"},
    std::string_view{"flowschemas"},
    std::string_view{"mutatingadmissionpolicies"},
    std::string_view{"prioritylevelconfigurations"},
    std::string_view{"resourceclaims"},
    std::string_view{"servicecidrs"},
    std::string_view{"validatingadmissionpolicies"},
    std::string_view{"volumeattachments"},
};

const field_set& of_status(const resource_type& type) {
  static const field_set spec = paths({{"f:spec"}});
  static const field_set spec_and_metadata = paths({{"f:spec"}, {"f:metadata"}});
  static const field_set of_deployment = paths({{"f:spec"}, {"f:metadata", "f:labels"}});
  static const field_set of_pod =
      paths({{"f:spec"}, {"f:metadata", "f:deletionTimestamp"}, {"f:metadata", "f:ownerReferences"}});
  static const field_set of_signing_request = paths({{"f:spec"}, {"f:status", "f:conditions"}});
  if (type.custom != nullptr) return spec_and_metadata;
  if (type.plural == "pods") return of_pod;
  if (type.plural == "deployments") return of_deployment;
  if (type.plural == "certificatesigningrequests") return of_signing_request;
  return std::ranges::find(status_without_metadata, type.plural) == status_without_metadata.end()
             ? spec
             : spec_and_metadata;
}

} // namespace

const field_set& untouchable_fields(const resource_type& type, std::string_view subresource) {
  static const field_set none;
  static const field_set status = paths({{"f:status"}});
  static const field_set of_approval = paths({{"f:spec"}, {"f:status", "f:certificate"}});
  if (subresource == "status") return of_status(type);
  if (subresource == "approval") return of_approval;
  return type.subresource("status") == nullptr ? none : status;
}

} // namespace actord::schema
