#pragma once

#include "schema/base/result.hpp"

#include <string>

namespace actord::test_support {

/// What to print when a result was expected to be a success; Boost.Test evaluates messages of passing checks
/// too.
template <class Value>
std::string failure_text(const result<Value>& outcome) {
  return outcome ? std::string("success") : outcome.error().message;
}

} // namespace actord::test_support
