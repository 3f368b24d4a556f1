#pragma once

#include "actors/authorization/access_question.hpp"

#include <functional>

namespace actord::actors {

struct caller_identity;

/// Whether a caller may do something: the authorizer, for whoever asks on somebody's behalf.
using access_check = std::function<bool(const caller_identity& caller, const access_question& about)>;

} // namespace actord::actors
