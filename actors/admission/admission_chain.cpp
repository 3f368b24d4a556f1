#include "actors/admission/admission_chain.hpp"

#include "actors/admission/admission_facts.hpp"
#include "actors/admission/certificate_admission.hpp"
#include "actors/admission/default_tolerations.hpp"
#include "actors/admission/limit_ranger.hpp"
#include "actors/admission/node_restriction.hpp"
#include "actors/admission/node_taint.hpp"
#include "actors/admission/pod_resize.hpp"
#include "actors/admission/pod_security/security_admission.hpp"
#include "actors/admission/policies/policy_admission.hpp"
#include "actors/admission/policies/policy_board.hpp"
#include "actors/admission/priority.hpp"
#include "actors/admission/runtime_class.hpp"
#include "actors/admission/service_account.hpp"
#include "actors/admission/storage_defaults.hpp"
#include "actors/objects/namespace_companions.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

using schema::builtin;
using schema::rules::field;

/// Kinds that each pod's admission asks about, looked up once.
const schema::resource_type& accounts() {
  static const schema::resource_type& type = builtin("", "serviceaccounts");
  return type;
}
const schema::resource_type& limit_ranges() {
  static const schema::resource_type& type = builtin("", "limitranges");
  return type;
}
const schema::resource_type& namespaces() {
  static const schema::resource_type& type = builtin("", "namespaces");
  return type;
}
const schema::resource_type& priority_classes() {
  static const schema::resource_type& type = builtin("scheduling.k8s.io", "priorityclasses");
  return type;
}

bool is(const schema::resource_type& type, std::string_view group, std::string_view plural) {
  return type.group == group && type.plural == plural;
}

/// What the client calls the object: a name that is yet to be made is known by its beginning.
std::string called(const admission_request& request, const json* object) {
  if (!request.name.empty()) return std::string(request.name);
  if (object == nullptr) return {};
  const field metadata = field(*object).at("metadata");
  for (const char* key : {"name", "generateName"})
    if (const std::string_view text = metadata.at(key).text(); !text.empty()) return std::string(text);
  return "Unknown";
}

/// Completes a plugin's refusal by the name of the object.
result<void> named(result<void> outcome, const admission_request& request, const json* object) {
  if (outcome || outcome.error().kind != error_kind::forbidden || outcome.error().subject) return outcome;
  error full = object_forbidden(request.type, called(request, object), outcome.error().message);
  full.causes = outcome.error().causes;
  return full;
}

account_lookup accounts_of(const admission_facts& facts, std::string_view space) {
  return [&facts, space](std::string_view name) { return facts.get(accounts(), space, name); };
}

result<void> each_limit_range(const admission_facts& facts, std::string_view space,
                              const std::function<result<void>(const json&)>& visit) {
  for (const json& range : facts.list(limit_ranges(), space))
    if (auto done = visit(range); !done) return done;
  return {};
}

bool is_immortal(std::string_view space) {
  return space == "default" || space == "kube-system" || space == "kube-public";
}

bool is_master(const caller_identity& caller, const access_question&) {
  return std::ranges::find(caller.groups, "system:masters") != caller.groups.end();
}

} // namespace

admission_chain::admission_chain(storage::store& store, random_source& random, access_check may)
    : store_(store), random_(random), may_(may ? std::move(may) : access_check(is_master)),
      mutating_(std::make_unique<policy_board>(store, "mutatingadmissionpolicies",
                                               "mutatingadmissionpolicybindings")),
      validating_(std::make_unique<policy_board>(store, "validatingadmissionpolicies",
                                                 "validatingadmissionpolicybindings")) {}
admission_chain::~admission_chain() = default;

