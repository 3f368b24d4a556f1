#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/pod/pod_validation.hpp"
#include "schema/rules/pod/volume_sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace actord::schema::rules {

namespace {

/// What the downward API knows: other paths are refused before it is asked whether they fit the place.
bool known_field_path(std::string_view path) {
  constexpr std::array<std::string_view, 12> known{
      "metadata.annotations", "metadata.labels", "metadata.name",      "metadata.namespace",
      "metadata.uid",         "spec.nodeName",   "spec.restartPolicy", "spec.serviceAccountName",
      "spec.schedulerName",   "status.phase",    "status.hostIP",      "status.podIP"};
  return std::ranges::find(known, path) != known.end() || path == "spec.host" || path == "status.hostIPs" ||
         path == "status.podIPs";
}

void check_key_selector(const field& selector, field_errors& errors) {
  check_format(selector.at("name"), dns_subdomain, errors);
  check_required_format(selector.at("key"), config_key, errors);
}

void check_file_key(const field& selector, field_errors& errors) {
  check_required_format(selector.at("key"), environment_name, errors);
  check_required_format(selector.at("volumeName"), dns_label, errors);
  if (require(selector.at("path"), errors)) check_no_backsteps(selector.at("path"), errors);
}

void check_value_source(const field& variable, field_errors& errors) {
  const field source = variable.at("valueFrom");
  if (!source.present()) return;
  int sources = 0;
  const auto given = [&](std::string_view name) {
    const bool there = source.contains(name);
    sources += there ? 1 : 0;
    return there;
  };
  if (given("fieldRef"))
    check_field_selector(source.at("fieldRef"),
                         {"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
                          "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP",
                          "status.podIPs"},
                         errors);
  if (given("resourceFieldRef")) check_resource_selector(source.at("resourceFieldRef"), false, errors);
  if (given("configMapKeyRef")) check_key_selector(source.at("configMapKeyRef"), errors);
  if (given("secretKeyRef")) check_key_selector(source.at("secretKeyRef"), errors);
  if (given("fileKeyRef")) check_file_key(source.at("fileKeyRef"), errors);
  if (sources == 0)
    errors.invalid(
        source, "",
        "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or "
        "`fileKeyRef`");
  else if (!variable.at("value").zero())
    errors.invalid(source, "", "may not be specified when `value` is not empty");
  else if (sources > 1)
    errors.invalid(source, "", "may not have more than one field specified at a time");
}

void check_divisor(const field& selector, field_errors& errors) {
  const field divisor = selector.at("divisor");
  const std::string_view resource = selector.at("resource").text();
  if (!divisor.present() || compare_amounts(divisor.value(), 0) == 0) return;
  const std::string text =
      divisor.value().is_string() ? divisor.value().get<std::string>() : divisor.value().dump();
  const bool cpu = resource == "limits.cpu" || resource == "requests.cpu";
  std::string_view called;
  if (cpu) {
    if (text != "1m" && text != "1")
      errors.invalid(divisor, resource, "only divisor's values 1m and 1 are supported with the cpu resource");
    return;
  }
  if (resource.ends_with(".memory"))
    called = "memory";
  else if (resource.ends_with(".ephemeral-storage"))
    called = "local ephemeral storage";
  else if (resource.find(".hugepages-") != std::string_view::npos)
    called = "hugepages";
  else
    return;
  constexpr std::array<std::string_view, 13> sizes{"1",   "1k",  "1M",  "1G",  "1T",  "1P", "1E",
                                                   "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"};
  if (std::ranges::find(sizes, text) == sizes.end())
    errors.invalid(
        divisor, resource,
        fmt::format("only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are "
                    "supported with the {} resource",
                    called));
}

} // namespace

void check_field_selector(const field& selector, std::initializer_list<std::string_view> supported,
                          field_errors& errors) {
  const field path = selector.at("fieldPath");
  if (!require(selector.at("apiVersion"), errors) || !require(path, errors)) return;
  const std::string_view text = path.text();
  const bool subscripted = text.ends_with("']") && text.find("['") != std::string_view::npos;
  const std::string_view head = subscripted ? text.substr(0, text.find("['")) : text;
  const std::string_view key =
      subscripted ? text.substr(head.size() + 2, text.size() - head.size() - 4) : text;
  const bool map = head == "metadata.annotations" || head == "metadata.labels";
  if (selector.at("apiVersion").text() != "v1") {
    errors.invalid(path, text,
                   fmt::format("error converting fieldPath: unsupported pod version: {}",
                               selector.at("apiVersion").text()));
    return;
  }
  if (!known_field_path(head) || (subscripted && !map)) {
    errors.invalid(
        path, text,
        subscripted
            ? fmt::format("error converting fieldPath: field label does not support subscript: {}", text)
            : fmt::format("error converting fieldPath: field label not supported: {}", text));
    return;
  }
  if (subscripted) {
    std::string name(key);
    if (head == "metadata.annotations")
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    for (const std::string& wrong : label_key(name)) errors.invalid(selector, name, wrong);
    return;
  }
  if (std::ranges::find(supported, text) == supported.end()) errors.not_supported(path, text, supported);
}

void check_resource_selector(const field& selector, bool in_volume, field_errors& errors) {
  const field resource = selector.at("resource");
  const std::string_view name = resource.text();
  if (in_volume && selector.at("containerName").zero())
    errors.required(selector.at("containerName"));
  else if (resource.zero())
    errors.required(resource);
  else if (!name.starts_with("requests.hugepages-") && !name.starts_with("limits.hugepages-"))
    one_of(resource,
           {"limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu",
            "requests.ephemeral-storage", "requests.memory"},
           errors);
  check_divisor(selector, errors);
}

void check_environment(const field& container, field_errors& errors) {
  for (const field variable : container.at("env").items()) {
    check_required_format(variable.at("name"), environment_name, errors);
    check_value_source(variable, errors);
  }
  const field from = container.at("envFrom");
  for (const field source : from.items()) {
    if (!source.at("prefix").zero()) check_format(source.at("prefix"), environment_name, errors);
    int sources = 0;
    for (const std::string_view kind : {"configMapRef", "secretRef"}) {
      const field reference = source.at(kind);
      if (!reference.present()) continue;
      ++sources;
      const field name = reference.at("name");
      if (!require(name, errors)) continue;
      for (const std::string& wrong : dns_subdomain(mask_trailing_dash(name.text())))
        errors.invalid(name, name.text(), wrong);
    }
    if (sources == 0)
      errors.invalid(from, "", "must specify one of: `configMapRef` or `secretRef`");
    else if (sources > 1)
      errors.invalid(from, "", "may not have more than one field specified at a time");
  }
}

} // namespace actord::schema::rules
