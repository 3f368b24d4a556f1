#pragma once

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

} // namespace actord::sim