/// NamespaceLifecycle, early: the transaction makes sure of it again.
result<void> admission_chain::require_namespace(const admission_request& request, const json& object,
                                                const admission_facts& facts) const {
  const object_key key{namespaces().stored_as, {}, std::string(request.space)};
  const std::string_view applied = facts.reads().get(key);
  const std::string pending = applied.empty() ? store_.head(key) : std::string();
  // Asked at once: the row need not be kept.
  const auto guard =
      namespace_guard(schema::builtin_handle(request.type), key.name, called(request, &object));
  const auto& decide = std::get<storage::decide_change>(guard.what);
  auto held = decide({applied.empty() ? std::string_view(pending) : applied, revision{}}, store_.now());
  if (!held) return held.error();
  return {};
}

result<void> admission_chain::check_node(const admission_request& request, const json* object,
                                         const json* old, const admission_facts& facts) const {
  const auto node = node_of(request.caller);
  if (!node) return {};
  if (node->empty())
    return named(
        error{.kind = error_kind::forbidden,
              .message = fmt::format("could not determine node from user \"{}\"", request.caller.user),
              .causes = {},
              .subject = {}},
        request, object != nullptr ? object : old);
  const node_write write{.node = *node,
                         .type = request.type,
                         .subresource = request.subresource,
                         .space = request.space,
                         .name = request.name,
                         .verb = request.verb,
                         .object = object,
                         .old = old,
                         .own_uid = [&] {
                           const auto own = facts.get(builtin("", "nodes"), {}, *node);
                           return own ? std::string(field(*own).at("metadata").at("uid").text())
                                      : std::string();
                         }};
  return named(check_node_write(write), request, object != nullptr ? object : old);
}

result<void> admission_chain::mutate_pod(const admission_request& request, json& pod, const json* old,
                                         const admission_facts& facts) const {
  if (request.subresource == "resize")
    return each_limit_range(facts, request.space, [&](const json& range) -> result<void> {
      set_usual_limits(pod, range);
      return {};
    });
  if (!request.subresource.empty()) return {};
  if (old != nullptr) {
    keep_priority(pod, *old);
    if (!field(*old).at("metadata").contains("deletionTimestamp")) add_default_tolerations(pod);
    return {};
  }
  for (const json& range : facts.list(limit_ranges(), request.space)) set_usual_limits(pod, range);
  const auto find_account = [&](std::string_view name) {
    return facts.get_holding(accounts(), request.space, name,
                             {"\"automountServiceAccountToken\"", "\"imagePullSecrets\""});
  };
  if (auto attached = attach_service_account(pod, request.space, find_account, random_); !attached)
    return attached;
  if (auto own = check_node(request, &pod, nullptr, facts); !own) return own;
  const auto find_priority = [&](std::string_view name) -> std::optional<priority_class> {
    if (name.empty()) return default_priority(facts.list(priority_classes(), {}, "\"globalDefault\":true"));
    const auto object = facts.get(priority_classes(), {}, name);
    return object ? std::optional(priority_of(*object)) : std::nullopt;
  };
  if (auto assigned = assign_priority(pod, find_priority); !assigned) return assigned;
  add_default_tolerations(pod);
  if (auto applied = apply_runtime_class(pod,
                                         [&](std::string_view name) {
                                           return facts.get(builtin("node.k8s.io", "runtimeclasses"), {},
                                                            name);
                                         });
      !applied)
    return applied;
  if (const std::string_view node = field(pod).at("spec").at("nodeName").text(); !node.empty())
    if (const auto labels = facts.labels(builtin("", "nodes"), {}, node))
      for (const auto& [key, value] : topology_labels(*labels)) pod["metadata"]["labels"][key] = value;
  return {};
}

result<void> admission_chain::mutate(const admission_request& request, json& object, const json* old) const {
  const admission_facts facts(store_);
  if (auto done = mutate_by_plugins(request, object, old, facts); !done) return done;
  if (const auto policies = mutating_->current())
    return mutate_by_policies(*policies, request, object, old, facts, may_);
  return {};
}

