#include "schema/base/rng.hpp"

#include "schema/base/always.hpp"

#include <array>
#include <cstring>
#include <string_view>
#include <sys/random.h>

namespace actord {
namespace {

class machine_random final : public random_source {
public:
  std::uint64_t next() override {
    thread_local std::array<std::uint64_t, 32> pool{};
    thread_local std::size_t left = 0;
    if (left == 0) {
      ALWAYS(getrandom(pool.data(), sizeof(pool), 0) == static_cast<ssize_t>(sizeof(pool)));
      left = pool.size();
    }
    return pool[--left];
  }
};

} // namespace

random_source& system_random_source() {
  static machine_random instance;
  return instance;
}

std::uint64_t seeded_random_source::next() {
  std::uint64_t mixed = (state_ += 0x9e3779b97f4a7c15ULL);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
  return mixed ^ (mixed >> 31);
}

std::string new_uuid(random_source& random) {
  std::array<unsigned char, 16> raw{};
  const std::uint64_t halves[2] = {random.next(), random.next()};
  std::memcpy(raw.data(), halves, sizeof(halves));
  raw[6] = static_cast<unsigned char>((raw[6] & 0x0fU) | 0x40U);
  raw[8] = static_cast<unsigned char>((raw[8] & 0x3fU) | 0x80U);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(36, '-');
  std::size_t at = 0;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) ++at;
    text[at++] = digits[raw[i] >> 4U];
    text[at++] = digits[raw[i] & 0x0fU];
  }
  return text;
}

std::string random_suffix(random_source& random, int length) {
  constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string text;
  for (int i = 0; i < length; ++i) text += alphabet[random.next() % alphabet.size()];
  return text;
}

} // namespace actord
