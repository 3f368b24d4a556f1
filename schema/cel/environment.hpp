#pragma once

#include "schema/cel/type.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema::cel {

/// What an expression may name.
class environment {
public:
  /// Variables have the slots 0, 1, 2 ... in the order in which they are declared.
  environment& declare(std::string name, type_ref type);
  /// A type that expressions can make values of: `Object.spec{replicas: 3}`. `find` gets names that begin
  /// with `root` and returns null for those that are no types.
  using structure_finder = type_ref (*)(std::string_view name);
  environment& declare_structures(structure_finder find);

  [[nodiscard]] std::optional<std::size_t> slot(std::string_view name) const;
  [[nodiscard]] const type_ref& type_at(std::size_t slot) const { return variables_[slot].second; }
  [[nodiscard]] std::size_t size() const { return variables_.size(); }
  [[nodiscard]] type_ref structure(std::string_view name) const;

private:
  std::vector<std::pair<std::string, type_ref>> variables_;
  structure_finder find_structure_ = nullptr;
};

} // namespace actord::schema::cel
