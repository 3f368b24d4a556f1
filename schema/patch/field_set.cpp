#include "schema/patch/field_set.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/json_text.hpp"

#include <algorithm>

namespace actord::schema {
namespace {

auto lower_bound(const std::vector<field_set::child>& children, std::string_view step) {
  return std::lower_bound(
      children.begin(), children.end(), step,
      [](const field_set::child& child, std::string_view wanted) { return child.step < wanted; });
}

template <class Combine>
void zip(const field_set& left, const field_set& right, Combine combine) {
  auto a = left.children.begin();
  auto b = right.children.begin();
  while (a != left.children.end() || b != right.children.end()) {
    if (b == right.children.end() || (a != left.children.end() && a->step < b->step)) {
      combine(a->step, &a->set, nullptr);
      ++a;
    } else if (a == left.children.end() || b->step < a->step) {
      combine(b->step, nullptr, &b->set);
      ++b;
    } else {
      combine(a->step, &a->set, &b->set);
      ++a;
      ++b;
    }
  }
}

void add_child(field_set& to, const std::string& step, field_set set) {
  if (!set.empty()) to.children.push_back({step, std::move(set)});
}

/// `k:{"name":"c"}` to `[name="c"]`.
std::string printed_step(const std::string& step) {
  const std::string_view body = std::string_view(step).substr(2);
  if (step[0] == 'f') return "." + std::string(body);
  if (step[0] == 'v') return "[=" + std::string(body) + "]";
  if (step[0] == 'i') return "[" + std::string(body) + "]";
  const auto keys = parse_json(body);
  std::string text = "[";
  if (keys && keys->is_object())
    for (const auto& [name, value] : keys->items()) {
      if (text.size() > 1) text += ',';
      text += name + "=" + json_text(value);
    }
  return text + "]";
}

void visit_paths(const field_set& set, const std::string& prefix,
                 const std::function<void(const std::string&)>& visit) {
  for (const auto& child : set.children)
    if (child.set.member) visit(prefix + printed_step(child.step));
  for (const auto& child : set.children) visit_paths(child.set, prefix + printed_step(child.step), visit);
}

bool valid_step(const std::string& step) {
  if (step.size() < 2 || step[1] != ':') return false;
  switch (step[0]) {
  case 'f':
  case 'i':
    return true;
  case 'k': {
    const auto keys = parse_json(std::string_view(step).substr(2));
    return keys && keys->is_object();
  }
  case 'v':
    return parse_json(std::string_view(step).substr(2)).has_value();
  default:
    return false;
  }
}

} // namespace

const field_set* field_set::find(std::string_view step) const {
  const auto found = lower_bound(children, step);
  return found != children.end() && found->step == step ? &found->set : nullptr;
}

field_set& field_set::descend(std::string_view step) {
  if (children.empty() || children.back().step < step)
    return children.emplace_back(child{std::string(step), {}}).set;
  const auto found = lower_bound(children, step);
  if (found != children.end() && found->step == step)
    return children[static_cast<std::size_t>(found - children.begin())].set;
  return children.insert(found, child{std::string(step), {}})->set;
}

field_set& field_set::append(std::string step) {
  return children.emplace_back(child{std::move(step), {}}).set;
}

void field_set::drop_if_empty(std::string_view step) {
  const auto found = lower_bound(children, step);
  if (found != children.end() && found->step == step && found->set.empty()) children.erase(found);
}

void field_set::insert(std::initializer_list<std::string_view> path) {
  field_set* node = this;
  for (const std::string_view step : path) node = &node->descend(step);
  node->member = true;
}

bool field_set::contains(std::initializer_list<std::string_view> path) const {
  const field_set* node = this;
  for (const std::string_view step : path) {
    node = node->find(step);
    if (node == nullptr) return false;
  }
  return node->member;
}

field_set set_union(const field_set& left, const field_set& right) {
  field_set all;
  all.member = left.member || right.member;
  all.children.reserve(std::max(left.children.size(), right.children.size()));
  zip(left, right, [&](const std::string& step, const field_set* a, const field_set* b) {
    add_child(all, step, a == nullptr ? *b : b == nullptr ? *a : set_union(*a, *b));
  });
  return all;
}

field_set set_intersection(const field_set& left, const field_set& right) {
  field_set common;
  common.member = left.member && right.member;
  zip(left, right, [&](const std::string& step, const field_set* a, const field_set* b) {
    if (a != nullptr && b != nullptr) add_child(common, step, set_intersection(*a, *b));
  });
  return common;
}

field_set set_difference(const field_set& left, const field_set& right) {
  field_set rest;
  rest.member = left.member && !right.member;
  rest.children.reserve(left.children.size());
  zip(left, right, [&](const std::string& step, const field_set* a, const field_set* b) {
    if (a != nullptr) add_child(rest, step, b == nullptr ? *a : set_difference(*a, *b));
  });
  return rest;
}

field_set set_difference_with_subtrees(const field_set& left, const field_set& right) {
  field_set rest;
  rest.member = left.member && !right.member;
  zip(left, right, [&](const std::string& step, const field_set* a, const field_set* b) {
    if (a == nullptr || (b != nullptr && b->member)) return;
    add_child(rest, step, b == nullptr ? *a : set_difference_with_subtrees(*a, *b));
  });
  return rest;
}

void subtract(field_set& from, const field_set& what) {
  if (what.member) from.member = false;
  for (const auto& child : what.children) {
    const auto found = lower_bound(from.children, child.step);
    if (found == from.children.end() || found->step != child.step) continue;
    field_set& below = from.children[static_cast<std::size_t>(found - from.children.begin())].set;
    subtract(below, child.set);
    if (below.empty()) from.children.erase(found);
  }
}

void subtract_with_subtrees(field_set& from, const field_set& what) {
  if (what.member) from.member = false;
  for (const auto& child : what.children) {
    const auto found = lower_bound(from.children, child.step);
    if (found == from.children.end() || found->step != child.step) continue;
    field_set& below = from.children[static_cast<std::size_t>(found - from.children.begin())].set;
    if (!child.set.member) subtract_with_subtrees(below, child.set);
    if (child.set.member || below.empty()) from.children.erase(found);
  }
}

void add(field_set& to, field_set&& what) {
  if (to.empty()) {
    to = std::move(what);
    return;
  }
  to.member = to.member || what.member;
  for (auto& child : what.children) add(to.descend(child.step), std::move(child.set));
}

bool fields_v1_overlap(const json& fields, const field_set& set) {
  if (!fields.is_object()) return false;
  for (const auto& child : set.children) {
    const auto found = fields.find(child.step);
    if (found == fields.end()) continue;
    if (child.set.member && (found->empty() || found->contains("."))) return true;
    if (fields_v1_overlap(*found, child.set)) return true;
  }
  return false;
}

json to_fields_v1(const field_set& set) {
  json fields(json::value_t::object);
  auto& members = fields.get_ref<json::object_t&>();
  for (const auto& child : set.children) {
    json below = to_fields_v1(child.set);
    if (child.set.member && !child.set.children.empty()) {
      auto& steps = below.get_ref<json::object_t&>();
      steps.emplace_hint(steps.begin(), ".", json::value_t::object); // which sorts before all steps
    }
    members.emplace_hint(members.end(), child.step, std::move(below));
  }
  return fields;
}

bool from_fields_v1(const json& fields, field_set& out) {
  if (!fields.is_object()) return false;
  out = {};
  for (const auto& [step, below] : fields.items()) {
    if (!below.is_object()) return false;
    if (step == ".") {
      out.member = true;
      continue;
    }
    if (!valid_step(step)) return false;
    field_set child;
    if (!from_fields_v1(below, child)) return false;
    if (below.empty()) child.member = true;
    if (!child.empty()) out.children.push_back({step, std::move(child)});
  }
  return true;
}

void for_each_path(const field_set& set, const std::function<void(const std::string& path)>& visit) {
  visit_paths(set, "", visit);
}

} // namespace actord::schema
