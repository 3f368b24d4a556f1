#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/go_value.hpp"
#include "schema/rules/pod/pod_validation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace actord::schema::rules {

namespace {

constexpr std::int64_t most_seconds = 2147483647;

void check_claims(const field& claims, const field* metadata, field_errors& errors) {
  std::set<std::string_view> names;
  for (const field claim : claims.items()) {
    if (metadata != nullptr && metadata->at("annotations").contains("kubernetes.io/config.mirror")) {
      errors.forbidden("", "static pods do not support resource claims");
      continue;
    }
    const field name = claim.at("name");
    if (name.zero())
      errors.required(name);
    else if (names.contains(name.text()))
      errors.duplicate(name, name.text());
    else {
      check_format(name, dns_label, errors);
      names.insert(name.text());
    }
    const field direct = claim.at("resourceClaimName");
    const field made = claim.at("resourceClaimTemplateName");
    if (direct.present() && made.present())
      errors.invalid(claim, as_structure("io.k8s.api.core.v1.PodResourceClaim", claim.value()),
                     "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
    if (!direct.present() && !made.present())
      errors.invalid(claim, as_structure("io.k8s.api.core.v1.PodResourceClaim", claim.value()),
                     "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
    if (direct.present()) check_format(direct, dns_subdomain, errors);
    if (made.present()) check_format(made, dns_subdomain, errors);
  }
}

/// A pod on the host's network opens the ports it names.
void check_host_network_ports(const field& spec, bool is_pod, field_errors& errors) {
  if (!spec.at("hostNetwork").truth()) return;
  for (const field container : spec.at("containers").items())
    for (const field port : container.at("ports").items()) {
      const field host = port.at("hostPort");
      if ((is_pod || host.integer() != 0) && host.integer() != port.at("containerPort").integer())
        errors.invalid(host, host.integer(), "must match `containerPort` when `hostNetwork` is true");
    }
}

void check_dns_config(const field& spec, field_errors& errors) {
  constexpr std::size_t most_servers = 3;
  constexpr std::size_t most_searches = 32;
  constexpr std::size_t most_search_bytes = 2048;
  const field config = spec.at("dnsConfig");
  const field servers = config.at("nameservers");
  if (spec.at("dnsPolicy").text() == "None") {
    if (!config.present())
      return errors.required(config, "must provide `dnsConfig` when `dnsPolicy` is None");
    if (servers.zero())
      return errors.required(servers, "must provide at least one DNS nameserver when `dnsPolicy` is None");
  }
  if (servers.size() > most_servers)
    errors.invalid(servers, servers.value(), "must not have more than 3 nameservers");
  for (const field server : servers.items()) check_ip(server, errors);
  const field searches = config.at("searches");
  if (searches.size() > most_searches)
    errors.invalid(searches, searches.value(), "must not have more than 32 search paths");
  std::size_t length = searches.size() > 1 ? searches.size() - 1 : 0;
  for (const field search : searches.items()) length += search.text().size();
  if (length > most_search_bytes)
    errors.invalid(searches, searches.value(),
                   "must not have more than 2048 characters (including spaces) in the search list");
  for (const field search : searches.items()) {
    std::string_view text = search.text();
    if (text == ".") continue;
    if (text.ends_with('.')) text.remove_suffix(1);
    for (const std::string& wrong : dns_subdomain_with_underscore(text)) errors.invalid(search, text, wrong);
  }
  for (const field option : config.at("options").items())
    if (option.at("name").zero()) errors.required(option, "must not be empty");
}

void check_gates(const field& spec, field_errors& errors) {
  for (const field gate : spec.at("readinessGates").items())
    check_format(gate.at("conditionType"), label_key, errors);
  std::set<std::string_view> seen;
  for (const field gate : spec.at("schedulingGates").items()) {
    const std::string_view name = gate.at("name").text();
    for (const std::string& wrong : label_key(name)) errors.invalid(gate, name, wrong);
    if (!seen.insert(name).second) errors.duplicate(gate, name);
  }
}

void check_user_namespace(const field& spec, field_errors& errors) {
  const field users = spec.at("hostUsers");
  if (!users.present() || users.truth()) return;
  if (spec.at("hostNetwork").truth())
    errors.forbidden(spec.named("hostNetwork"), "when `hostUsers` is false");
  if (spec.at("hostPID").truth()) errors.forbidden(spec.named("HostPID"), "when `hostUsers` is false");
  if (spec.at("hostIPC").truth()) errors.forbidden(spec.named("HostIPC"), "when `hostUsers` is false");
  each_container(spec, [&](const field& container) {
    if (!container.at("volumeDevices").zero())
      errors.forbidden(container.at("volumeDevices"), "when `hostUsers` is false");
  });
}

void check_host_name(const field& spec, field_errors& errors) {
  constexpr int limit_bytes = 64;
  const field name = spec.at("hostnameOverride");
  if (!name.present()) return;
  if (spec.at("setHostnameAsFQDN").truth())
    errors.forbidden(name, "may not be specified when setHostnameAsFQDN is true");
  if (spec.at("hostNetwork").truth()) errors.forbidden(name, "may not be specified when hostNetwork is true");
  if (static_cast<int>(name.text().size()) > limit_bytes) errors.too_long(name, limit_bytes);
  check_format(name, dns_subdomain, errors);
}

void check_names(const field& spec, field_errors& errors) {
  const auto given = [&](std::string_view name, format_check format) {
    if (!spec.at(name).zero()) check_format(spec.at(name), format, errors);
  };
  given("serviceAccountName", dns_subdomain);
  given("nodeName", dns_subdomain);
  if (const field deadline = spec.at("activeDeadlineSeconds"); deadline.present())
    in_range(deadline, 1, most_seconds, errors);
  given("hostname", dns_label);
  given("subdomain", dns_label);
  check_tolerations(spec.at("tolerations"), errors);
  for (const field alias : spec.at("hostAliases").items()) {
    check_ip(alias.at("ip"), errors);
    for (const field host : alias.at("hostnames").items()) check_format(host, dns_subdomain, errors);
  }
  given("priorityClassName", dns_subdomain);
  if (const field runtime = spec.at("runtimeClassName"); runtime.present())
    check_format(runtime, dns_subdomain, errors);
  if (const field policy = spec.at("preemptionPolicy"); policy.present())
    require_one_of(policy, {"PreemptLowerPriority", "Never"}, errors);
}

void check_file_key_volumes(const field& spec, field_errors& errors) {
  each_container(spec, [&](const field& container) {
    for (const field variable : container.at("env").items()) {
      const field name = variable.at("valueFrom").at("fileKeyRef").at("volumeName");
      if (!variable.at("valueFrom").contains("fileKeyRef")) continue;
      bool found = false;
      for (const field volume : spec.at("volumes").items()) {
        if (volume.at("name").text() != name.text()) continue;
        found = true;
        if (!volume.contains("emptyDir"))
          errors.invalid(name, name.text(), "referenced volume must be of type emptyDir");
      }
      if (!found) errors.not_found(name, name.text());
    }
  });
}

} // namespace

void check_pod_spec(const field& spec, const field* metadata, field_errors& errors) {
  pod_scope pod{spec, metadata, {}, {}};
  if (!spec.contains("terminationGracePeriodSeconds"))
    errors.required(spec.named("terminationGracePeriodSeconds"));
  check_volumes(pod, errors);
  for (const field claim : spec.at("resourceClaims").items())
    if (!claim.at("name").zero()) pod.claims.insert(claim.at("name").text());
  check_claims(spec.at("resourceClaims"), metadata, errors);
  check_containers(pod, errors);
  check_pod_resources(pod, errors);
  check_host_network_ports(spec, metadata != nullptr, errors);
  require_one_of(spec.at("restartPolicy"), {"Always", "OnFailure", "Never"}, errors);
  require_one_of(spec.at("dnsPolicy"), {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"},
                 errors);
  check_labels(spec.at("nodeSelector"), errors);
  check_pod_security(spec, errors);
  check_affinity(spec.at("affinity"), errors);
  check_dns_config(spec, errors);
  check_gates(spec, errors);
  check_spread_constraints(spec.at("topologySpreadConstraints"), errors);
  check_windows_host_process(spec, errors);
  check_user_namespace(spec, errors);
  check_host_name(spec, errors);
  check_names(spec, errors);
  if (const field overhead = spec.at("overhead"); overhead.present()) {
    const json as_limits{{"limits", overhead.value()}};
    check_resources(overhead.with(as_limits), pod, errors);
  }
  check_operating_system(spec, errors);
  if (const field group = spec.at("schedulingGroup"); group.present()) {
    const field name = group.at("podGroupName");
    if (!name.present())
      errors.invalid(name, nullptr, "must specify one of: `podGroupName`");
    else
      check_format(name, dns_subdomain, errors);
  }
  check_file_key_volumes(spec, errors);
}

void check_pod_annotations(const field& annotations, const field& spec, field_errors& errors) {
  const auto text = [&](std::string_view name) { return annotations.entry(name); };
  if (const field mirror = text("kubernetes.io/config.mirror");
      mirror.present() && spec.at("nodeName").zero())
    errors.invalid(mirror, mirror.text(), "must set spec.nodeName if mirror pod annotation is set");
  if (const field cost = text("controller.kubernetes.io/pod-deletion-cost"); cost.present()) {
    std::string_view digits = cost.text();
    if (digits.starts_with('-')) digits.remove_prefix(1);
    const bool number = !digits.empty() && digits.size() <= 10 &&
                        (digits.size() == 1 || digits.front() != '0') &&
                        std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (!number || std::stoll(std::string(digits)) > most_seconds + (cost.text().starts_with('-') ? 1 : 0))
      errors.invalid(cost, cost.text(), "must be a 32bit integer");
  }
  if (!annotations.value().is_object()) return;
  constexpr std::string_view app_armor = "container.apparmor.security.beta.kubernetes.io/";
  constexpr std::string_view seccomp = "container.seccomp.security.alpha.kubernetes.io/";
  for (const auto& [key, value] : annotations.value().items()) {
    if (!key.starts_with(seccomp) && key != "seccomp.security.alpha.kubernetes.io/pod") continue;
    const std::string profile = value.is_string() ? value.get<std::string>() : std::string{};
    if (profile == "runtime/default" || profile == "docker/default" || profile == "unconfined") continue;
    const field place = annotations.named(key);
    if (!profile.starts_with("localhost/"))
      errors.invalid(place, profile, "must be a valid seccomp profile");
    else {
      const json path = profile.substr(10);
      check_relative_path(place.with(path), errors);
    }
  }
  for (const auto& [key, value] : annotations.value().items()) {
    if (!key.starts_with(app_armor)) continue;
    const std::string container = key.substr(app_armor.size());
    bool known = false;
    each_container(spec, [&](const field& one) { known = known || one.at("name").text() == container; });
    if (!known) errors.invalid(annotations.entry(key), container, "container not found");
    const std::string profile = value.is_string() ? value.get<std::string>() : std::string{};
    if (!profile.empty() && profile != "runtime/default" && profile != "unconfined" &&
        !profile.starts_with("localhost/"))
      errors.invalid(annotations.entry(key), profile,
                     fmt::format("invalid AppArmor profile name: {}", go_quoted(profile)));
  }
}

void check_pod_template(const field& pod_template, field_errors& errors) {
  const field metadata = pod_template.at("metadata");
  const field spec = pod_template.at("spec");
  // Errors about metadata leave out the word: it is embedded in the template.
  const field labels = pod_template.named("labels").with(metadata.at("labels").value());
  const field annotations = pod_template.named("annotations").with(metadata.at("annotations").value());
  check_labels(labels, errors);
  check_annotations(annotations, errors);
  check_pod_annotations(annotations, spec, errors);
  check_pod_spec(spec, nullptr, errors);
  check_profile_annotations(annotations, spec, errors);
  if (!spec.at("ephemeralContainers").zero())
    errors.forbidden(spec.named("ephemeralContainers"), "ephemeral containers not allowed in pod template");
}

} // namespace actord::schema::rules
