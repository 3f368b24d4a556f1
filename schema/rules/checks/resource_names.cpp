#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/checks.hpp"

#include <algorithm>
#include <array>

namespace actord::schema::rules {

namespace {

constexpr std::array<std::string_view, 9> counted{"configmaps",
                                                  "persistentvolumeclaims",
                                                  "pods",
                                                  "replicationcontrollers",
                                                  "resourcequotas",
                                                  "secrets",
                                                  "services",
                                                  "services.loadbalancers",
                                                  "services.nodeports"};

constexpr std::array<std::string_view, 20> standard{"configmaps",
                                                    "cpu",
                                                    "ephemeral-storage",
                                                    "limits.cpu",
                                                    "limits.ephemeral-storage",
                                                    "limits.memory",
                                                    "memory",
                                                    "persistentvolumeclaims",
                                                    "pods",
                                                    "replicationcontrollers",
                                                    "requests.cpu",
                                                    "requests.ephemeral-storage",
                                                    "requests.memory",
                                                    "requests.storage",
                                                    "resourcequotas",
                                                    "secrets",
                                                    "services",
                                                    "services.loadbalancers",
                                                    "services.nodeports",
                                                    "storage"};

bool among(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

} // namespace

bool is_huge_page(std::string_view resource) { return resource.starts_with("hugepages-"); }

bool is_native_resource(std::string_view resource) {
  return resource.find('/') == std::string_view::npos ||
         resource.find("kubernetes.io/") != std::string_view::npos;
}

bool allows_overcommit(std::string_view resource) {
  return is_native_resource(resource) && !is_huge_page(resource);
}

bool extended_resource(std::string_view resource) {
  return !is_native_resource(resource) && !resource.starts_with("requests.") &&
         label_key("requests." + std::string(resource)).empty();
}

bool counted_resource(std::string_view resource) {
  return among(counted, resource) || extended_resource(resource);
}

bool standard_resource(std::string_view resource) {
  return among(standard, resource) || is_huge_page(resource) || resource.starts_with("requests.hugepages-");
}

bool quota_resource(std::string_view resource) {
  return standard_resource(resource) && resource != "storage";
}

void check_amount(std::string_view resource, const field& amount, field_errors& errors) {
  if (negative_amount(amount.value()))
    errors.invalid(amount, amount.value(), "must be greater than or equal to 0");
  if (counted_resource(resource) && !whole_amount(amount.value()))
    errors.invalid(amount, amount.value(), "must be an integer");
}

void check_resource_name(const field& amount, std::string_view resource, field_errors& errors) {
  const complaints wrong = label_key(resource);
  for (const std::string& one : wrong) errors.invalid(amount, resource, one);
  if (wrong.empty() && resource.find('/') == std::string_view::npos && !standard_resource(resource))
    errors.invalid(amount, resource, "must be a standard resource type or fully qualified");
}

void check_container_resource_name(const field& amount, std::string_view resource, field_errors& errors) {
  check_resource_name(amount, resource, errors);
  if (resource.find('/') == std::string_view::npos) {
    if (resource != "cpu" && resource != "memory" && resource != "ephemeral-storage" &&
        !is_huge_page(resource))
      errors.invalid(amount, resource, "must be a standard resource for containers");
  } else if (!is_native_resource(resource) && !extended_resource(resource))
    errors.invalid(amount, resource, "doesn't follow extended resource name standard");
}

void check_quota_resource_name(const field& amount, std::string_view resource, field_errors& errors) {
  check_resource_name(amount, resource, errors);
  if (resource.find('/') == std::string_view::npos && !quota_resource(resource))
    errors.invalid(amount, resource, "must be a standard resource for quota");
}

} // namespace actord::schema::rules
