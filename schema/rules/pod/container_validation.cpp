#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/pod/pod_validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace actord::schema::rules {

namespace {

void check_ports(const field& ports, field_errors& errors) {
  std::set<std::string_view> names;
  for (const field port : ports.items()) {
    const field name = port.at("name");
    if (!name.zero()) {
      const complaints wrong = port_name(name.text());
      for (const std::string& one : wrong) errors.invalid(name, name.text(), one);
      if (wrong.empty() && !names.insert(name.text()).second) errors.duplicate(name, name.text());
    }
    const field number = port.at("containerPort");
    if (require(number, errors)) check_port(number, errors);
    if (!port.at("hostPort").zero()) check_port(port.at("hostPort"), errors);
    require_one_of(port.at("protocol"), {"SCTP", "TCP", "UDP"}, errors);
  }
}

void check_host_port_conflicts(const field& container, std::set<std::string>& taken, field_errors& errors) {
  for (const field port : container.at("ports").items()) {
    const field number = port.at("hostPort");
    if (number.zero()) continue;
    const std::string key =
        fmt::format("{}/{}/{}", port.at("protocol").text(), port.at("hostIP").text(), number.integer());
    if (!taken.insert(key).second) errors.duplicate(number, key);
  }
}

void check_resize_policy(const field& policies, std::string_view restart, field_errors& errors) {
  std::set<std::string_view> seen;
  for (const field policy : policies.items()) {
    const std::string_view resource = policy.at("resourceName").text();
    const std::string_view action = policy.at("restartPolicy").text();
    if (!seen.insert(resource).second) errors.duplicate(policy, resource);
    if (resource.empty())
      errors.required(policies);
    else if (resource != "cpu" && resource != "memory")
      errors.not_supported(policies, resource, {"cpu", "memory"});
    if (action.empty())
      errors.required(policies);
    else if (action != "NotRequired" && action != "RestartContainer")
      errors.not_supported(policies, action, {"NotRequired", "RestartContainer"});
    if (restart == "Never" && action != "NotRequired")
      errors.invalid(policies, action, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
  }
}

/// A container's own restart policy and its rules by exit code.
void check_restart_rules(const field& container, field_errors& errors) {
  const field policy = container.at("restartPolicy");
  const field rules = container.at("restartPolicyRules");
  if (policy.present())
    one_of(policy, {"Always", "Never", "OnFailure"}, errors);
  else if (!rules.zero())
    errors.required(policy, "must specify restartPolicy when restart rules are used");
  if (rules.size() > 20) errors.too_many(rules, rules.size(), 20);
  for (const field rule : rules.items()) {
    one_of(rule.at("action"), {"Restart", "RestartAllContainers"}, errors);
    const field codes = rule.at("exitCodes");
    if (!codes.present()) {
      errors.required(codes, "must be specified");
      continue;
    }
    one_of(codes.at("operator"), {"In", "NotIn"}, errors);
    if (codes.at("values").size() > 255) errors.too_many(codes.at("values"), codes.at("values").size(), 255);
  }
}

bool host_users(const field& spec) {
  const field users = spec.at("hostUsers");
  return !users.present() || users.truth();
}

/// What holds for containers of every kind.
void check_common(const pod_scope& pod, const field& container, field_errors& errors) {
  check_required_format(container.at("name"), dns_label, errors);
  require(container.at("image"), errors);
  require_one_of(container.at("terminationMessagePolicy"), {"File", "FallbackToLogsOnError"}, errors);
  check_ports(container.at("ports"), errors);
  check_environment(container, errors);
  check_volume_mounts(pod, container, errors);
  require_one_of(container.at("imagePullPolicy"), {"Always", "IfNotPresent", "Never"}, errors);
  check_resources(container.at("resources"), pod, errors);
  check_resize_policy(container.at("resizePolicy"), pod.spec.at("restartPolicy").text(), errors);
  check_container_security(container.at("securityContext"), host_users(pod.spec), errors);
}

void check_probes(const field& container, const field& spec, field_errors& errors) {
  for (const std::string_view name : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    const field probe = container.at(name);
    if (!probe.present()) continue;
    check_probe(probe, spec, errors);
    if (name == "readinessProbe") {
      const field grace = probe.at("terminationGracePeriodSeconds");
      if (grace.present()) errors.invalid(grace, grace.value(), "must not be set for readinessProbes");
    } else if (probe.at("successThreshold").integer() != 1)
      errors.invalid(probe.at("successThreshold"), probe.at("successThreshold").integer(), "must be 1");
  }
}

void check_regular(const pod_scope& pod, field_errors& errors) {
  const field containers = pod.spec.at("containers");
  if (containers.size() == 0) {
    errors.required(containers);
    return;
  }
  std::set<std::string_view> names;
  for (const field container : containers.items()) {
    check_common(pod, container, errors);
    const field name = container.at("name");
    if (!names.insert(name.text()).second) errors.duplicate(name, name.text());
    if (const field lifecycle = container.at("lifecycle"); lifecycle.present())
      check_lifecycle(lifecycle, pod.spec, errors);
    check_probes(container, pod.spec, errors);
    check_restart_rules(container, errors);
  }
  std::set<std::string> host_ports;
  for (const field container : containers.items()) check_host_port_conflicts(container, host_ports, errors);
}

void check_init(const pod_scope& pod, field_errors& errors) {
  std::set<std::string_view> names;
  for (const field container : pod.spec.at("containers").items()) names.insert(container.at("name").text());
  const field containers = pod.spec.at("initContainers");
  for (const field container : containers.items()) {
    check_common(pod, container, errors);
    const bool sidecar = container.at("restartPolicy").text() == "Always";
    if (const field policy = container.at("restartPolicy"); policy.present())
      check_restart_rules(container, errors);
    else if (!container.at("restartPolicyRules").zero())
      errors.required(policy, "must specify restartPolicy when restart rules are used");
    const field name = container.at("name");
    if (names.contains(name.text()))
      errors.duplicate(name, name.text());
    else if (!name.zero())
      names.insert(name.text());
    std::set<std::string> host_ports;
    check_host_port_conflicts(containers.item(0).with(container.value()), host_ports, errors);
    if (sidecar) {
      if (const field lifecycle = container.at("lifecycle"); lifecycle.present())
        check_lifecycle(lifecycle, pod.spec, errors);
      check_probes(container, pod.spec, errors);
      continue;
    }
    for (const std::string_view one : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"})
      if (container.contains(one))
        errors.forbidden(container.at(one),
                         "may not be set for init containers without restartPolicy=Always");
    for (const field policy : container.at("resizePolicy").items())
      if (const field action = policy.at("restartPolicy"); action.text() == "RestartContainer")
        errors.invalid(action, action.text(),
                       "must not be set to 'RestartContainer' for non-sidecar initContainers");
  }
}

void check_image_spaces(const field& container, field_errors& errors) {
  const field image = container.at("image");
  const std::string_view text = image.text();
  constexpr std::string_view spaces = " \t\n\v\f\r";
  if (!text.empty() && (spaces.find(text.front()) != std::string_view::npos ||
                        spaces.find(text.back()) != std::string_view::npos))
    errors.invalid(image, text, "must not have leading or trailing whitespace");
}

void check_ephemeral(const pod_scope& pod, field_errors& errors) {
  constexpr std::array<std::string_view, 7> refused{
      "ports", "resources", "resizePolicy", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"};
  std::set<std::string_view> others;
  for (const std::string_view list : {"containers", "initContainers"})
    for (const field container : pod.spec.at(list).items()) others.insert(container.at("name").text());
  std::set<std::string_view> names = others;
  for (const field container : pod.spec.at("ephemeralContainers").items()) {
    check_common(pod, container, errors);
    check_image_spaces(container, errors);
    const field name = container.at("name");
    if (!names.insert(name.text()).second) errors.duplicate(name, name.text());
    const field target = container.at("targetContainerName");
    if (!target.zero() && !others.contains(target.text())) errors.not_found(target, target.text());
    for (const std::string_view one : refused)
      if (!container.at(one).zero())
        errors.forbidden(container.at(one), "cannot be set for an Ephemeral Container");
    for (const field mount : container.at("volumeMounts").items())
      for (const std::string_view one : {"subPath", "subPathExpr"})
        if (!mount.at(one).zero())
          errors.forbidden(mount.at(one), "cannot be set for an Ephemeral Container");
  }
}

} // namespace

void check_containers(const pod_scope& pod, field_errors& errors) {
  check_regular(pod, errors);
  check_init(pod, errors);
  check_ephemeral(pod, errors);
}

void check_image_padding(const field& spec, field_errors& errors) {
  for (const std::string_view list : {"containers", "initContainers"})
    for (const field container : spec.at(list).items()) check_image_spaces(container, errors);
}

} // namespace actord::schema::rules
