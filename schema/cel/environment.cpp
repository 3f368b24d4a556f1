#include "schema/cel/environment.hpp"

#include <algorithm>

namespace actord::schema::cel {

environment& environment::declare(std::string name, type_ref type) {
  variables_.emplace_back(std::move(name), std::move(type));
  return *this;
}

environment& environment::declare_structures(structure_finder find) {
  find_structure_ = find;
  return *this;
}

std::optional<std::size_t> environment::slot(std::string_view name) const {
  const auto found =
      std::ranges::find(variables_, name, [](const auto& one) -> const std::string& { return one.first; });
  return found == variables_.end() ? std::nullopt
                                   : std::optional(static_cast<std::size_t>(found - variables_.begin()));
}

type_ref environment::structure(std::string_view name) const {
  return find_structure_ == nullptr ? nullptr : find_structure_(name);
}

} // namespace actord::schema::cel
