#include "schema/patch/strategic_merge_patch.hpp"

#include "schema/base/json.hpp"
#include "schema/tables/type_table.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace actord::schema {
namespace {

constexpr std::string_view delete_list_prefix = "$deleteFromPrimitiveList";
constexpr std::string_view order_prefix = "$setElementOrder";
constexpr const char* retain_keys = "$retainKeys";
constexpr const char* directive = "$patch";

using failure = std::optional<error>;

error bad_format(std::string_view message) {
  return {error_kind::bad_request, std::string(message), {}, {}, 0};
}
error cannot_merge(std::string message) { return {error_kind::internal, std::move(message), {}, {}, 0}; }
constexpr std::string_view bad_order_list = "invalid patch format of setElementOrder list";
constexpr std::string_view bad_primitive_list = "invalid patch format of primitive list";
constexpr std::string_view bad_retain_keys = "invalid patch format of retainKeys";

error no_merge_key(const json& item, std::string_view key) {
  return cannot_merge(
      fmt::format("map: {} does not contain declared merge key: {}", printed_like_go(item), key));
}
error unknown_directive(const json& item) {
  return cannot_merge(fmt::format("unknown patch type: {} in map: {}", printed_like_go(item.at(directive)),
                                  printed_like_go(item)));
}

/// How a member of an object is patched.
struct member_patch {
  const value_type* items = nullptr; ///< type of the items of a list, or of the members of a map
  const value_type* value = nullptr;
  bool merges = false;
  std::string_view key;
};

/// `type` is null where nothing is known: then lists are replaced.
member_patch patch_of(const value_type* type, std::string_view name) {
  if (type == nullptr) return {};
  if (type->kind == value_kind::map)
    return {type->items == nullptr ? nullptr : type->items->items, type->items, false, {}};
  if (type->kind != value_kind::structure) return {};
  const field_type* field = type->structure->field(name);
  if (field == nullptr) return {};
  return {field->value.items, &field->value, field->patch_merge, field->patch_merge_key};
}

const json& key_of(const json& item, std::string_view merge_key) {
  static const json none;
  if (merge_key.empty()) return item;
  const auto found = item.is_object() ? item.find(merge_key) : item.end();
  return item.is_object() && found != item.end() ? *found : none;
}

long index_of(const json& list, const json& item, std::string_view merge_key) {
  const json& key = key_of(item, merge_key);
  for (std::size_t i = 0; i < list.size(); ++i)
    if (key_of(list[i], merge_key) == key) return static_cast<long>(i);
  return -1;
}

void sort_by(std::vector<json>& items, const json& order, std::string_view merge_key) {
  std::stable_sort(items.begin(), items.end(), [&](const json& a, const json& b) {
    return index_of(order, a, merge_key) < index_of(order, b, merge_key);
  });
}

/// Puts the items the patch names in the patch's order and lets the others keep theirs, each standing before
/// the first patched item that came after it on the server.
json in_order(const json& merged, const json& patch_order, const json& server_order,
              std::string_view merge_key) {
  std::vector<json> patched;
  std::vector<json> others;
  for (const json& item : merged)
    (index_of(patch_order, item, merge_key) >= 0 ? patched : others).push_back(item);
  sort_by(patched, patch_order, merge_key);
  sort_by(others, server_order, merge_key);
  json all = json::array();
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < others.size() || j < patched.size()) {
    bool take_other = j >= patched.size();
    if (!take_other && i < others.size()) {
      const long left = index_of(server_order, others[i], merge_key);
      const long right = index_of(server_order, patched[j], merge_key);
      take_other = left >= 0 && right >= 0 && left < right;
    }
    all.push_back(take_other ? std::move(others[i++]) : std::move(patched[j++]));
  }
  return all;
}

/// False when the value itself is a directive and must not be kept.
bool remove_directives(json& value) {
  if (value.is_object()) {
    if (value.contains(directive)) return false;
    for (auto member = value.begin(); member != value.end();)
      member = remove_directives(*member) ? std::next(member) : value.erase(member);
  } else if (value.is_array()) {
    json kept = json::array();
    for (json& item : value)
      if (remove_directives(item)) kept.push_back(std::move(item));
    value = std::move(kept);
  }
  return true;
}

void discard_nulls(json& value) {
  if (value.is_object()) {
    for (auto member = value.begin(); member != value.end();) {
      if (member->is_null()) {
        member = value.erase(member);
      } else {
        discard_nulls(*member);
        ++member;
      }
    }
  } else if (value.is_array()) {
    for (json& item : value) discard_nulls(item);
  }
}

void set_from_patch(json& target, const std::string& name, json value) {
  discard_nulls(value);
  if (remove_directives(value))
    target[name] = std::move(value);
  else
    target.erase(name);
}

