#include "actors/webhooks/match_conditions.hpp"

namespace actord::actors {

condition_verdict judge_conditions(const webhook&, const review_subject&, const json*, const json*) {
  return condition_verdict::holds;
}

} // namespace actord::actors
