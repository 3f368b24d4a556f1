#include "schema/base/always.hpp"

#include <cstdio>
#include <cstdlib>
#include <execinfo.h>

namespace actord {

void always_failed(const char* expression, const char* file, int line, std::string_view detail) {
  std::fprintf(stderr, "actord: broken invariant: %s at %s:%d %.*s\n", expression, file, line,
               static_cast<int>(detail.size()), detail.data());
  constexpr int frames_max = 48;
  void* frames[frames_max];
  backtrace_symbols_fd(frames, backtrace(frames, frames_max), 2);
  std::abort();
}

} // namespace actord
