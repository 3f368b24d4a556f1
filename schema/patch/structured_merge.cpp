#include "schema/patch/structured_merge.hpp"

#include "schema/patch/merge_type.hpp"

#include <algorithm>
#include <map>

namespace actord::schema {
namespace {

struct keyed_item {
  std::string step;
  const json* item;
};

using keyed_items = std::vector<keyed_item>;

keyed_items keyed(const merge_type& type, const json* list) {
  keyed_items items;
  if (list == nullptr || !list->is_array()) return items;
  for (const json& item : *list)
    if (auto step = item_step(type, item)) items.push_back({std::move(*step), &item});
  return items;
}

const json* find_item(const keyed_items& items, const std::string& step) {
  const auto found = std::ranges::find(items, step, &keyed_item::step);
  return found == items.end() ? nullptr : found->item;
}

bool empty_container(const json& value) {
  return value.is_null() || (value.is_structured() && value.empty());
}

void mention(const merge_type& type, const json& value, field_set& set) {
  if (value.is_null()) return;
  if (type.one_piece(value)) {
    set.member = true;
    return;
  }
  if (value.is_object()) {
    for (const auto& [name, below] : value.items()) {
      bool declared = false;
      const merge_type member = type.member(name, declared);
      const std::string step = "f:" + name;
      field_set& node = set.descend(step);
      mention(member, below, node);
      if (!declared || below.is_null() || (below.is_object() && below.empty())) node.member = true;
      set.drop_if_empty(step);
    }
    return;
  }
  for (const auto& [step, item] : keyed(type, &value)) {
    field_set& node = set.descend(step);
    mention(type.item(), *item, node);
    node.member = true;
  }
}

/// Null stands for "nothing on this side".
json merge_values(const merge_type& type, const json* live, const json* applied);

json merge_members(const merge_type& type, const json* live, const json* applied) {
  json merged = json::object();
  const auto merge_one = [&](const std::string& name, const json* a, const json* b) {
    bool declared = false;
    merged[name] = merge_values(type.member(name, declared), a, b);
  };
  if (live != nullptr && live->is_object())
    for (const auto& [name, value] : live->items()) {
      const bool shared = applied != nullptr && applied->is_object() && applied->contains(name);
      merge_one(name, &value, shared ? &(*applied)[name] : nullptr);
    }
  if (applied != nullptr && applied->is_object())
    for (const auto& [name, value] : applied->items())
      if (!merged.contains(name)) merge_one(name, nullptr, &value);
  return merged;
}

/// Applied items come in the applied order; live items that were not applied keep their place between their
/// neighbours. Worked example: live a b c d, applied d b x gives a d b x c... shared items follow `applied`,
/// and each run of live-only items is emitted before the next shared item that live has after it.
json merge_items(const merge_type& type, const json* live, const json* applied) {
  const keyed_items left = keyed(type, live);
  const keyed_items right = keyed(type, applied);
  json merged = json::array();
  const auto in_left = [&](const std::string& step) { return find_item(left, step) != nullptr; };
  const auto in_right = [&](const std::string& step) { return find_item(right, step) != nullptr; };
  const auto repeated = [&](const std::string& step) {
    return std::ranges::count(left, step, &keyed_item::step) > 1;
  };
  std::vector<std::string> shared;
  for (const auto& [step, item] : right)
    if (in_left(step)) shared.push_back(step);
  std::size_t next_shared = 0;
  std::vector<std::string> done;
  const auto is_done = [&](const std::string& step) { return std::ranges::find(done, step) != done.end(); };
  const auto take_right = [&](std::size_t r) {
    const std::string& step = right[r].step;
    done.push_back(step);
    const json* other = repeated(step) ? nullptr : find_item(left, step);
    merged.push_back(merge_values(type.item(), other, right[r].item));
  };
  std::size_t l = 0;
  std::size_t r = 0;
  while (l < left.size() || r < right.size()) {
    if (l < left.size() && r < right.size()) {
      if (left[l].step == right[r].step) {
        take_right(r++);
        ++l;
        ++next_shared;
        continue;
      }
      // A shared item, but not the one whose turn it is.
      if (in_right(left[l].step) && next_shared < shared.size() && shared[next_shared] != left[l].step) {
        ++l;
        continue;
      }
    }
    if (l < left.size()) {
      if (!in_right(left[l].step)) {
        merged.push_back(merge_values(type.item(), left[l].item, nullptr));
        ++l;
        continue;
      }
      if (is_done(left[l].step)) ++l;
    }
    if (r < right.size()) {
      if (next_shared < shared.size() && shared[next_shared] == right[r].step) ++next_shared;
      take_right(r++);
    }
  }
  return merged;
}

json merge_values(const merge_type& type, const json* live, const json* applied) {
  const json& sample = applied != nullptr && !applied->is_null() ? *applied
                       : live != nullptr                         ? *live
                                                                 : *applied;
  const bool both_empty =
      (live == nullptr || empty_container(*live)) && (applied == nullptr || empty_container(*applied));
  if (both_empty || type.one_piece(sample)) return applied != nullptr ? *applied : *live;
  return sample.is_object() ? merge_members(type, live, applied) : merge_items(type, live, applied);
}

json removed_from(const merge_type& type, const json& value, const field_set& fields) {
  if (!value.is_structured() || value.empty() || type.one_piece(value)) return value;
  if (value.is_object()) {
    json kept = json::object();
    for (const auto& [name, below] : value.items()) {
      const field_set* node = fields.find("f:" + name);
      if (node != nullptr && node->member) continue;
      bool declared = false;
      kept[name] = node == nullptr ? below : removed_from(type.member(name, declared), below, *node);
    }
    return kept;
  }
  json kept = json::array();
  for (const json& item : value) {
    const auto step = item_step(type, item);
    const field_set* node = step ? fields.find(*step) : nullptr;
    if (node != nullptr && node->member) continue;
    kept.push_back(node == nullptr ? item : removed_from(type.item(), item, *node));
  }
  return kept;
}

field_set with_ancestors(const merge_type& type, const field_set& set) {
  field_set all;
  all.member = set.member;
  for (const auto& [step, below] : set.children) {
    bool declared = false;
    const merge_type child =
        step[0] == 'f' ? type.member(std::string_view(step).substr(2), declared) : type.item();
    field_set node = with_ancestors(child, below);
    if (declared) node.member = true;
    all.children.push_back({step, std::move(node)});
  }
  return all;
}

} // namespace

field_set mentioned_fields(const object_type& type, const json& object) {
  const value_type root{value_kind::structure, &type, nullptr, {}};
  field_set set;
  mention({&root, {}, false, false, {}}, object, set);
  set.member = false;
  return set;
}

json merge_objects(const object_type& type, const json& live, const json& applied) {
  const value_type root{value_kind::structure, &type, nullptr, {}};
  return merge_members({&root, {}, false, false, {}}, &live, &applied);
}

json remove_fields(const object_type& type, const json& object, const field_set& fields) {
  const value_type root{value_kind::structure, &type, nullptr, {}};
  return removed_from({&root, {}, false, false, {}}, object, fields);
}

field_set with_declared_ancestors(const object_type& type, const field_set& set) {
  const value_type root{value_kind::structure, &type, nullptr, {}};
  return with_ancestors({&root, {}, false, false, {}}, set);
}

} // namespace actord::schema
