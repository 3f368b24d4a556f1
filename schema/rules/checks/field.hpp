#pragma once

#include "schema/base/json_fwd.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace actord::schema::rules {

/// A place in an object: a value (perhaps absent) and the way there, in the words errors use
/// ("spec.ports[0].name"). Reading is total: an absent value reads as the type's zero, because an absent
/// scalar and a zero one mean the same to every rule that does not ask `present`.
///
/// Cheap to copy; the path becomes text only when an error needs it. Views the object and the names it was
/// given: both must outlive it.
class field {
public:
  explicit field(const json& root);

  /// A named member of a structure: "a.b".
  [[nodiscard]] field at(std::string_view name) const;
  /// An item of a list: "a[0]".
  [[nodiscard]] field item(std::size_t index) const;
  /// A member of a map: "a[key]".
  [[nodiscard]] field entry(std::string_view key) const;
  /// The same value at another path: "a.name", for rules whose errors name what holds no value of its own.
  [[nodiscard]] field named(std::string_view name) const;
  /// The same path with another value.
  [[nodiscard]] field with(const json& value) const;

  /// Neither absent nor null.
  [[nodiscard]] bool present() const;
  /// Absent, null, "", 0, false, [] or {}.
  [[nodiscard]] bool zero() const;
  /// The text of a string; empty for all else.
  [[nodiscard]] std::string_view text() const;
  [[nodiscard]] std::int64_t integer(std::int64_t otherwise = 0) const;
  [[nodiscard]] bool truth() const;
  [[nodiscard]] bool is_text() const;
  [[nodiscard]] bool is_integer() const;
  /// Items of a list or members of a map.
  [[nodiscard]] std::size_t size() const;
  /// null when absent.
  [[nodiscard]] const json& value() const { return *value_; }
  [[nodiscard]] bool contains(std::string_view name) const;

  [[nodiscard]] std::string path() const;
  operator std::string() const { return path(); }

  class list_range;
  /// Items of a list, in order; nothing for what is no list.
  [[nodiscard]] list_range items() const;

private:
  /// Without constructors, so that the steps behind `depth_` cost nothing: a pod is looked at in 500 places.
  struct segment {
    const char* name;
    std::uint32_t name_bytes;
    std::int32_t index; ///< -1: a member; -2: a map entry; else a list index
  };
  static segment step_of(std::string_view name, std::int32_t index) {
    return {name.data(), static_cast<std::uint32_t>(name.size()), index};
  }
  static constexpr std::size_t max_depth = 24;
  field(const field& parent, segment step, const json& value);
  void copy_steps(const field& from);

  const json* value_;
  std::shared_ptr<const std::string> prefix_; ///< the start of a path that outgrew `steps_`, else null
  std::size_t depth_ = 0;
  std::array<segment, max_depth> steps_;

public:
  field(const field& other);
  field& operator=(const field& other);
  ~field() = default;
};

class field::list_range {
public:
  explicit list_range(const field& list) : list_(list), size_(list.size()) {}
  class iterator {
  public:
    iterator(const field& list, std::size_t index) : list_(&list), index_(index) {}
    field operator*() const { return list_->item(index_); }
    iterator& operator++() { return ++index_, *this; }
    bool operator!=(const iterator& other) const { return index_ != other.index_; }

  private:
    const field* list_;
    std::size_t index_;
  };
  [[nodiscard]] iterator begin() const { return {list_, 0}; }
  [[nodiscard]] iterator end() const { return {list_, size_}; }

private:
  field list_;
  std::size_t size_;
};

} // namespace actord::schema::rules
