#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/view/workloads/stateful_set_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What gives a StatefulSet's pods their identity: names by ordinal, and claims by name of the pod.

namespace actord::actors {

inline constexpr std::string_view revision_label = "controller-revision-hash";

std::string stateful_pod_name(const schema::stateful_set_view& set, std::int64_t ordinal);
/// The ordinal in a name of the set's pods; unset for any other name ("db-01" and "db-x" are none of db's).
std::optional<std::int64_t> ordinal_of(const schema::stateful_set_view& set, std::string_view pod_name);

/// Of a claim that the pod of this ordinal uses.
std::string claim_name(const schema::stateful_set_view& set, const schema::claim_template_view& claim,
                       std::int64_t ordinal);
/// Whether a claim of that name is used by some pod of the set.
bool uses_claim(const schema::stateful_set_view& set, std::string_view name);

/// The pod of that ordinal from a template that may be an older one.
json stateful_pod_body(const schema::stateful_set_view& set, std::int64_t ordinal, json pod_template,
                       std::string_view revision);
/// The labels that tell who a pod is.
json identity_labels(std::string_view pod_name, std::int64_t ordinal);
json claim_body(const schema::stateful_set_view& set, const schema::claim_template_view& claim,
                std::int64_t ordinal);

/// The pod a claim belongs to, as its owner references know it; `uid` is empty while there is none.
struct claim_user {
  std::string_view name;
  std::string_view uid;
  bool condemned = false; ///< the set has become smaller, and the pod goes
};

/// Owners the claim should have instead of those it has, by the set's retention policy; unset where they are
/// right, or not ours to change:
///
///     whenDeleted  whenScaled   owner while its pod is wanted   owner when it is condemned
///     Retain       Retain       -                               -
///     Delete       Retain       the set                         the set
///     Retain       Delete       -                               the pod
///     Delete       Delete       the set                         the pod
std::optional<std::vector<schema::owner_view>>
corrected_owners(const schema::meta_view& claim, const schema::stateful_set_view& set, const claim_user& pod);
/// The claim belongs to an earlier pod of that name and goes with it.
bool is_stale(const schema::meta_view& claim, const claim_user& pod);

} // namespace actord::actors
