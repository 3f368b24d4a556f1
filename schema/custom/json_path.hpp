#pragma once

#include "schema/base/json.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema::custom {

/// The path expressions of printer columns and selectable fields, as kubectl's -o jsonpath without the
/// braces:
///   .spec.size   .metadata.labels['a.b/c']   .status.parts[0]   .parts[-1]   .parts[1:3]   .parts[*].name
///   .status.conditions[?(@.type=="Ready")].status
class json_path {
public:
  json_path() = default;
  /// bad_request when it is no such expression.
  static result<json_path> parse(std::string_view text);

  /// Everything at the path, in order; nothing when it leads nowhere.
  [[nodiscard]] std::vector<const json*> find(const json& root) const;

private:
  enum class step_kind : std::uint8_t { member, item, slice, all, filter };
  enum class comparison : std::uint8_t {
    exists,
    equal,
    not_equal,
    less,
    less_or_equal,
    greater,
    greater_or_equal
  };
  struct step {
    step_kind kind = step_kind::member;
    std::string name;
    std::int64_t from = 0;
    std::int64_t to = 0;
    bool to_end = false;
    comparison compare = comparison::exists;
    std::vector<std::string> operand; ///< members below the item, for a filter
    json literal;
  };
  class parser;

  static bool passes(const step& filter, const json& item);
  std::vector<step> steps_;
};

} // namespace actord::schema::custom
