#include "actors/controllers/apps/name_hash.hpp"

namespace actord::actors {

std::string name_hash(std::string_view text, std::optional<std::int64_t> collisions) {
  std::uint64_t hash = 0xcbf29ce484222325ULL; // FNV-1a, 64 bit
  const auto mix = [&](std::string_view part) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  };
  mix(text);
  if (collisions) mix('#' + std::to_string(*collisions));
  // Kubernetes' name alphabet: no vowels, nothing that looks like another character.
  constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string out;
  for (int i = 0; i < 10; ++i, hash /= alphabet.size()) out += alphabet[hash % alphabet.size()];
  return out;
}

} // namespace actord::actors
