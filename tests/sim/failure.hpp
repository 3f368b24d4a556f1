#pragma once

#include <fmt/format.h>
#include <stdexcept>
#include <string>

namespace actord::sim {

/// Something happened that must never happen. The text says what; the seed replays it.
class failure : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

inline void require(bool holds, const std::string& what) {
  if (!holds) throw failure(what);
}
/// Asked after every event: the text is made when it is wanted.
template <class... Args>
void require(bool holds, fmt::format_string<const Args&...> what, const Args&... args) {
  if (!holds) throw failure(fmt::format(what, args...));
}

} // namespace actord::sim
