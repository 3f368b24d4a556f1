#include "schema/rules/deprecation.hpp"

#include "schema/tables/resource_table.hpp"

namespace actord::schema {

std::string_view deprecation_of(const resource_type& type) {
  if (!type.group.empty()) return {};
  if (type.plural == "endpoints")
    return "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";
  if (type.plural == "componentstatuses") return "v1 ComponentStatus is deprecated in v1.19+";
  return {};
}

} // namespace actord::schema
