#include "schema/cel/program.hpp"

#include "schema/cel/checker.hpp"
#include "schema/cel/evaluator.hpp"
#include "schema/cel/library/regex_cache.hpp"
#include "schema/cel/parser.hpp"

#include <algorithm>

namespace actord::schema::cel {
namespace {

error failed(std::string why) {
  return {.kind = error_kind::invalid, .message = std::move(why), .causes = {}};
}

bool names(const node& at, std::ptrdiff_t slot) {
  return (at.kind == node_kind::identifier && at.slot == slot) ||
         std::ranges::any_of(at.parts, [&](const node_ref& part) { return names(*part, slot); });
}

/// What is wrong with a regular expression that is written out; empty when nothing is.
std::string pattern_complaint(const node& at) {
  if (at.kind == node_kind::call && at.parts.size() > 1 &&
      (at.name == "matches" || at.name == "find" || at.name == "findAll") &&
      at.parts[1]->kind == node_kind::literal && at.parts[1]->held.string())
    if (std::string why = complaint_of_pattern(*at.parts[1]->held.string()); !why.empty()) return why;
  for (const node_ref& part : at.parts)
    if (std::string why = pattern_complaint(*part); !why.empty()) return why;
  return {};
}

} // namespace

program::program(std::unique_ptr<node> root, type_ref yields)
    : root_(std::move(root)), yields_(std::move(yields)) {}
program::program(program&&) noexcept = default;
program& program::operator=(program&&) noexcept = default;
program::~program() = default;

result<program> program::compile(std::string_view expression, const environment& declared) {
  std::vector<issue> issues;
  node_ref root = parse(expression, issues);
  type_ref yields;
  if (root != nullptr && issues.empty()) yields = check(*root, declared, issues);
  if (!issues.empty()) return failed("compilation failed: " + text_of(std::move(issues), expression));
  if (std::string why = pattern_complaint(*root); !why.empty())
    return failed("program instantiation failed: " + why);
  return program(std::move(root), std::move(yields));
}

bool program::uses(std::size_t slot) const { return names(*root_, static_cast<std::ptrdiff_t>(slot)); }

value program::evaluate(std::span<const value> variables, spending& cost) const {
  return cel::evaluate(*root_, variables, cost);
}

} // namespace actord::schema::cel
