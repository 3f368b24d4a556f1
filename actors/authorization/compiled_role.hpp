#pragma once

#include "actors/authorization/policy_rules.hpp"

#include <cstdint>
#include <unordered_map>

namespace actord::actors {

/// A question with what every role would otherwise compute again: the hashes of "pods/log" and "*/log".
struct hashed_question {
  explicit hashed_question(const access_question& what);

  access_question asked;
  std::size_t resource_hash = 0;
  std::size_t any_hash = 0; ///< of "*/subresource"
};

/// The rules of one role, immutable, arranged so that a question is answered by looking at the rules of its
/// resource only. Answers exactly what `rule_allows` of any of its rules would.
class compiled_role {
public:
  explicit compiled_role(std::vector<policy_rule> rules);
  compiled_role(const compiled_role&) = delete;
  compiled_role& operator=(const compiled_role&) = delete;

  [[nodiscard]] bool allows(const hashed_question& question) const;
  [[nodiscard]] const std::vector<policy_rule>& rules() const { return rules_; }

private:
  using rule_numbers = std::vector<std::uint32_t>;
  [[nodiscard]] bool any_allows(std::size_t hash, const access_question& question) const;

  std::vector<policy_rule> rules_;
  /// By the hash of the resource as the rule writes it. A collision only costs a look: `rule_allows` decides.
  std::unordered_map<std::size_t, rule_numbers> by_resource_;
  bool small_ = false; ///< so few rules that looking at all is quicker
};

} // namespace actord::actors
