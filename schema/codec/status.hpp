#pragma once

#include "schema/base/error.hpp"

#include <string>

/// The Status objects of answers, as JSON text.

namespace actord::schema {

/// The answer to a request that failed. `details` is there when the error has a subject (an empty one makes
/// `details: {}`), causes or a time to wait.
std::string status_text(const error& failure);

/// The answer to a deletion that is done.
std::string success_status_text(const error_subject& deleted);

} // namespace actord::schema
