#pragma once

#include <string_view>

/// Invariant checks that stay on in every build: our own bug ends the process with the values printed,
/// because a daemon that goes on after a broken invariant writes its mistake to the replicated store.

namespace actord {

/// Prints `expression`, `detail` and a backtrace to stderr and aborts.
[[noreturn]] void always_failed(const char* expression, const char* file, int line, std::string_view detail);

} // namespace actord

#define ALWAYS(expression)                                                                                   \
  ((expression) ? (void)0 : ::actord::always_failed(#expression, __FILE__, __LINE__, {}))

/// The same with a text (anything convertible to std::string_view) that says which values broke the rule.
#define ALWAYS_WITH(expression, detail)                                                                      \
  ((expression) ? (void)0 : ::actord::always_failed(#expression, __FILE__, __LINE__, (detail)))
