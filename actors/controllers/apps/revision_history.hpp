#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/replica_set_view.hpp"
#include "schema/view/workloads/revision_view.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// ControllerRevisions: the pod templates a StatefulSet or DaemonSet has had, each as the patch that brings
/// it back (`kubectl rollout undo`). The one with the highest number is the present one; a template that was
/// there before gets its old revision with a new number.

namespace actord::actors {

using seen_revision = seen<schema::revision_view>;

/// Whose history it is. Refers to the workload's view.
struct revision_owner {
  std::string_view kind; ///< in apps/v1
  const schema::meta_view& meta;
  const schema::pod_template_view& pod_template;
  const schema::selector_view& selector;
  std::int64_t collisions = 0;
  std::string_view hash_label; ///< what carries the hash on revisions of this kind
};

struct revision_history {
  std::vector<const seen_revision*> all;   ///< its own, lowest number first
  std::vector<const seen_revision*> equal; ///< those of them with the present template
  /// The present one: once `settled`, the last of both.
  [[nodiscard]] const seen_revision* newest() const { return equal.empty() ? nullptr : equal.back(); }
  [[nodiscard]] bool settled() const { return !equal.empty() && equal.back() == all.back(); }
  [[nodiscard]] const seen_revision* find(std::string_view name) const;
};

/// Sorts out which revisions are its own, and adopts those that nobody has and its selector matches.
revision_history claim_revisions(const revision_owner& owner, const std::vector<seen_revision>& candidates,
                                 plan& out);

/// Writes down the present template as the newest revision. Call it when it is not.
void write_revision(const revision_owner& owner, const revision_history& history, plan& out);

/// Removes the oldest of those that are not in use, all but `limit` of them.
void trim_revisions(const revision_history& history, const std::set<std::string_view>& used,
                    std::int64_t limit, plan& out);

std::string revision_hash(const revision_owner& owner);
std::string revision_name(const revision_owner& owner);
/// Whether the revision brings back that template.
bool holds(const schema::revision_view& revision, const schema::pod_template_view& pod_template);
/// The template it brings back; an empty object when it has none.
json template_in(const schema::revision_view& revision);

} // namespace actord::actors
