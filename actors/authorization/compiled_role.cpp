#include "actors/authorization/compiled_role.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

constexpr std::size_t few_rules = 4;

/// FNV-1a, which can go on where it stopped: the parts of a name need not be put together.
constexpr std::size_t seed = 14695981039346656037ULL;
std::size_t hash_on(std::size_t hash, std::string_view text) {
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211ULL;
  return hash;
}

const std::size_t everything = hash_on(seed, "*");

} // namespace

hashed_question::hashed_question(const access_question& what)
    : asked(what), resource_hash(hash_on(seed, what.resource)) {
  if (what.subresource.empty()) return;
  resource_hash = hash_on(hash_on(resource_hash, "/"), what.subresource);
  any_hash = hash_on(hash_on(seed, "*/"), what.subresource);
}

compiled_role::compiled_role(std::vector<policy_rule> rules)
    : rules_(std::move(rules)), small_(rules_.size() <= few_rules) {
  if (small_) return;
  for (std::uint32_t i = 0; i < rules_.size(); ++i)
    for (const std::string& resource : rules_[i].resources) {
      rule_numbers& there = by_resource_[hash_on(seed, resource)];
      if (there.empty() || there.back() != i) there.push_back(i);
    }
}

bool compiled_role::any_allows(std::size_t hash, const access_question& question) const {
  const auto found = by_resource_.find(hash);
  return found != by_resource_.end() && std::ranges::any_of(found->second, [&](std::uint32_t number) {
           return rule_allows(rules_[number], question);
         });
}

bool compiled_role::allows(const hashed_question& question) const {
  const access_question& asked = question.asked;
  if (small_ || asked.about_path())
    return std::ranges::any_of(rules_, [&](const policy_rule& rule) { return rule_allows(rule, asked); });
  return any_allows(question.resource_hash, asked) || any_allows(everything, asked) ||
         (!asked.subresource.empty() && any_allows(question.any_hash, asked));
}

} // namespace actord::actors
