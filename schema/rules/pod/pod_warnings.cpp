#include "schema/rules/pod/pod_warnings.hpp"

#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/formats.hpp"
#include "schema/rules/pod/pod_validation.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <set>

namespace actord::schema::rules {

namespace {

using warning_list = std::vector<std::string>;

struct old_word {
  std::string_view name;
  std::string_view advice;
};

constexpr std::array old_node_labels{
    old_word{"beta.kubernetes.io/arch", R"(deprecated since v1.14; use "kubernetes.io/arch" instead)"},
    old_word{"beta.kubernetes.io/os", R"(deprecated since v1.14; use "kubernetes.io/os" instead)"},
    old_word{"failure-domain.beta.kubernetes.io/region",
             R"(deprecated since v1.17; use "topology.kubernetes.io/region" instead)"},
    old_word{"failure-domain.beta.kubernetes.io/zone",
             R"(deprecated since v1.17; use "topology.kubernetes.io/zone" instead)"},
    old_word{"beta.kubernetes.io/instance-type",
             R"(deprecated since v1.17; use "node.kubernetes.io/instance-type" instead)"},
    old_word{"app.kubernetes.io/created-by", "deprecated since v1.9"},
    old_word{"scheduler.alpha.kubernetes.io/preferAvoidPods",
             "deprecated since v1.22; use Taints and Tolerations instead"},
    old_word{"node-role.kubernetes.io/master", R"(use "node-role.kubernetes.io/control-plane" instead)"},
};

constexpr std::array old_annotations{
    old_word{"scheduler.alpha.kubernetes.io/critical-pod",
             R"(non-functional in v1.16+; use the "priorityClassName" field instead)"},
    old_word{"security.alpha.kubernetes.io/sysctls",
             R"(non-functional in v1.11+; use the "sysctls" field instead)"},
    old_word{"security.alpha.kubernetes.io/unsafe-sysctls",
             R"(non-functional in v1.11+; use the "sysctls" field instead)"},
};

constexpr std::array old_volumes{
    old_word{"photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
    old_word{"gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"},
    old_word{"scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
    old_word{"flocker", "deprecated in v1.22, non-functional in v1.25+"},
    old_word{"storageos", "deprecated in v1.22, non-functional in v1.25+"},
    old_word{"quobyte", "deprecated in v1.22, non-functional in v1.25+"},
    old_word{"glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
    old_word{"cephfs", "deprecated in v1.28, non-functional in v1.31+"},
    old_word{"rbd", "deprecated in v1.28, non-functional in v1.31+"},
};

std::string_view node_label_advice(std::string_view label) {
  for (const old_word& known : old_node_labels)
    if (known.name == label) return known.advice;
  return {};
}

void warn_at(const field& place, std::string_view text, warning_list& warnings) {
  warnings.push_back(fmt::format("{}: {}", place.path(), text));
}

void warn_of_node_term(const field& term, warning_list& warnings) {
  for (const field expression : term.at("matchExpressions").items()) {
    const std::string_view key = expression.at("key").text();
    if (const std::string_view advice = node_label_advice(key); !advice.empty())
      warn_at(expression.at("key"), fmt::format("{} is {}", key, advice), warnings);
  }
}

void warn_of_node_labels(const field& spec, warning_list& warnings) {
  const field selector = spec.at("nodeSelector");
  if (selector.value().is_object())
    for (const auto& [label, value] : selector.value().items())
      if (const std::string_view advice = node_label_advice(label); !advice.empty())
        warn_at(selector.entry(label), advice, warnings);
  const field affinity = spec.at("affinity").at("nodeAffinity");
  const field needed = affinity.at("requiredDuringSchedulingIgnoredDuringExecution");
  for (const field term : needed.at("nodeSelectorTerms").items()) warn_of_node_term(term, warnings);
  const field preferred = affinity.at("preferredDuringSchedulingIgnoredDuringExecution");
  for (const field term : preferred.items()) warn_of_node_term(term.at("preference"), warnings);
}

constexpr std::string_view matches_nothing = "a null labelSelector results in matching no pod";

void warn_of_spread(const field& spec, warning_list& warnings) {
  for (const field constraint : spec.at("topologySpreadConstraints").items()) {
    const field key = constraint.at("topologyKey");
    if (const std::string_view advice = node_label_advice(key.text()); !advice.empty())
      warn_at(key, fmt::format("{} is {}", key.text(), advice), warnings);
    if (!constraint.contains("labelSelector"))
      warn_at(constraint.at("labelSelector"), matches_nothing, warnings);
  }
}

void warn_of_pod_affinity(const field& spec, warning_list& warnings) {
  if (!spec.contains("affinity")) return;
  for (const std::string_view kind : {"podAffinity", "podAntiAffinity"}) {
    const field affinity = spec.at("affinity").at(kind);
    for (const field term : affinity.at("requiredDuringSchedulingIgnoredDuringExecution").items())
      if (!term.contains("labelSelector")) warn_at(term.at("labelSelector"), matches_nothing, warnings);
    for (const field weighted : affinity.at("preferredDuringSchedulingIgnoredDuringExecution").items()) {
      const field selector = weighted.at("podAffinityTerm").at("labelSelector");
      if (!selector.present()) warn_at(selector, matches_nothing, warnings);
    }
  }
}

void warn_of_fractions(const field& amounts, std::initializer_list<std::string_view> names,
                       warning_list& warnings) {
  for (const std::string_view name : names) {
    const field amount = amounts.entry(name);
    if (amount.present() && !whole_amount(amount.value()))
      warn_at(
          amount,
          fmt::format("fractional byte value {} is invalid, must be an integer", go_quoted(amount.text())),
          warnings);
  }
}

void warn_of_claim_spec(const field& spec, warning_list& warnings) {
  for (const std::string_view list : {"requests", "limits"})
    warn_of_fractions(spec.at("resources").at(list), {"storage"}, warnings);
}

void warn_of_volumes(const field& spec, warning_list& warnings) {
  for (const field volume : spec.at("volumes").items()) {
    for (const old_word& known : old_volumes)
      if (volume.contains(known.name))
        warn_at(volume.named(known.name == "storageos" ? "storageOS" : known.name), known.advice, warnings);
    const field made = volume.at("ephemeral").at("volumeClaimTemplate").at("spec");
    if (made.present()) warn_of_claim_spec(made, warnings);
  }
}

void warn_of_repeats(const field& list, std::string_view key, std::string_view word, warning_list& warnings) {
  std::set<std::string_view> seen;
  for (const field item : list.items()) {
    const field name = item.at(key);
    if (!seen.insert(name.text()).second)
      warn_at(name, fmt::format("duplicate {} {}", word, go_quoted(name.text())), warnings);
  }
}

/// A repeated variable is fine while it builds on the one before: X="$(X):more".
void warn_of_hidden_variables(const field& container, warning_list& warnings) {
  std::set<std::string_view> seen;
  for (const field variable : container.at("env").items()) {
    const std::string_view name = variable.at("name").text();
    if (seen.insert(name).second) continue;
    const std::string reference = fmt::format("$({})", name);
    const std::string_view value = variable.at("value").text();
    if (variable.contains("valueFrom") || value == reference ||
        value.find(reference) == std::string_view::npos)
      warn_at(variable,
              fmt::format("hides previous definition of {}, which may be dropped when using apply",
                          go_quoted(name)),
              warnings);
  }
}

struct known_port {
  std::string place;
  std::string_view host_ip;
  std::int64_t host_port = 0;
};

std::string_view port_relation(const known_port& one, const known_port& other) {
  if (one.host_ip == other.host_ip && one.host_port == other.host_port) return "duplicate";
  if (one.host_port == 0 || other.host_port == 0) return "overlapping";
  if (one.host_port == other.host_port && one.host_ip.empty() != other.host_ip.empty())
    return "dangerously ambiguous";
  return {};
}

void warn_of_ports(const field& spec, warning_list& warnings) {
  std::map<std::string, std::vector<known_port>> taken;
  each_container(spec, [&](const field& container) {
    for (const field port : container.at("ports").items()) {
      known_port here{port.path(), port.at("hostIP").text(), port.at("hostPort").integer()};
      auto& others =
          taken[fmt::format("{}/{}", port.at("containerPort").integer(), port.at("protocol").text())];
      for (const known_port& other : others)
        if (const std::string_view relation = port_relation(here, other); !relation.empty())
          warn_at(port, fmt::format("{} port definition with {}", relation, other.place), warnings);
      others.push_back(std::move(here));
    }
  });
  std::map<std::string_view, std::string> names;
  each_container(spec, [&](const field& container) {
    for (const field port : container.at("ports").items()) {
      const std::string_view name = port.at("name").text();
      if (name.empty()) continue;
      const auto [other, fresh] = names.emplace(name, port.path());
      if (!fresh)
        warn_at(port,
                fmt::format("duplicate port name {} with {}, services and probes that select ports by name "
                            "will use {}",
                            go_quoted(name), other->second, other->second),
                warnings);
    }
  });
}

void warn_of_containers(const field& spec, const field& annotations, bool is_template,
                        warning_list& warnings) {
  constexpr std::string_view seccomp = "container.seccomp.security.alpha.kubernetes.io/";
  constexpr std::string_view app_armor = "container.apparmor.security.beta.kubernetes.io/";
  const auto warn_of_annotations = [&](const field& container) {
    const std::string name(container.at("name").text());
    const field context = container.at("securityContext");
    const std::string seccomp_key = std::string(seccomp) + name;
    if (annotations.entry(seccomp_key).present() && !context.contains("seccompProfile"))
      warn_at(annotations.entry(seccomp_key),
              R"(non-functional in v1.27+; use the "seccompProfile" field instead)", warnings);
    const std::string armor_key = std::string(app_armor) + name;
    if (is_template && annotations.entry(armor_key).present() && !context.contains("appArmorProfile") &&
        !spec.at("securityContext").contains("appArmorProfile"))
      warn_at(annotations.entry(armor_key),
              R"(deprecated since v1.30; use the "appArmorProfile" field instead)", warnings);
  };
  each_container(spec, [&](const field& container) {
    if (annotations.size() > 0) warn_of_annotations(container);
    for (const std::string_view list : {"limits", "requests"})
      warn_of_fractions(container.at("resources").at(list), {"memory"}, warnings);
    for (const std::string_view list : {"limits", "requests"})
      warn_of_fractions(container.at("resources").at(list), {"ephemeral-storage"}, warnings);
    warn_of_hidden_variables(container, warnings);
  });
}

/// `pod` is a Pod or a PodTemplateSpec.
void warn_of(const field& pod, bool is_template, warning_list& warnings) {
  const field spec = pod.at("spec");
  const field annotations = pod.at("metadata").at("annotations");
  warn_of_node_labels(spec, warnings);
  warn_of_spread(spec, warnings);
  if (annotations.size() > 0)
    for (const old_word& known : old_annotations)
      if (annotations.entry(known.name).present())
        warn_at(annotations.entry(known.name), known.advice, warnings);
  warn_of_volumes(spec, warnings);
  warn_of_repeats(spec.at("hostAliases"), "ip", "ip", warnings);
  warn_of_repeats(spec.at("imagePullSecrets"), "name", "name", warnings);
  for (const field secret : spec.at("imagePullSecrets").items())
    if (secret.at("name").zero()) warn_at(secret.at("name"), "invalid empty name \"\"", warnings);
  warn_of_fractions(spec.at("overhead"), {"memory", "ephemeral-storage"}, warnings);
  constexpr std::string_view pod_seccomp = "seccomp.security.alpha.kubernetes.io/pod";
  if (annotations.entry(pod_seccomp).present() && !spec.at("securityContext").contains("seccompProfile"))
    warn_at(annotations.entry(pod_seccomp),
            R"(non-functional in v1.27+; use the "seccompProfile" field instead)", warnings);
  warn_of_containers(spec, annotations, is_template, warnings);
  warn_of_ports(spec, warnings);
  if (spec.at("terminationGracePeriodSeconds").integer() < 0)
    warn_at(spec.at("terminationGracePeriodSeconds"),
            "must be >= 0; negative values are invalid and will be treated as 1", warnings);
  warn_of_pod_affinity(spec, warnings);
}

void warn_of_template_at(const json& object, const json* old, std::initializer_list<std::string_view> way,
                         warning_list& warnings) {
  field place(object);
  for (const std::string_view step : way) place = place.at(step);
  if (old != nullptr) {
    field before(*old);
    for (const std::string_view step : way) before = before.at(step);
    if (same(place.value(), before.value())) return;
  }
  warn_of(place, true, warnings);
}

} // namespace

void warn_of_pod(const json& object, const json*, std::vector<std::string>& warnings) {
  warn_of(field(object), false, warnings);
}

void warn_of_stored_template(const json& object, const json* old, std::vector<std::string>& warnings) {
  warn_of_template_at(object, old, {"template"}, warnings);
}

void warn_of_workload(const json& object, const json* old, std::vector<std::string>& warnings) {
  warn_of_template_at(object, old, {"spec", "template"}, warnings);
}

void warn_of_cron_job(const json& object, const json* old, std::vector<std::string>& warnings) {
  warn_of_template_at(object, old, {"spec", "jobTemplate", "spec", "template"}, warnings);
}

void warn_of_claim(const json& object, const json*, std::vector<std::string>& warnings) {
  constexpr std::string_view storage_class = "volume.beta.kubernetes.io/storage-class";
  const field annotation = field(object).at("metadata").at("annotations").entry(storage_class);
  if (annotation.present())
    warn_at(annotation, R"(deprecated since v1.8; use "storageClassName" attribute instead)", warnings);
  warn_of_claim_spec(field(object).at("spec"), warnings);
}

} // namespace actord::schema::rules
