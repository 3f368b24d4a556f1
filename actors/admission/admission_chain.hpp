#pragma once

#include "actors/authorization/access_check.hpp"
#include "actors/objects/write_command.hpp"

#include <functional>
#include <memory>

namespace actord::storage {
class store;
}

namespace actord::actors {

class admission_facts;
class policy_board;

/// What admission may know of a write besides the object.
struct admission_request {
  const schema::resource_type& type;
  std::string_view subresource;
  std::string_view space;
  std::string_view name; ///< of the request; empty for a create
  write_verb verb;
  const caller_identity& caller;
  /// What the client should be told though the write is allowed; may be null.
  std::vector<std::string>* warnings = nullptr;
  /// What the audit log should say of it, by annotation; may be null.
  std::map<std::string, std::string>* audit_notes = nullptr;
  bool dry_run = false;
  /// What policies are told it is: "CONNECT", and "CREATE" of what is posted to bind or evict a pod; empty:
  /// what verb and objects say.
  std::string_view operation{};
};

/// The admission plugins of the API, in process and in the order of Kubernetes: what it turns on by default,
/// as far as it applies. Each plugin is a pure function in a file of its own; the chain looks up what it
/// needs to know. Admission policies come last.
///
/// Checks that a race could make stale are also part of the write's transaction: the namespace is active, the
/// quota suffices, the disruption budget is not used up.
class admission_chain {
public:
  /// Without `may`, only the administrators' group may what is asked about.
  admission_chain(storage::store& store, random_source& random, access_check may = {});
  ~admission_chain();
  admission_chain(const admission_chain&) = delete;
  admission_chain& operator=(const admission_chain&) = delete;

  /// May change `object`. `old` is null on create.
  result<void> mutate(const admission_request& request, json& object, const json* old) const;
  /// Only refuses.
  result<void> admit(const admission_request& request, const json& object, const json* old) const;
  /// May refuse a deletion.
  result<void> admit_removal(const admission_request& request, const json& old) const;
  /// May refuse to evict `pod`, which is asked for by the Eviction `posted`.
  result<void> admit_eviction(const admission_request& request, const json& posted, const json& pod) const;
  /// May refuse what is posted to bind a pod.
  result<void> admit_binding(const admission_request& request, const json& binding) const;
  /// May refuse a connection to a pod, service or node; `options` makes its PodExecOptions or the like.
  result<void> admit_connection(const admission_request& request, const std::function<json()>& options) const;
  /// A pod that gets a node takes over where the node is.
  void mutate_binding(json& binding) const;

private:
  result<void> mutate_by_plugins(const admission_request& request, json& object, const json* old,
                                 const admission_facts& facts) const;
  result<void> admit_by_plugins(const admission_request& request, const json& object, const json* old,
                                const admission_facts& facts) const;
  result<void> admit_posted(admission_request request, std::string_view operation, const json& posted,
                            const admission_facts& facts) const;
  result<void> require_namespace(const admission_request& request, const json& object,
                                 const admission_facts& facts) const;
  result<void> check_node(const admission_request& request, const json* object, const json* old,
                          const admission_facts& facts) const;
  result<void> mutate_pod(const admission_request& request, json& pod, const json* old,
                          const admission_facts& facts) const;
  result<void> admit_pod(const admission_request& request, const json& pod, const json* old,
                         const admission_facts& facts) const;
  result<void> admit_claim(const admission_request& request, const json& claim, const json* old,
                           const admission_facts& facts) const;
  result<void> admit_namespace(const admission_request& request, const json& space, const json* old,
                               const admission_facts& facts) const;
  result<void> admit_signing_request(const admission_request& request, const json& object,
                                     const json* old) const;

  const storage::store& store_;
  random_source& random_;
  const access_check may_;
  std::unique_ptr<policy_board> mutating_;
  std::unique_ptr<policy_board> validating_;
};

} // namespace actord::actors