result<void> admission_chain::mutate_by_plugins(const admission_request& request, json& object,
                                                const json* old, const admission_facts& facts) const {
  const schema::resource_type& type = request.type;
  if (old == nullptr && type.namespaced)
    if (auto there = require_namespace(request, object, facts); !there) return there;
  if (is(type, "", "pods")) {
    if (old != nullptr)
      if (auto own = check_node(request, &object, old, facts); !own) return own;
    return named(mutate_pod(request, object, old, facts), request, &object);
  }
  if (auto own = check_node(request, &object, old, facts); !own) return own;
  if (is(type, "certificates.k8s.io", "certificatesigningrequests") && old == nullptr)
    sign_with_caller(object, request.caller);
  if (old != nullptr || !request.subresource.empty()) return {};
  const auto all = [&](std::string_view group, std::string_view plural) {
    return [&facts, &classes = builtin(group, plural)] { return facts.list(classes, {}); };
  };
  if (is(type, "", "nodes")) taint_new_node(object);
  if (is(type, "", "persistentvolumeclaims")) {
    set_default_storage_class(object, all("storage.k8s.io", "storageclasses"));
    add_finalizer(object, "kubernetes.io/pvc-protection");
  }
  if (is(type, "", "persistentvolumes")) add_finalizer(object, "kubernetes.io/pv-protection");
  if (is(type, "storage.k8s.io", "volumeattributesclasses"))
    add_finalizer(object, "kubernetes.io/vac-protection");
  if (is(type, "networking.k8s.io", "ingresses"))
    set_default_ingress_class(object, all("networking.k8s.io", "ingressclasses"));
  return {};
}

result<void> admission_chain::admit_pod(const admission_request& request, const json& pod, const json* old,
                                        const admission_facts& facts) const {
  const bool creates = old == nullptr && request.subresource.empty();
  const bool resizes = request.subresource == "resize";
  const bool debugs = request.subresource == "ephemeralcontainers";
  if (!request.subresource.empty() && !resizes && !debugs) return {};
  const bool going = old != nullptr && field(*old).at("metadata").contains("deletionTimestamp");
  if ((creates || resizes) && !going)
    if (auto within = each_limit_range(facts, request.space,
                                       [&](const json& range) { return check_pod_limits(pod, range); });
        !within)
      return within;
  // Most accounts let their pods use any secret, and that shows without parsing them.
  const std::string_view account = field(pod).at("spec").at("serviceAccountName").text();
  if ((creates || debugs) && (debugs || facts.holds(accounts(), request.space, account,
                                                    "\"kubernetes.io/enforce-mountable-secrets\"")))
    if (auto allowed = check_secret_references(pod, request.space, accounts_of(facts, request.space), debugs);
        !allowed)
      return allowed;
  if (creates || changes_pod_security(pod, *old)) {
    const auto labels = facts.labels(namespaces(), {}, request.space);
    const security_listeners told{request.warnings, request.audit_notes};
    if (auto secure = admit_pod_security(pod, labels.value_or(schema::text_map{}), told); !secure)
      return secure;
  }
  if (resizes) {
    const std::string_view node = field(pod).at("spec").at("nodeName").text();
    return check_pod_resize(pod, *old, facts.get(builtin("", "nodes"), {}, node));
  }
  return {};
}

result<void> admission_chain::admit_claim(const admission_request& request, const json& claim,
                                          const json* old, const admission_facts& facts) const {
  if (!request.subresource.empty()) return {};
  if (old == nullptr || !field(*old).at("metadata").contains("deletionTimestamp"))
    if (auto within = each_limit_range(facts, request.space,
                                       [&](const json& range) { return check_claim_limits(claim, range); });
        !within)
      return within;
  if (old == nullptr) return {};
  return check_claim_resize(claim, *old, [&](std::string_view name) {
    return facts.get(builtin("storage.k8s.io", "storageclasses"), {}, name);
  });
}

result<void> admission_chain::admit_namespace(const admission_request& request, const json& space,
                                              const json* old, const admission_facts& facts) const {
  if (!request.subresource.empty()) return {};
  const auto pods_of = [&](std::string_view name) { return facts.list(builtin("", "pods"), name); };
  return admit_security_labels(request.type, space, old, pods_of, request.warnings);
}

