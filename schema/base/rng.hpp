#pragma once

#include <cstdint>
#include <string>

namespace actord {

/// The only source of randomness, so that a seed replays a run. Implementations are safe to call from any
/// thread.
class random_source {
public:
  virtual ~random_source() = default;
  virtual std::uint64_t next() = 0;
};

/// The operating system's generator.
random_source& system_random_source();

/// A repeatable generator (splitmix64).
class seeded_random_source final : public random_source {
public:
  explicit seeded_random_source(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;

private:
  std::uint64_t state_;
};

/// A version 4 UUID in its 36-character form (RFC 9562).
std::string new_uuid(random_source& random);
/// `length` characters of Kubernetes' name alphabet, which leaves out vowels and look-alikes.
std::string random_suffix(random_source& random, int length = 5);

} // namespace actord
