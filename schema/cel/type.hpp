#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What an expression of the Common Expression Language may be known to yield before it runs.

namespace actord::schema::cel {

enum class type_kind : std::uint8_t {
  dynamic, ///< known only when it runs
  null,
  boolean,
  integer,
  unsigned_integer,
  floating,
  string,
  bytes,
  timestamp,
  duration,
  list,      ///< parameters: item
  map,       ///< parameters: key, value
  structure, ///< has members of its own; see `members`
  type,
  optional,  ///< parameters: value
  opaque,    ///< told apart by name: "kubernetes.Quantity"
  parameter, ///< "A" in a signature
};

struct type;
/// Types are immutable and shared.
using type_ref = std::shared_ptr<const type>;

struct member_type {
  type_ref type;
  std::string json_name; ///< what the member is called in JSON; expressions may have to escape it
};

/// The members of a structure, as expressions name them.
class structure_members {
public:
  virtual ~structure_members() = default;
  [[nodiscard]] virtual std::optional<member_type> find(std::string_view name) const = 0;
};

/// How lists are compared and added: in order, as a set, or by the keys of their items.
enum class list_form : std::uint8_t { plain, set, keyed };

/// Invariants: `parameters` has what the kind says; `members` is set for structures only.
struct type {
  type_kind kind = type_kind::dynamic;
  std::string name = {};
  std::vector<type_ref> parameters = {};
  std::shared_ptr<const structure_members> members = {};
  list_form form = list_form::plain;
  std::vector<std::string> keys = {}; ///< of the items of a keyed list
};

/// One of the types without parameters.
const type_ref& simple(type_kind kind);
type_ref list_of(type_ref item);
type_ref map_of(type_ref key, type_ref value);
type_ref optional_of(type_ref value);
type_ref opaque(std::string name);
type_ref structure_of(std::string name, std::shared_ptr<const structure_members> members);

/// As errors name it: "list(int)", "map(string, dyn)".
std::string text_of(const type& of);
bool same(const type& left, const type& right);

} // namespace actord::schema::cel
