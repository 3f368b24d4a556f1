#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/pod/pod_validation.hpp"

namespace actord::schema::rules {

namespace {

void check_linux(const field& spec, field_errors& errors) {
  constexpr std::string_view refused = "windows options cannot be set for a linux pod";
  const auto check = [&](const field& context) {
    if (const field options = context.at("windowsOptions"); options.present())
      errors.forbidden(options, refused);
  };
  check(spec.at("securityContext"));
  each_container(spec, [&](const field& container) { check(container.at("securityContext")); });
}

void forbid_on_windows(const field& value, field_errors& errors) {
  errors.forbidden(value, "cannot be set for a windows pod");
}

void check_windows(const field& spec, field_errors& errors) {
  const field context = spec.at("securityContext");
  const auto given = [&](const field& place, std::string_view name) {
    if (place.contains(name)) forbid_on_windows(place.at(name), errors);
  };
  const auto set = [&](std::string_view name) {
    if (spec.at(name).truth()) forbid_on_windows(spec.at(name), errors);
  };
  given(context, "appArmorProfile");
  given(context, "seLinuxOptions");
  given(spec, "hostUsers");
  set("hostPID");
  set("hostIPC");
  for (const std::string_view name : {"seccompProfile", "fsGroup", "fsGroupChangePolicy"})
    given(context, name);
  if (!context.at("sysctls").zero()) forbid_on_windows(context.at("sysctls"), errors);
  given(spec, "shareProcessNamespace");
  for (const std::string_view name :
       {"runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy"})
    given(context, name);
  each_container(spec, [&](const field& container) {
    for (const std::string_view name :
         {"appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem",
          "privileged", "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup"})
      given(container.at("securityContext"), name);
  });
}

} // namespace

void check_operating_system(const field& spec, field_errors& errors) {
  const field system = spec.at("os");
  if (!system.present()) return;
  const std::string_view name = system.at("name").text();
  if (name.empty())
    errors.required(system.at("name"));
  else if (name == "linux")
    check_linux(spec, errors);
  else if (name == "windows")
    check_windows(spec, errors);
  else
    errors.not_supported(system, name, {"linux", "windows"});
}

} // namespace actord::schema::rules
