#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/rules/kind_rules.hpp"

#include <memory>
#include <string>

/// x-kubernetes-validations: what a schema demands of its values in expressions.

namespace actord::schema::cel {
class program;
class environment;
} // namespace actord::schema::cel

namespace actord::schema::custom {

struct schema_node;

/// What the rules of one place in a schema may name: `self` and `oldSelf`.
struct rule_names {
  static constexpr std::size_t self = 0;
  static constexpr std::size_t old_self = 1;
};
/// `optional_old`: oldSelf is there on creates too, and then holds nothing.
cel::environment rule_environment(const schema_node& schema, const std::string& name, bool root,
                                  bool optional_old);

/// The rules of a schema, compiled. Shaped as the schema is, but without what holds no rules.
class rule_tree {
public:
  /// Null when the schema has no rules. `schema` is what `node` was compiled from; the node must outlive the
  /// result. Rules that do not compile are kept: whatever they are to judge fails.
  static std::unique_ptr<const rule_tree> compile(const json& schema, const schema_node& node);

  rule_tree(const rule_tree&) = delete;
  rule_tree& operator=(const rule_tree&) = delete;
  ~rule_tree();

  /// Judges an object, in the words of Kubernetes. `old` is what was there before; null on a create. What has
  /// not changed since is not held against the writer. All rules of one object together may cost 10,000,000
  /// steps.
  void judge(const json& object, const json* old, field_errors& errors) const;

private:
  rule_tree();
  struct parts;
  friend struct judgement;
  friend struct rule_compiler;
  std::unique_ptr<parts> parts_;
};

} // namespace actord::schema::custom
