#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/pod/pod_validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace actord::schema::rules {

namespace {

constexpr std::int64_t highest_id = 2147483647;

void check_ids(const field& context, std::initializer_list<std::string_view> names, field_errors& errors) {
  for (const std::string_view name : names)
    if (const field id = context.at(name); id.present()) in_range(id, 0, highest_id, errors);
}

void check_seccomp(const field& profile, field_errors& errors) {
  if (!profile.present()) return;
  const field type = profile.at("type");
  const field local = profile.at("localhostProfile");
  require_one_of(type, {"Localhost", "RuntimeDefault", "Unconfined"}, errors,
                 "type is required when seccompProfile is set");
  if (type.text() == "Localhost") {
    if (!local.present())
      errors.required(local, "must be set when seccomp type is Localhost");
    else
      check_relative_path(local, errors);
  } else if (local.present())
    errors.invalid(local, profile.value(), "can only be set when seccomp type is Localhost");
}

void check_app_armor(const field& profile, field_errors& errors) {
  constexpr int limit_bytes = 4095;
  if (!profile.present()) return;
  const field type = profile.at("type");
  const field local = profile.at("localhostProfile");
  const std::string_view text = local.text();
  if (type.text() == "Localhost") {
    const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    if (!local.present())
      errors.required(local, "must be set when AppArmor type is Localhost");
    else if (!text.empty() && (space(text.front()) || space(text.back())))
      errors.invalid(local, text, "must not be padded with whitespace");
    else if (text.empty())
      errors.required(local, "must be set when AppArmor type is Localhost");
    if (static_cast<int>(text.size()) > limit_bytes) errors.too_long(local, limit_bytes);
  } else if (type.text() == "RuntimeDefault" || type.text() == "Unconfined") {
    if (local.present()) errors.invalid(local, text, "can only be set when AppArmor type is Localhost");
  } else
    require_one_of(type, {"Localhost", "RuntimeDefault", "Unconfined"}, errors,
                   "type is required when appArmorProfile is set");
}

bool net_bios_name(std::string_view domain) {
  return !domain.empty() && domain.size() <= 15 && domain.front() != '.' &&
         domain.find_first_of("\\/:*?\"<>|") == std::string_view::npos;
}

bool any_case_subdomain(std::string_view domain) {
  std::string lowered(domain);
  std::ranges::transform(lowered, lowered.begin(), [](unsigned char c) { return std::tolower(c); });
  return dns_subdomain(lowered).empty();
}

void check_windows_user(const field& name, field_errors& errors) {
  constexpr std::size_t domain_limit = 256;
  constexpr std::size_t user_limit = 104;
  const std::string_view text = name.text();
  const auto wrong = [&](std::string_view what) { errors.invalid(name, text, what); };
  if (text.empty()) return wrong("runAsUserName cannot be an empty string");
  if (std::ranges::any_of(text, [](unsigned char c) { return std::iscntrl(c) != 0; }))
    return wrong("runAsUserName cannot contain control characters");
  if (std::ranges::count(text, '\\') > 1)
    return wrong("runAsUserName cannot contain more than one backslash");
  const std::size_t slash = text.find('\\');
  const bool has_domain = slash != std::string_view::npos;
  const std::string_view domain = has_domain ? text.substr(0, slash) : std::string_view{};
  const std::string_view user = has_domain ? text.substr(slash + 1) : text;
  if (domain.size() >= domain_limit) wrong("runAsUserName's Domain length must be under 256 characters");
  if (has_domain && !net_bios_name(domain) && !any_case_subdomain(domain))
    wrong("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user.empty())
    wrong("runAsUserName's User cannot be empty");
  else if (user.size() > user_limit)
    wrong("runAsUserName's User length must not be longer than 104 characters");
  if (!user.empty() && user.find_first_not_of(". ") == std::string_view::npos)
    wrong("runAsUserName's User cannot contain only periods or spaces");
  if (user.find_first_of("\"/\\:;|=,+*?<>@[]") != std::string_view::npos)
    wrong("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
}

void check_windows_options(const field& options, field_errors& errors) {
  constexpr std::size_t spec_limit_bytes = 64 * 1024;
  if (!options.present()) return;
  if (const field name = options.at("gmsaCredentialSpecName"); name.present())
    check_format(name, dns_subdomain, errors);
  if (const field spec = options.at("gmsaCredentialSpec"); spec.present()) {
    if (spec.zero())
      errors.invalid(spec, "", "gmsaCredentialSpec cannot be an empty string");
    else if (spec.text().size() > spec_limit_bytes)
      errors.invalid(spec, spec.text(), "gmsaCredentialSpec size must be under 64 KiB");
  }
  if (const field name = options.at("runAsUserName"); name.present()) check_windows_user(name, errors);
}

bool sysctl_name(std::string_view name) {
  constexpr std::size_t limit = 253;
  if (name.empty() || name.size() > limit) return false;
  std::size_t start = 0;
  const auto edge = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  for (;;) {
    const std::size_t end = std::min(name.find_first_of("./", start), name.size());
    const std::string_view segment = name.substr(start, end - start);
    if (segment.empty() || !edge(segment.front()) || !edge(segment.back())) return false;
    if (!std::ranges::all_of(segment, [&](char c) { return edge(c) || c == '-' || c == '_'; })) return false;
    if (end == name.size()) return true;
    start = end + 1;
  }
}

/// The namespace a sysctl belongs to, where the node's own would be changed: "net", "ipc" or neither.
std::string_view sysctl_namespace(std::string_view name) {
  const bool dotted =
      name.find_first_of("./") != std::string_view::npos && name[name.find_first_of("./")] == '.';
  std::string slashed(name);
  if (!dotted) std::ranges::replace(slashed, '/', '.');
  if (slashed.starts_with("net.")) return "net";
  if (slashed.starts_with("kernel.shm") || slashed.starts_with("kernel.msg") || slashed == "kernel.sem" ||
      slashed.starts_with("fs.mqueue."))
    return "ipc";
  return {};
}

void check_sysctls(const field& spec, const field& sysctls, field_errors& errors) {
  std::set<std::string_view> seen;
  for (const field sysctl : sysctls.items()) {
    const field name = sysctl.at("name");
    if (name.zero())
      errors.required(name);
    else if (!sysctl_name(name.text()))
      errors.invalid(name, name.text(),
                     "must have at most 253 characters and match regex "
                     "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
    else if (seen.contains(name.text()))
      errors.duplicate(name, name.text());
    const std::string_view space = sysctl_namespace(name.text());
    if (spec.at("hostNetwork").truth() && space == "net")
      errors.invalid(name, name.text(), "may not be specified when 'hostNetwork' is true");
    else if (spec.at("hostIPC").truth() && space == "ipc")
      errors.invalid(name, name.text(), "may not be specified when 'hostIPC' is true");
    seen.insert(name.text());
  }
}

void check_seccomp_annotation(const field& annotation, const field& profile, field_errors& errors) {
  if (!annotation.present()) return;
  const std::string_view text = annotation.text();
  const std::string_view type = profile.at("type").text();
  const bool type_differs =
      (type == "Unconfined" && text != "unconfined") ||
      (type == "RuntimeDefault" && text != "runtime/default" && text != "docker/default") ||
      (type == "Localhost" && !text.starts_with("localhost/"));
  if (type_differs)
    errors.forbidden(profile.at("type"), "seccomp type in annotation and field must match");
  else if (type == "Localhost" && text.substr(10) != profile.at("localhostProfile").text())
    errors.forbidden(profile.at("localhostProfile"), "seccomp profile in annotation and field must match");
}

void check_app_armor_annotation(const field& annotation, const field& profile, const field& place,
                                field_errors& errors) {
  if (!annotation.present()) return;
  const std::string_view text = annotation.text();
  const std::string_view type = profile.at("type").text();
  const bool type_differs = (type == "Unconfined" && text != "unconfined") ||
                            (type == "RuntimeDefault" && text != "runtime/default") ||
                            (type == "Localhost" && !text.starts_with("localhost/"));
  if (type_differs)
    errors.forbidden(place.named("type"), "apparmor type in annotation and field must match");
  else if (type == "Localhost" && text.substr(10) != profile.at("localhostProfile").text())
    errors.forbidden(place.named("localhostProfile"), "apparmor profile in annotation and field must match");
}

} // namespace

void check_container_security(const field& context, bool host_users, field_errors& errors) {
  if (!context.present()) return;
  check_ids(context, {"runAsUser", "runAsGroup"}, errors);
  if (const field mount = context.at("procMount"); mount.present()) {
    one_of(mount, {"Default", "Unmasked"}, errors);
    if (host_users && mount.text() == "Unmasked")
      errors.invalid(mount, mount.text(), "`hostUsers` must be false to use `Unmasked`");
  }
  check_seccomp(context.at("seccompProfile"), errors);
  const field escalation = context.at("allowPrivilegeEscalation");
  if (escalation.present() && !escalation.truth()) {
    if (context.at("privileged").truth())
      errors.invalid(context, context.value(),
                     "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    for (const field added : context.at("capabilities").at("add").items())
      if (added.text() == "CAP_SYS_ADMIN")
        errors.invalid(context, context.value(),
                       "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
  }
  check_windows_options(context.at("windowsOptions"), errors);
  check_app_armor(context.at("appArmorProfile"), errors);
}

void check_pod_security(const field& spec, field_errors& errors) {
  const field context = spec.at("securityContext");
  if (!context.present()) return;
  check_ids(context, {"fsGroup", "runAsUser", "runAsGroup"}, errors);
  for (const field group : context.at("supplementalGroups").items()) in_range(group, 0, highest_id, errors);
  const field share = spec.at("shareProcessNamespace");
  if (share.truth() && spec.at("hostPID").truth())
    errors.invalid(context.named("shareProcessNamespace"), true,
                   "ShareProcessNamespace and HostPID cannot both be enabled");
  check_sysctls(spec, context.at("sysctls"), errors);
  if (const field policy = context.at("fsGroupChangePolicy"); policy.present())
    one_of(policy, {"Always", "OnRootMismatch"}, errors);
  check_seccomp(context.at("seccompProfile"), errors);
  check_windows_options(context.at("windowsOptions"), errors);
  check_app_armor(context.at("appArmorProfile"), errors);
  if (const field policy = context.at("supplementalGroupsPolicy"); policy.present())
    one_of(policy, {"Merge", "Strict"}, errors);
  if (const field policy = context.at("seLinuxChangePolicy"); policy.present())
    one_of(policy, {"Recursive"}, errors);
}

void check_profile_annotations(const field& annotations, const field& spec, field_errors& errors) {
  if (annotations.size() == 0) return;
  const field pod_context = spec.at("securityContext");
  if (const field profile = pod_context.at("seccompProfile"); profile.present())
    check_seccomp_annotation(annotations.at("seccomp.security.alpha.kubernetes.io/pod"), profile, errors);
  each_container(spec, [&](const field& container) {
    const field profile = container.at("securityContext").at("seccompProfile");
    if (!profile.present()) return;
    const std::string key =
        fmt::format("container.seccomp.security.alpha.kubernetes.io/{}", container.at("name").text());
    check_seccomp_annotation(annotations.at(key), profile, errors);
  });
  if (spec.at("os").at("name").text() == "windows") return;
  each_container(spec, [&](const field& container) {
    const field own = container.at("securityContext").at("appArmorProfile");
    const field profile = own.present() ? own : pod_context.at("appArmorProfile");
    if (!profile.present()) return;
    const std::string key =
        fmt::format("container.apparmor.security.beta.kubernetes.io/{}", container.at("name").text());
    check_app_armor_annotation(annotations.at(key), profile, own, errors);
  });
}

void check_windows_host_process(const field& spec, field_errors& errors) {
  const field pod_wide = spec.at("securityContext").at("windowsOptions").at("hostProcess");
  int containers = 0;
  int host_processes = 0;
  each_container(spec, [&](const field& container) {
    ++containers;
    const field own = container.at("securityContext").at("windowsOptions").at("hostProcess");
    if (pod_wide.present() && own.present() && pod_wide.truth() != own.truth())
      errors.invalid(own, own.value(),
                     fmt::format("pod hostProcess value must be identical if both are specified, was {}",
                                 pod_wide.truth()));
    if (own.present() ? own.truth() : pod_wide.truth()) ++host_processes;
  });
  if (host_processes == 0) return;
  if (host_processes != containers)
    errors.invalid(
        spec, "",
        "If pod contains any hostProcess containers then all containers must be HostProcess containers");
  const field network = spec.at("hostNetwork");
  if (!network.truth())
    errors.invalid(network, false, "hostNetwork must be true if pod contains any hostProcess containers");
}

} // namespace actord::schema::rules
