#include "net/services/iptables_program.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

namespace actord::net {

namespace {

constexpr std::string_view probability_option = "--probability ";
constexpr double probability_tolerance = 1e-8; ///< the kernel keeps 31 bits

bool same_rules(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const std::string& a, const std::string& b) { return same_rule(a, b); });
}

bool contains_hook(const std::vector<hook_rule>& hooks, const hook_rule& wanted) {
  return std::find(hooks.begin(), hooks.end(), wanted) != hooks.end();
}

std::set<std::string> tables_of(const iptables_change& change) {
  std::set<std::string> tables;
  for (const auto& [name, rules] : change.rewrite) tables.insert(name.table);
  for (const auto& name : change.remove) tables.insert(name.table);
  for (const auto& hook : change.add_hooks) tables.insert(hook.table);
  for (const auto& hook : change.remove_hooks) tables.insert(hook.table);
  return tables;
}

/// Order matters: chains exist before rules name them, and lose all references before they are deleted.
void render_table(std::string& text, const std::string& table, const iptables_change& change) {
  text += "*" + table + "\n";
  for (const auto& [name, rules] : change.rewrite) {
    if (name.table == table) text += ":" + name.chain + " - [0:0]\n";
  }
  for (const auto& name : change.remove) {
    if (name.table == table) text += ":" + name.chain + " - [0:0]\n";
  }
  for (const auto& hook : change.remove_hooks) {
    if (hook.table == table) text += "-D " + hook.from + " " + hook.rule + "\n";
  }
  for (const auto& [name, rules] : change.rewrite) {
    if (name.table != table) continue;
    for (const auto& rule : rules)
      text.append("-A ").append(name.chain).append(" ").append(rule).append("\n");
  }
  for (const auto& hook : change.add_hooks) {
    if (hook.table == table) text += "-I " + hook.from + " 1 " + hook.rule + "\n";
  }
  for (const auto& name : change.remove) {
    if (name.table == table) text += "-X " + name.chain + "\n";
  }
  text += "COMMIT\n";
}

/// One line "-A CHAIN RULE" of a saved table.
void parse_rule(std::string_view line, const std::string& table, iptables_program& program) {
  line.remove_prefix(3);
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return;
  const std::string chain(line.substr(0, space));
  std::string rule(line.substr(space + 1));
  if (chain.starts_with(own_chain_prefix)) {
    program.chains[{table, chain}].push_back(std::move(rule));
    return;
  }
  const std::size_t jump = rule.find("-j " + std::string(own_chain_prefix));
  if (jump != std::string::npos) program.hooks.push_back({table, chain, std::move(rule)});
}

} // namespace

iptables_change difference(const iptables_program& present, const iptables_program& wanted) {
  iptables_change change;
  for (const auto& [name, rules] : wanted.chains) {
    const auto found = present.chains.find(name);
    if (found == present.chains.end() || !same_rules(found->second, rules))
      change.rewrite.emplace(name, rules);
  }
  for (const auto& [name, rules] : present.chains) {
    if (!wanted.chains.contains(name)) change.remove.push_back(name);
  }
  for (const auto& hook : wanted.hooks) {
    if (!contains_hook(present.hooks, hook)) change.add_hooks.push_back(hook);
  }
  std::vector<hook_rule> seen;
  for (const auto& hook : present.hooks) {
    const bool repeated = contains_hook(seen, hook);
    if (repeated || !contains_hook(wanted.hooks, hook)) change.remove_hooks.push_back(hook);
    seen.push_back(hook);
  }
  return change;
}

std::string render(const iptables_change& change) {
  std::string text;
  for (const auto& table : tables_of(change)) render_table(text, table, change);
  return text;
}

iptables_program parse_saved_rules(std::string_view text) {
  iptables_program program;
  std::string table;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with("*")) {
      table = line.substr(1);
    } else if (line.starts_with(":")) {
      const std::string chain(line.substr(1, line.find(' ') - 1));
      if (chain.starts_with(own_chain_prefix)) program.chains[{table, chain}];
    } else if (line.starts_with("-A ")) {
      parse_rule(line, table, program);
    }
  }
  return program;
}

bool same_rule(std::string_view left, std::string_view right) {
  if (left == right) return true;
  const std::size_t at = left.find(probability_option);
  if (at == std::string_view::npos) return false;
  const std::size_t value = at + probability_option.size();
  if (right.substr(0, value) != left.substr(0, value)) return false;
  const std::size_t left_end = std::min(left.find(' ', value), left.size());
  const std::size_t right_end = std::min(right.find(' ', value), right.size());
  const double left_number = std::strtod(std::string(left.substr(value, left_end - value)).c_str(), nullptr);
  const double right_number =
      std::strtod(std::string(right.substr(value, right_end - value)).c_str(), nullptr);
  return std::abs(left_number - right_number) < probability_tolerance &&
         left.substr(left_end) == right.substr(right_end);
}

} // namespace actord::net
