#pragma once

#include "actors/admission/pod_security/pod_security.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {
struct resource_type;
}

/// Where the Pod Security Standards are asked for: pods are refused, templates and namespaces warned about.

namespace actord::actors {

/// Who is told what the standards say of a write besides a refusal; either may be null.
struct security_listeners {
  std::vector<std::string>* warnings = nullptr;
  std::map<std::string, std::string>* audit_notes = nullptr; ///< annotations of the audit event
};

/// `labels` are those of the pod's namespace.
result<void> admit_pod_security(const json& pod, const schema::text_map& labels,
                                const security_listeners& told);
/// Whether an update could break a rule that the pod kept before: an image or a container is another.
bool changes_pod_security(const json& pod, const json& old);

/// The pod template of a workload: an object with metadata and spec.
std::optional<json> pod_template_of(const schema::resource_type& type, const json& object);
void warn_of_security(const json& pod_template, const schema::text_map& labels,
                      const security_listeners& told);

/// The labels of a namespace must be right, and when they ask for more than before, the client is told which
/// pods would not be admitted any more.
result<void> admit_security_labels(const schema::resource_type& type, const json& space, const json* old,
                                   const std::function<std::vector<json>(std::string_view space)>& pods_of,
                                   std::vector<std::string>* warnings);

} // namespace actord::actors
