#pragma once

#include "actors/admission/admission_chain.hpp"
#include "actors/admission/policies/compiled_policy.hpp"

namespace actord::actors {

class admission_facts;

/// Has the policies in force judge a write. `object` is null for a removal, `old` for a create. Warnings and
/// audit annotations go where the request says. A refusal is the answer to the client.
result<void> admit_by_policies(const policy_set& policies, const admission_request& request,
                               const json* object, const json* old, const admission_facts& facts,
                               const access_check& may);

/// Has mutating policies change what is about to be written, and fills in what is then left out.
result<void> mutate_by_policies(const policy_set& policies, const admission_request& request, json& object,
                                const json* old, const admission_facts& facts, const access_check& may);

} // namespace actord::actors
