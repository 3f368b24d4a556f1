#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace actord {

/// An integer with a meaning of its own: a revision is not a term. `value` is public, arithmetic is not.
template <class Tag, class Rep>
struct strong_id {
  Rep value{};

  constexpr strong_id() = default;
  constexpr explicit strong_id(Rep raw) : value(raw) {}
  constexpr auto operator<=>(const strong_id&) const = default;
};

/// Position in the one order of all writes of a cluster; what the API calls resourceVersion. 0 is "none".
using revision = strong_id<struct revision_tag, std::uint64_t>;
using raft_term = strong_id<struct raft_term_tag, std::uint64_t>;
using raft_index = strong_id<struct raft_index_tag, std::uint64_t>;
/// Row of the resource table (schema/tables/resource_table.hpp); stable across versions since it is stored.
using resource_id = strong_id<struct resource_id_tag, std::uint16_t>;

/// Name of one object. `space` is the namespace, empty for cluster-wide kinds.
struct object_key {
  resource_id resource;
  std::string space;
  std::string name;

  auto operator<=>(const object_key&) const = default;
};

} // namespace actord

template <class Tag, class Rep>
struct std::hash<actord::strong_id<Tag, Rep>> {
  std::size_t operator()(actord::strong_id<Tag, Rep> id) const noexcept { return std::hash<Rep>{}(id.value); }
};

template <>
struct std::hash<actord::object_key> {
  std::size_t operator()(const actord::object_key& key) const noexcept {
    const std::size_t left = std::hash<std::string>{}(key.name);
    const std::size_t right = std::hash<std::string>{}(key.space) * 31 + key.resource.value;
    return left ^ (right + 0x9e3779b97f4a7c15ULL + (left << 6) + (left >> 2));
  }
};
