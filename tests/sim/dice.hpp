#pragma once

#include "schema/base/rng.hpp"

#include <cstdint>
#include <initializer_list>

namespace actord::sim {

/// All chance of a run comes from its seed, through one of these for each purpose, so that drawing more in
/// one place does not change what another draws.
class dice {
public:
  explicit dice(std::uint64_t seed) : random_(seed) {}

  /// 0 to below - 1.
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : random_.next() % bound; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  bool chance(std::uint64_t per_mille) { return below(1000) < per_mille; }
  template <class T>
  T pick(std::initializer_list<T> from) {
    return *(from.begin() + below(from.size()));
  }
  random_source& source() { return random_; }

private:
  seeded_random_source random_;
};

} // namespace actord::sim