failure merge_object(const value_type* type, json& target, json& patch);

/// Handles `$patch` items: deletes what they name. `replaced` is set when the patch replaces the whole list.
failure apply_item_directives(json& target, json& patch, std::string_view merge_key, bool& replaced) {
  json plain = json::array();
  for (json& item : patch) {
    if (!item.is_object())
      return cannot_merge("expected a map[string]interface {}, but received a " +
                          std::string(item.type_name()));
    const auto found = item.find(directive);
    if (found == item.end()) {
      plain.push_back(std::move(item));
    } else if (*found == "delete") {
      if (!item.contains(merge_key)) return no_merge_key(item, merge_key);
      const json& key = key_of(item, merge_key);
      json kept = json::array();
      for (json& old : target) {
        if (!old.is_object() || !old.contains(merge_key)) return no_merge_key(old, merge_key);
        if (key_of(old, merge_key) != key) kept.push_back(std::move(old));
      }
      target = std::move(kept);
    } else if (*found == "replace") {
      replaced = true;
    } else if (*found == "merge") {
      return cannot_merge("merging lists cannot yet be specified in the patch");
    } else {
      return unknown_directive(item);
    }
  }
  patch = std::move(plain);
  return std::nullopt;
}

failure merge_keyed_items(const member_patch& how, json& target, json& patch) {
  bool replaced = false;
  if (auto failed = apply_item_directives(target, patch, how.key, replaced)) return failed;
  if (replaced) {
    target = std::move(patch);
    return std::nullopt;
  }
  json merged = target;
  for (json& item : patch) {
    if (!item.contains(how.key)) return no_merge_key(item, how.key);
    for (const json& old : merged)
      if (!old.is_object() || !old.contains(how.key)) return no_merge_key(old, how.key);
    const long found = index_of(merged, item, how.key);
    if (found < 0) {
      merged.push_back(item);
    } else {
      json copy = item;
      if (auto failed = merge_object(how.items, merged[static_cast<std::size_t>(found)], copy)) return failed;
    }
  }
  target = in_order(merged, patch, target, how.key);
  return std::nullopt;
}

failure check_elements(const json& list) {
  for (const json& item : list)
    if (item.is_array())
      return error{error_kind::invalid,
                   "the server rejected our request due to an error in our request",
                   {},
                   error_subject{},
                   0};
  return std::nullopt;
}

failure merge_list(const member_patch& how, json& target, json& patch, bool deletes) {
  if (!how.merges && !deletes) {
    target = std::move(patch);
    return std::nullopt;
  }
  if (target.empty() && patch.empty()) return std::nullopt;
  if (auto failed = check_elements(target)) return failed;
  if (auto failed = check_elements(patch)) return failed;
  const json& sample = target.empty() ? patch[0] : target[0];
  if (sample.is_object()) {
    if (how.key.empty()) return cannot_merge("cannot merge lists without merge key for struct");
    return merge_keyed_items(how, target, patch);
  }
  json merged = json::array();
  if (deletes) {
    for (const json& item : target)
      if (index_of(patch, item, {}) < 0) merged.push_back(item);
    target = std::move(merged);
    return std::nullopt;
  }
  for (const json* side : {&target, &patch})
    for (const json& item : *side)
      if (index_of(merged, item, {}) < 0) merged.push_back(item);
  target = in_order(merged, patch, target, {});
  return std::nullopt;
}

failure apply_retain_keys(json& target, json& patch) {
  const auto found = patch.find(retain_keys);
  if (found == patch.end()) return std::nullopt;
  const json keep = *found;
  patch.erase(retain_keys);
  if (!keep.is_array()) return bad_format(bad_retain_keys);
  const auto kept = [&](const std::string& name) { return index_of(keep, json(name), {}) >= 0; };
  for (const auto& [name, value] : patch.items()) {
    if (value.is_null() || name.starts_with(delete_list_prefix) || name.starts_with(order_prefix)) continue;
    if (!kept(name)) return bad_format(bad_retain_keys);
  }
  for (auto member = target.begin(); member != target.end();)
    member = kept(member.key()) ? std::next(member) : target.erase(member);
  return std::nullopt;
}

/// The items of the patch must come in the order that $setElementOrder states, and all be named there.
failure check_order(const json& patch, const json& order, std::string_view merge_key) {
  if (patch.empty() || order.empty()) return std::nullopt;
  std::size_t at = 0;
  for (const json& item : patch) {
    if (!merge_key.empty() && item.is_object() && item.contains(directive)) continue;
    if (!merge_key.empty() && (!item.is_object() || !item.contains(merge_key)))
      return no_merge_key(item, merge_key);
    for (;; ++at) {
      if (at >= order.size())
        return cannot_merge(fmt::format("The order in patch list:\n{}\n doesn't match {} list:\n{}\n",
                                        printed_like_go(patch), order_prefix, printed_like_go(order)));
      if (!merge_key.empty() && (!order[at].is_object() || !order[at].contains(merge_key)))
        return no_merge_key(order[at], merge_key);
      if (key_of(item, merge_key) == key_of(order[at], merge_key)) break;
    }
    ++at;
  }
  return std::nullopt;
}

