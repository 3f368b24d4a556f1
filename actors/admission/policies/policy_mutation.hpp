#pragma once

#include "actors/admission/policies/policy_judge.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

namespace actord::actors {

/// Has mutating policies change `object`, in order of their names; those that ask for it see it once more
/// when others changed it after them. `write` gives the judged write for an object as it is now. An error's
/// message is why the request is refused: "MutatingAdmissionPolicy 'p' with binding 'b' denied request: ...".
result<void> mutate_write(const policy_set& policies, json& object,
                          const std::function<judged_write(const json& object)>& write);

} // namespace actord::actors
