#pragma once

#include "schema/cel/value.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// An expression as a tree.

namespace actord::schema::cel {

struct function;

enum class node_kind : std::uint8_t {
  literal,
  identifier,
  member,    ///< parts: operand; name
  has,       ///< parts: operand; name: whether it is there
  call,      ///< parts: arguments, after the receiver if there is one
  both,      ///< parts: all must be true
  either,    ///< parts: one must be true
  choice,    ///< parts: condition, then, otherwise
  list,      ///< parts: items
  map,       ///< parts: key, value, key, value ...
  structure, ///< name; parts: a literal with the member's name, value ...
  macro,     ///< over the items of a list or the keys of a map; see `loop`
  bind,      ///< cel.bind: parts: value, expression; `first` is the value
  with,      ///< optMap, optFlatMap: parts: optional, expression; `first` is what it holds
};

enum class loop_kind : std::uint8_t {
  all,
  exists,
  exists_one,
  map,
  filter,
  transform_list,
  transform_map,
  transform_entry
};

struct node;
using node_ref = std::unique_ptr<node>;

/// Invariants: no deeper than `most_tree_depth`, no more nodes than the expression has bytes.
struct node {
  node_kind kind;
  std::size_t at; ///< the byte of the expression that errors point to
  std::string name = {};
  value held = {};
  std::vector<node_ref> parts = {};
  int depth = 1; ///< of the tree from here down
  bool has_receiver = false;
  bool optional = false;                 ///< `.?member`; optFlatMap
  std::vector<bool> optional_parts = {}; ///< `[?item]`, `{?key: value}`; empty when there is none
  // Loops: parts are range, [condition,] body.
  loop_kind loop = loop_kind::all;
  std::string first = {};
  std::string second = {}; ///< of loops over index and item, key and value
  // Found by the checker.
  std::ptrdiff_t slot = -1;         ///< of a declared variable; -1: a variable of a loop
  const function* called = nullptr; ///< of calls
  type_ref seen_as = {};            ///< of structures
};

inline constexpr std::size_t most_depth = 250; ///< of brackets within brackets
inline constexpr int most_tree_depth = 500;
inline constexpr std::size_t most_expression_bytes = 100'000;

} // namespace actord::schema::cel
