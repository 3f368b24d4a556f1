#pragma once

#include "actors/webhooks/admission_review.hpp"

namespace actord::actors {

enum class condition_verdict : std::uint8_t { holds, fails };

/// Whether a webhook's matchConditions let it be asked about a request that its rules and selectors name.
/// `object` and `old` are as the webhook would be shown them. The expressions are not evaluated: all of them
/// count as true, so that a webhook is rather asked too often than too seldom.
condition_verdict judge_conditions(const webhook& hook, const review_subject& subject, const json* object,
                                   const json* old);

} // namespace actord::actors