failure apply_order(const value_type* type, json& target, json& patch, const std::string& name,
                    const json& order) {
  const auto slash = name.find('/');
  if (slash != order_prefix.size()) return bad_format(bad_order_list);
  const std::string list_name = name.substr(slash + 1);
  if (!order.is_array()) return bad_format(bad_order_list);
  const member_patch how = patch_of(type, list_name);
  if (how.value == nullptr || how.value->kind != value_kind::list)
    return cannot_merge(
        fmt::format("unable to find api field in struct for the json field \"{}\"", list_name));
  json changes = json::array();
  const auto sent = patch.find(list_name);
  const bool has_changes = sent != patch.end();
  if (has_changes) {
    if (!sent->is_array()) return bad_format(bad_order_list);
    changes = *sent;
  }
  if (auto failed = check_order(changes, order, how.key)) return failed;
  const auto stored = target.find(list_name);
  const bool has_target = stored != target.end();
  if (!has_target && !has_changes) return std::nullopt;
  json before = json::array();
  if (has_target) {
    if (!stored->is_array()) return bad_format(bad_order_list);
    before = *stored;
  }
  json merged = before;
  if (has_target && has_changes) {
    if (auto failed = merge_list(how, merged, changes, false)) return failed;
  } else if (has_changes) {
    remove_directives(changes);
    merged = std::move(changes);
  }
  if (!how.key.empty())
    for (const json& item : merged)
      if (!item.is_object() || !item.contains(how.key)) return no_merge_key(item, how.key);
  target[list_name] = in_order(merged, order, before, how.key);
  patch.erase(list_name);
  return std::nullopt;
}

failure apply_orders(const value_type* type, json& target, json& patch) {
  std::vector<std::pair<std::string, json>> orders;
  for (auto member = patch.begin(); member != patch.end();) {
    if (!member.key().starts_with(order_prefix)) {
      ++member;
      continue;
    }
    orders.emplace_back(member.key(), std::move(*member));
    member = patch.erase(member);
  }
  for (const auto& [name, order] : orders)
    if (auto failed = apply_order(type, target, patch, name, order)) return failed;
  return std::nullopt;
}

failure merge_member(const value_type* type, json& target, const std::string& sent_name, json& value) {
  const bool deletes = sent_name.starts_with(delete_list_prefix);
  std::string name = sent_name;
  if (deletes) {
    const auto slash = sent_name.find('/');
    if (slash != delete_list_prefix.size()) return bad_format(bad_primitive_list);
    name = sent_name.substr(slash + 1);
  }
  if (value.is_null()) {
    target.erase(name);
    return std::nullopt;
  }
  const auto old = target.find(name);
  if (old == target.end() || old->type() != value.type()) {
    if (!deletes) set_from_patch(target, name, std::move(value));
    return std::nullopt;
  }
  const member_patch how = patch_of(type, name);
  if (value.is_object()) return merge_object(how.value, *old, value);
  if (value.is_array()) return merge_list(how, *old, value, deletes);
  *old = std::move(value);
  return std::nullopt;
}

failure merge_object(const value_type* type, json& target, json& patch) {
  const auto found = patch.find(directive);
  if (found != patch.end()) {
    if (*found == "replace") {
      patch.erase(directive);
      target = std::move(patch);
      return std::nullopt;
    }
    if (*found == "delete") {
      target = json::object();
      return std::nullopt;
    }
    return unknown_directive(patch);
  }
  if (auto failed = apply_retain_keys(target, patch)) return failed;
  if (auto failed = apply_orders(type, target, patch)) return failed;
  for (auto& [name, value] : patch.get_ref<json::object_t&>())
    if (auto failed = merge_member(type, target, name, value)) return failed;
  return std::nullopt;
}

} // namespace

result<void> apply_strategic_merge_patch(const object_type& type, json& target, json patch) {
  const value_type root{value_kind::structure, &type, nullptr, {}};
  if (auto failed = merge_object(&root, target, patch)) return std::move(*failed);
  return {};
}

std::string printed_like_go(const json& value) {
  if (value.is_null()) return "<nil>";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_structured()) return value.dump();
  std::string text = value.is_object() ? "map[" : "[";
  bool first = true;
  for (const auto& [name, item] : value.items()) {
    if (!first) text += ' ';
    first = false;
    if (value.is_object()) text += name + ":";
    text += printed_like_go(item);
  }
  return text + "]";
}

} // namespace actord::schema