result<void> admission_chain::admit_signing_request(const admission_request& request, const json& object,
                                                    const json* old) const {
  const auto allowed = [&](std::string_view verb, std::string_view signer) {
    return may_for_signer(signer, [&](std::string_view name) {
      return may_(request.caller,
                  {.verb = verb, .group = "certificates.k8s.io", .resource = "signers", .name = name});
    });
  };
  if (old == nullptr) return check_signing_request(object, node_of(request.caller));
  return check_signing_verdict(object, *old, request.subresource, allowed);
}

result<void> admission_chain::admit(const admission_request& request, const json& object,
                                    const json* old) const {
  const admission_facts facts(store_);
  if (auto done = admit_by_plugins(request, object, old, facts); !done) return done;
  if (const auto policies = validating_->current())
    return admit_by_policies(*policies, request, &object, old, facts, may_);
  return {};
}

result<void> admission_chain::admit_by_plugins(const admission_request& request, const json& object,
                                               const json* old, const admission_facts& facts) const {
  const schema::resource_type& type = request.type;
  const auto refuse = [&](result<void> outcome) { return named(std::move(outcome), request, &object); };
  if (is(type, "", "pods")) return refuse(admit_pod(request, object, old, facts));
  if (is(type, "", "persistentvolumeclaims")) return refuse(admit_claim(request, object, old, facts));
  if (is(type, "", "namespaces")) return refuse(admit_namespace(request, object, old, facts));
  if (is(type, "certificates.k8s.io", "certificatesigningrequests"))
    return refuse(admit_signing_request(request, object, old));
  if (is(type, "scheduling.k8s.io", "priorityclasses"))
    return refuse(check_default_priority(object, old == nullptr, facts.list(type, {})));
  if (request.subresource.empty())
    if (const auto pod = pod_template_of(type, object)) {
      const auto labels = facts.labels(namespaces(), {}, request.space);
      warn_of_security(*pod, labels.value_or(schema::text_map{}), {request.warnings, request.audit_notes});
    }
  return {};
}

result<void> admission_chain::admit_removal(const admission_request& request, const json& old) const {
  if (is(request.type, "", "namespaces") && is_immortal(request.name))
    return object_forbidden(request.type, request.name, "this namespace may not be deleted");
  const admission_facts facts(store_);
  if (auto own = check_node(request, nullptr, &old, facts); !own) return own;
  if (const auto policies = validating_->current())
    return admit_by_policies(*policies, request, nullptr, &old, facts, may_);
  return {};
}

result<void> admission_chain::admit_eviction(const admission_request& request, const json& posted,
                                             const json& pod) const {
  const admission_facts facts(store_);
  if (auto own = check_node(request, nullptr, &pod, facts); !own) return own;
  return admit_posted(request, "CREATE", posted, facts);
}

result<void> admission_chain::admit_binding(const admission_request& request, const json& binding) const {
  return admit_posted(request, "CREATE", binding, admission_facts(store_));
}

result<void> admission_chain::admit_connection(const admission_request& request,
                                               const std::function<json()>& options) const {
  if (!validating_->current()) return {};
  return admit_posted(request, "CONNECT", options(), admission_facts(store_));
}

result<void> admission_chain::admit_posted(admission_request request, std::string_view operation,
                                           const json& posted, const admission_facts& facts) const {
  const auto policies = validating_->current();
  if (!policies) return {};
  request.operation = operation;
  return admit_by_policies(*policies, request, &posted, nullptr, facts, may_);
}

void admission_chain::mutate_binding(json& binding) const {
  const field target = field(binding).at("target");
  const std::string_view kind = target.at("kind").text();
  if (!kind.empty() && kind != "Node") return;
  const admission_facts facts(store_);
  const auto labels = facts.labels(builtin("", "nodes"), {}, target.at("name").text());
  if (!labels) return;
  for (const auto& [key, value] : topology_labels(*labels)) binding["metadata"]["labels"][key] = value;
}

} // namespace actord::actors
