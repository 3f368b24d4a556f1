#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/pod/aggregate_resources.hpp"
#include "schema/rules/pod/pod_validation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace actord::schema::rules {

namespace {

std::string shown(const json& amount) {
  return amount.is_string() ? amount.get<std::string>() : amount.dump();
}

bool compute(std::string_view resource) { return resource == "cpu" || resource == "memory"; }

bool supported_for_pods(std::string_view resource) { return compute(resource) || is_huge_page(resource); }

using name_check = void(const field& amount, std::string_view resource, field_errors& errors);

void check_pod_resource_name(const field& amount, std::string_view resource, field_errors& errors) {
  const std::size_t before = errors.causes().size();
  check_resource_name(amount, resource, errors);
  if (errors.causes().size() == before && !supported_for_pods(resource))
    errors.not_supported(amount, resource, {"cpu", "hugepages-", "memory"});
}

void check_huge_page(const field& amount, std::string_view resource, field_errors& errors) {
  const std::int64_t page = amount_value(json(resource.substr(std::string_view("hugepages-").size())));
  if (page <= 0 || amount_value(amount.value()) % page != 0)
    errors.invalid(amount, shown(amount.value()),
                   fmt::format("{} is not positive integer multiple of {}", shown(amount.value()), resource));
}

void check_claims(const field& claims, const std::set<std::string_view>& known, field_errors& errors) {
  std::set<std::string> names;
  for (const field claim : claims.items()) {
    const std::string name(claim.at("name").text());
    if (name.empty()) {
      errors.required(claim);
      continue;
    }
    if (names.contains(name))
      errors.duplicate(claim, name);
    else {
      std::string key = name;
      const field request = claim.at("request");
      if (!request.zero()) {
        check_format(request, dns_label, errors);
        key += "/" + std::string(request.text());
      }
      if (names.contains(key))
        errors.duplicate(claim, key);
      else if (request.zero())
        for (const std::string& other : names)
          if (other.starts_with(name + "/")) errors.duplicate(claim, name);
      names.insert(key);
    }
    if (known.contains(name)) continue;
    std::string detail = "must be one of the names in pod.spec.resourceClaims";
    detail += known.empty() ? " which is empty" : fmt::format(": {}", fmt::join(known, ", "));
    errors.not_found(claim, name, detail);
  }
}

void check_requirements(const field& resources, const std::set<std::string_view>& claims,
                        name_check& check_name, field_errors& errors) {
  const field limits = resources.at("limits");
  const field requests = resources.at("requests");
  bool has_compute = false;
  bool has_huge_pages = false;
  const auto look = [&](const field& amounts, const auto& between) {
    if (!amounts.value().is_object()) return;
    for (const auto& [name, value] : amounts.value().items()) {
      const field amount = amounts.entry(name);
      check_name(amount, name, errors);
      check_amount(name, amount, errors);
      between(name, value);
      if (is_huge_page(name)) check_huge_page(amount, name, errors);
      has_huge_pages = has_huge_pages || is_huge_page(name);
      has_compute = has_compute || compute(name);
    }
  };
  look(limits, [](const std::string&, const json&) {});
  look(requests, [&](const std::string& name, const json& value) {
    const field limit = limits.entry(name);
    if (!limit.present()) {
      if (!allows_overcommit(name))
        errors.required(limits, "Limit must be set for non overcommitable resources");
      return;
    }
    const int order = compare_amounts(value, limit.value());
    if (order != 0 && !allows_overcommit(name))
      errors.invalid(requests, shown(value),
                     fmt::format("must be equal to {} limit of {}", name, shown(limit.value())));
    else if (order > 0)
      errors.invalid(requests, shown(value),
                     fmt::format("must be less than or equal to {} limit of {}", name, shown(limit.value())));
  });
  if (!has_compute && has_huge_pages) errors.forbidden(resources, "HugePages require cpu or memory");
  check_claims(resources.at("claims"), claims, errors);
}

/// What a pod asks for as a whole is at least what its containers ask for.
void check_consistency(const pod_scope& pod, const field& resources, field_errors& errors) {
  const json requests = aggregate_requests(pod.spec.value());
  for (const auto& [name, sum] : requests.items()) {
    const field amount = resources.at("requests").entry(name);
    if (amount.present() && compare_amounts(sum, amount.value()) > 0)
      errors.invalid(
          amount, shown(amount.value()),
          fmt::format("must be greater than or equal to aggregate container requests of {}", shown(sum)));
  }
  const json limits = aggregate_limits(pod.spec.value());
  for (const auto& [name, sum] : limits.items()) {
    const field amount = resources.at("limits").entry(name);
    if (is_huge_page(name) && amount.present() && compare_amounts(sum, amount.value()) > 0)
      errors.invalid(
          amount, shown(amount.value()),
          fmt::format("must be greater than or equal to aggregate container limits of {}", shown(sum)));
  }
  for (const field container : pod.spec.at("containers").items()) {
    const field own = container.at("resources").at("limits");
    if (!own.value().is_object()) continue;
    const std::size_t index =
        static_cast<std::size_t>(&container.value() - &pod.spec.at("containers").value()[0]);
    for (const auto& [name, value] : own.value().items()) {
      const field limit = resources.at("limits").entry(name);
      if (limit.present() && compare_amounts(value, limit.value()) > 0)
        errors.invalid(resources.named("containers").item(index).entry(name).named("limits"), shown(value),
                       fmt::format("must be less than or equal to pod limits of {}", shown(limit.value())));
    }
  }
}

} // namespace

void check_resources(const field& resources, const pod_scope& pod, field_errors& errors) {
  check_requirements(resources, pod.claims, check_container_resource_name, errors);
}

void check_pod_resources(const pod_scope& pod, field_errors& errors) {
  const field resources = pod.spec.at("resources");
  if (!resources.present()) return;
  if (pod.spec.at("os").at("name").text() == "windows") {
    errors.forbidden(resources, "may not be set for a windows pod");
    return;
  }
  if (resources.contains("claims"))
    errors.forbidden(resources.at("claims"), "claims may not be set for Resources at pod-level");
  check_requirements(resources, pod.claims, check_pod_resource_name, errors);
  check_consistency(pod, resources, errors);
}

} // namespace actord::schema::rules
