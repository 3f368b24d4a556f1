#include "schema/patch/field_compare.hpp"

#include "schema/codec/scalar_forms.hpp"
#include "schema/patch/merge_type.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>

namespace actord::schema {
namespace {

std::string field_step(const std::string& name) {
  std::string step;
  step.reserve(name.size() + 2);
  step += "f:";
  step += name;
  return step;
}

/// One path in the three result trees. The nodes for a step are made before it is known whether anything
/// below changed; leave() takes those back that stayed empty.
struct position {
  field_set& added;
  field_set& modified;
  field_set& removed;
  bool& comparable;

  position enter(const std::string& step) const {
    return {added.descend(step), modified.descend(step), removed.descend(step), comparable};
  }
  void leave(const std::string& step) const {
    added.drop_if_empty(step);
    modified.drop_if_empty(step);
    removed.drop_if_empty(step);
  }
};

/// Items of a list by step. A step that occurs several times is owned as one piece.
using item_index = std::vector<std::pair<std::string, std::vector<const json*>>>;

item_index index_items(const merge_type& type, const json& list, bool& comparable) {
  item_index index;
  if (!list.is_array()) return index;
  index.reserve(list.size());
  for (const json& item : list) {
    auto step = item_step(type, item);
    if (!step) {
      comparable = false;
      continue;
    }
    index.emplace_back(std::move(*step), std::vector<const json*>{&item});
  }
  std::stable_sort(index.begin(), index.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 1; i < index.size();) {
    if (index[i].first == index[i - 1].first) {
      index[i - 1].second.push_back(index[i].second.front());
      index.erase(index.begin() + static_cast<long>(i));
    } else {
      ++i;
    }
  }
  return index;
}

bool empty_container(const json& value) {
  return value.is_null() || (value.is_structured() && value.empty());
}

/// Everything at and below a value that only one side has.
void take_all(const merge_type& type, const json& value, field_set& set, bool& comparable) {
  set.member = true;
  if (value.is_null() || type.one_piece(value)) return;
  if (value.is_object()) {
    set.children.reserve(value.size());
    for (const auto& [name, below] : value.get_ref<const json::object_t&>()) {
      bool declared = false;
      take_all(type.member(name, declared), below, set.append(field_step(name)), comparable);
    }
    return;
  }
  item_index index = index_items(type, value, comparable);
  set.children.reserve(index.size());
  for (auto& [step, items] : index) {
    field_set& below = set.append(std::move(step));
    if (items.size() == 1)
      take_all(type.item(), *items.front(), below, comparable);
    else
      below.member = true;
  }
}

void compare_values(const merge_type& type, const json& before, const json& after, const position& at);

void compare_members(const merge_type& type, const json& before, const json& after, const position& at) {
  static const json::object_t none;
  const auto& left = before.is_object() ? before.get_ref<const json::object_t&>() : none;
  const auto& right = after.is_object() ? after.get_ref<const json::object_t&>() : none;
  auto a = left.begin();
  auto b = right.begin();
  bool declared = false;
  // Mostly there is more after than before: all of a new object.
  if (right.size() > left.size()) at.added.children.reserve(right.size() - left.size());
  while (a != left.end() || b != right.end()) {
    if (b == right.end() || (a != left.end() && a->first < b->first)) {
      take_all(type.member(a->first, declared), a->second, at.removed.descend(field_step(a->first)),
               at.comparable);
      ++a;
    } else if (a == left.end() || b->first < a->first) {
      take_all(type.member(b->first, declared), b->second, at.added.descend(field_step(b->first)),
               at.comparable);
      ++b;
    } else {
      if (a->second != b->second) {
        const std::string step = field_step(a->first);
        compare_values(type.member(a->first, declared), a->second, b->second, at.enter(step));
        at.leave(step);
      }
      ++a;
      ++b;
    }
  }
}

void compare_items(const merge_type& type, const std::vector<const json*>& before,
                   const std::vector<const json*>& after, const std::string& step, const position& at) {
  const position below = at.enter(step);
  if (before.empty()) {
    below.added.member = true;
    if (after.size() == 1) take_all(type.item(), *after.front(), below.added, at.comparable);
  } else if (after.empty()) {
    below.removed.member = true;
    if (before.size() == 1) take_all(type.item(), *before.front(), below.removed, at.comparable);
  } else if (before.size() == 1 && after.size() == 1) {
    compare_values(type.item(), *before.front(), *after.front(), below);
  } else if (before.size() > 1 && after.size() > 1) {
    below.modified.member = !std::equal(before.begin(), before.end(), after.begin(), after.end(),
                                        [](const json* a, const json* b) { return *a == *b; });
  } else if (before.size() > 1) {
    take_all(type.item(), *after.front(), below.added, at.comparable);
    below.removed.member = true;
  } else {
    take_all(type.item(), *before.front(), below.removed, at.comparable);
    below.added.member = true;
  }
  at.leave(step);
}

void compare_lists(const merge_type& type, const json& before, const json& after, const position& at) {
  const item_index left = index_items(type, before, at.comparable);
  const item_index right = index_items(type, after, at.comparable);
  static const std::vector<const json*> none;
  auto a = left.begin();
  auto b = right.begin();
  while (a != left.end() || b != right.end()) {
    if (b == right.end() || (a != left.end() && a->first < b->first)) {
      compare_items(type, a->second, none, a->first, at);
      ++a;
    } else if (a == left.end() || b->first < a->first) {
      compare_items(type, none, b->second, b->first, at);
      ++b;
    } else {
      compare_items(type, a->second, b->second, a->first, at);
      ++a;
      ++b;
    }
  }
}

void compare_values(const merge_type& type, const json& before, const json& after, const position& at) {
  const json& sample = after.is_null() ? before : after;
  if ((empty_container(before) && empty_container(after)) || type.one_piece(sample)) {
    at.modified.member = before != after;
    return;
  }
  if (sample.is_object())
    compare_members(type, before, after, at);
  else
    compare_lists(type, before, after, at);
}

} // namespace

field_changes compare_objects(const object_type& type, const json& before, const json& after) {
  const value_type root{value_kind::structure, &type, nullptr, {}};
  field_changes changes;
  compare_members({&root, {}, false, false, {}}, before, after,
                  {changes.added, changes.modified, changes.removed, changes.comparable});
  return changes;
}

const json& zero_object(const object_type& type) {
  // Custom types show nothing that was not given. Those of built-in kinds live as long as the process, so
  // that their address can stand for them.
  static const json nothing = json::object();
  const auto built_in = type_table();
  if (&type < built_in.data() || &type >= built_in.data() + built_in.size()) return nothing;
  static std::shared_mutex guard;
  static std::map<const object_type*, std::unique_ptr<const json>> made;
  {
    const std::shared_lock reading(guard);
    const auto found = made.find(&type);
    if (found != made.end()) return *found->second;
  }
  const std::unique_lock writing(guard);
  auto& zero = made[&type];
  if (zero == nullptr)
    zero = std::make_unique<const json>(zero_of(value_type{value_kind::structure, &type, nullptr, {}}));
  return *zero;
}

} // namespace actord::schema
