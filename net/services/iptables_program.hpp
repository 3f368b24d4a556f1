#pragma once

#include <compare>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// A set of iptables chains as a value: what they are, how two sets differ, and the text that turns one into
/// the other.

namespace actord::net {

inline constexpr std::string_view own_chain_prefix = "ACTORD-";

struct chain_name {
  std::string table; ///< "nat" or "filter"
  std::string chain;

  auto operator<=>(const chain_name&) const = default;
};

/// A jump from a chain of the kernel into one of ours.
struct hook_rule {
  std::string table;
  std::string from; ///< "PREROUTING"
  std::string rule; ///< "-j ACTORD-SERVICES"

  auto operator<=>(const hook_rule&) const = default;
};

/// Rules are written as iptables-save prints them, without "-A CHAIN ", so that what is read back can be
/// compared.
struct iptables_program {
  std::map<chain_name, std::vector<std::string>> chains = {};
  std::vector<hook_rule> hooks = {};

  bool operator==(const iptables_program&) const = default;
};

/// What must be done to get from one program to another.
struct iptables_change {
  std::map<chain_name, std::vector<std::string>> rewrite = {}; ///< new or different chains
  std::vector<chain_name> remove = {};
  std::vector<hook_rule> add_hooks = {};
  std::vector<hook_rule> remove_hooks = {};

  [[nodiscard]] bool empty() const {
    return rewrite.empty() && remove.empty() && add_hooks.empty() && remove_hooks.empty();
  }
  bool operator==(const iptables_change&) const = default;
};

iptables_change difference(const iptables_program& present, const iptables_program& wanted);

/// Input of `iptables-restore --noflush`: one transaction per table, touching nothing but what the change
/// names.
std::string render(const iptables_change& change);

/// Our chains and the hooks into them in the output of iptables-save; everybody else's are ignored.
iptables_program parse_saved_rules(std::string_view text);

/// True when both mean the same rule; probabilities are compared as the 31-bit numbers the kernel keeps.
bool same_rule(std::string_view left, std::string_view right);

} // namespace actord::net
