#include "schema/cel/checker.hpp"

#include "schema/cel/functions.hpp"
#include "schema/cel/type_names.hpp"
#include "schema/cel/unify.hpp"

#include <fmt/format.h>

namespace actord::schema::cel {
namespace {

const type_ref& dynamic() { return simple(type_kind::dynamic); }
const type_ref& boolean() { return simple(type_kind::boolean); }

std::optional<std::string> qualified_name(const node& from) {
  if (from.kind == node_kind::identifier) return from.name;
  if (from.kind != node_kind::member || from.optional) return std::nullopt;
  auto before = qualified_name(*from.parts[0]);
  if (before) before->append(".").append(from.name);
  return before;
}

type_ref type_of_literal(const value& held) {
  if (held.is_null()) return simple(type_kind::null);
  if (held.as<bool>() != nullptr) return boolean();
  if (held.as<std::int64_t>() != nullptr) return simple(type_kind::integer);
  if (held.as<std::uint64_t>() != nullptr) return simple(type_kind::unsigned_integer);
  if (held.as<double>() != nullptr) return simple(type_kind::floating);
  if (held.as<byte_text>() != nullptr) return simple(type_kind::bytes);
  if (held.as<type_name>() != nullptr) return simple(type_kind::type);
  return simple(type_kind::string);
}

class checker {
public:
  checker(const environment& names, std::vector<issue>& issues) : names_(names), issues_(issues) {}

  type_ref visit(node& at) {
    switch (at.kind) {
    case node_kind::literal:
      return type_of_literal(at.held);
    case node_kind::identifier:
      return identifier(at);
    case node_kind::member:
      return member(at);
    case node_kind::has:
      member_of(at, visit(*at.parts[0]));
      return boolean();
    case node_kind::call:
      return call(at);
    case node_kind::both:
    case node_kind::either:
      return logical(at);
    case node_kind::choice:
      return choice(at);
    case node_kind::list:
      return list(at);
    case node_kind::map:
      return map(at);
    case node_kind::structure:
      return structure(at);
    case node_kind::macro:
      return loop(at);
    case node_kind::bind:
      return bind(at);
    case node_kind::with:
      return with(at);
    }
    return dynamic();
  }

private:
  type_ref wrong(const node& at, std::string message) {
    constexpr std::size_t most_issues = 100;
    if (issues_.size() < most_issues)
      issues_.push_back({static_cast<std::ptrdiff_t>(at.at), std::move(message)});
    return dynamic();
  }
  type_ref undeclared(const node& at, std::string_view name) {
    return wrong(at, fmt::format("undeclared reference to '{}' (in container '')", name));
  }

  [[nodiscard]] const type_ref* local(std::string_view name) const {
    for (auto one = locals_.rbegin(); one != locals_.rend(); ++one)
      if (one->first == name) return &one->second;
    return nullptr;
  }

  type_ref identifier(node& at) {
    if (const type_ref* found = local(at.name)) return *found;
    if (const auto slot = names_.slot(at.name)) {
      at.slot = static_cast<std::ptrdiff_t>(*slot);
      return names_.type_at(*slot);
    }
    if (const auto name = type_named(at.name)) {
      at.kind = node_kind::literal;
      at.held = type_name{std::string(*name)};
      return simple(type_kind::type);
    }
    return undeclared(at, at.name);
  }

  type_ref member(node& at) {
    // "google.protobuf.Timestamp" is a name as a whole.
    if (const auto whole = qualified_name(at))
      if (const auto name = type_named(*whole); name && whole->find('.') != std::string::npos) {
        at.kind = node_kind::literal;
        at.held = type_name{std::string(*name)};
        at.parts.clear();
        return simple(type_kind::type);
      }
    if (const auto whole = qualified_name(at))
      if (const auto slot = names_.slot(*whole)) {
        at.kind = node_kind::identifier;
        at.name = *whole;
        at.slot = static_cast<std::ptrdiff_t>(*slot);
        at.parts.clear();
        return names_.type_at(*slot);
      }
    const type_ref operand = visit(*at.parts[0]);
    const bool was_optional = operand->kind == type_kind::optional;
    type_ref found = member_of(at, operand);
    if (!at.optional && !was_optional) return found;
    return found->kind == type_kind::optional ? found : optional_of(std::move(found));
  }

  type_ref member_of(const node& at, const type_ref& operand) {
    switch (operand->kind) {
    case type_kind::dynamic:
      return dynamic();
    case type_kind::map: {
      bindings none;
      if (!assignable(simple(type_kind::string), operand->parameters[0], none)) break;
      return operand->parameters[1];
    }
    case type_kind::optional:
      return member_of(at, operand->parameters[0]);
    case type_kind::structure:
      if (operand->members == nullptr) return dynamic();
      if (auto found = operand->members->find(at.name)) return found->type;
      return wrong(at, fmt::format("undefined field '{}'", at.name));
    default:
      break;
    }
    return wrong(at, fmt::format("type '{}' does not support field selection", text_of(*operand)));
  }

  void expect(const node& at, const type_ref& wanted, const type_ref& found) {
    bindings none;
    if (!assignable(wanted, found, none))
      wrong(at, fmt::format("expected type '{}' but found '{}'", text_of(*wanted), text_of(*found)));
  }

  type_ref logical(node& at) {
    for (node_ref& part : at.parts) {
      const type_ref found = visit(*part);
      bindings none;
      if (!assignable(boolean(), found, none))
        wrong(*part, fmt::format("expected type 'bool' but found '{}'", text_of(*found)));
    }
    return boolean();
  }

  type_ref choice(node& at) {
    const type_ref condition = visit(*at.parts[0]);
    const type_ref then = visit(*at.parts[1]);
    const type_ref otherwise = visit(*at.parts[2]);
    bindings bound;
    const type_ref any = parse_type("A");
    if (!assignable(boolean(), condition, bound) || !assignable(any, then, bound) ||
        !assignable(any, otherwise, bound))
      return wrong(at, fmt::format("found no matching overload for '_?_:_' applied to '({}, {}, {})'",
                                   text_of(*condition), text_of(*then), text_of(*otherwise)));
    return substituted(any, bound);
  }

  /// All entries of a literal have one type, unless one is dynamic.
  void join_entry(const node& at, type_ref& all, type_ref found, bool optional) {
    if (optional && found->kind == type_kind::optional)
      found = found->parameters[0];
    else if (optional && found->kind != type_kind::dynamic) {
      wrong(at, fmt::format("expected type 'optional_type({0})' but found '{0}'", text_of(*found)));
      return;
    }
    if (all == nullptr) {
      all = std::move(found);
      return;
    }
    bindings none;
    if (assignable(all, found, none) || assignable(found, all, none))
      all = joined(all, found);
    else
      wrong(at, fmt::format("expected type '{}' but found '{}'", text_of(*all), text_of(*found)));
  }

  type_ref list(node& at) {
    type_ref item;
    for (std::size_t i = 0; i < at.parts.size(); ++i)
      join_entry(*at.parts[i], item, visit(*at.parts[i]), at.optional_parts[i]);
    return list_of(item == nullptr ? dynamic() : item);
  }

  type_ref mixed_list(node& at) {
    for (node_ref& part : at.parts) visit(*part);
    return list_of(dynamic());
  }

  type_ref map(node& at) {
    type_ref key;
    type_ref held;
    for (std::size_t i = 0; i + 1 < at.parts.size(); i += 2) {
      join_entry(*at.parts[i], key, visit(*at.parts[i]), false);
      join_entry(*at.parts[i + 1], held, visit(*at.parts[i + 1]), at.optional_parts[i / 2]);
    }
    return map_of(key == nullptr ? dynamic() : key, held == nullptr ? dynamic() : held);
  }

  type_ref structure(node& at) {
    at.seen_as = names_.structure(at.name);
    if (at.seen_as == nullptr) return undeclared(at, at.name);
    for (std::size_t i = 0; i + 1 < at.parts.size(); i += 2) {
      const std::string name(*at.parts[i]->held.string());
      type_ref found = visit(*at.parts[i + 1]);
      if (at.optional_parts[i / 2] && found->kind == type_kind::optional) found = found->parameters[0];
      if (const auto member = at.seen_as->members->find(name))
        expect(*at.parts[i], member->type, found);
      else
        wrong(*at.parts[i], fmt::format("undefined field '{}'", name));
    }
    return at.seen_as;
  }

  class scope {
  public:
    scope(checker& of, std::string name, type_ref type) : of_(of) {
      of_.locals_.emplace_back(std::move(name), std::move(type));
    }
    ~scope() { of_.locals_.pop_back(); }
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

  private:
    checker& of_;
  };

  type_ref loop(node& at) {
    type_ref range = visit(*at.parts[0]);
    type_ref key = simple(type_kind::integer);
    type_ref item = dynamic();
    switch (range->kind) {
    case type_kind::list:
      item = range->parameters[0];
      break;
    case type_kind::map:
      key = range->parameters[0];
      item = range->parameters[1];
      break;
    case type_kind::dynamic:
      key = dynamic();
      break;
    default:
      return wrong(*at.parts[0],
                   fmt::format("expression of type '{}' cannot be range of a comprehension (must be "
                               "list, map, or dynamic)",
                               text_of(*range)));
    }
    if (at.second.empty()) {
      const scope one(*this, at.first, range->kind == type_kind::map ? key : item);
      return body(at, key);
    }
    const scope one(*this, at.first, key);
    const scope other(*this, at.second, item);
    return body(at, key);
  }

  type_ref body(node& at, const type_ref& key) {
    const bool has_condition = at.parts.size() == 3;
    if (has_condition) expect(*at.parts[1], boolean(), visit(*at.parts[1]));
    node& inner = *at.parts.back();
    const type_ref found = visit(inner);
    switch (at.loop) {
    case loop_kind::all:
    case loop_kind::exists:
    case loop_kind::exists_one:
      expect(inner, boolean(), found);
      return boolean();
    case loop_kind::filter:
      expect(inner, boolean(), found);
      return list_of(locals_.back().second);
    case loop_kind::map:
    case loop_kind::transform_list:
      return list_of(found);
    case loop_kind::transform_map:
      return map_of(key, found);
    case loop_kind::transform_entry:
      return found->kind == type_kind::map ? found : map_of(dynamic(), dynamic());
    }
    return dynamic();
  }

  type_ref bind(node& at) {
    const scope one(*this, at.first, visit(*at.parts[0]));
    return visit(*at.parts[1]);
  }

  type_ref with(node& at) {
    const type_ref operand = visit(*at.parts[0]);
    if (operand->kind != type_kind::optional && operand->kind != type_kind::dynamic)
      wrong(at, fmt::format("found no matching overload for '{}' applied to '{}'",
                            at.optional ? "optFlatMap" : "optMap", text_of(*operand)));
    const scope one(*this, at.first,
                    operand->kind == type_kind::optional ? operand->parameters[0] : dynamic());
    const type_ref found = visit(*at.parts[1]);
    return at.optional ? found : optional_of(found);
  }

  type_ref call(node& at) {
    // `sets.contains(a, b)`: what looks like a receiver is a part of the name.
    if (at.has_receiver)
      if (const auto space = qualified_name(*at.parts[0]); space && local(*space) == nullptr)
        if (const function* found = find_qualified(*space, at.name)) {
          at.name = found->name;
          at.has_receiver = false;
          at.parts.erase(at.parts.begin());
        }
    std::vector<type_ref> arguments;
    for (node_ref& part : at.parts) {
      // What is printed may be of many types.
      const bool printed = at.name == "format" && part->kind == node_kind::list && part != at.parts.front();
      arguments.push_back(printed ? mixed_list(*part) : visit(*part));
    }
    at.called = find_function(at.name);
    if (at.called == nullptr) return undeclared(at, at.name);
    return resolve(at, arguments);
  }

  type_ref resolve(node& at, const std::vector<type_ref>& arguments) {
    type_ref result;
    for (const overload& one : at.called->overloads) {
      if (one.has_receiver != at.has_receiver || one.arguments.size() != arguments.size()) continue;
      bindings bound;
      bool fits = true;
      for (std::size_t i = 0; i < arguments.size() && fits; ++i)
        fits = assignable(one.arguments[i], arguments[i], bound);
      if (!fits) continue;
      type_ref found = substituted(one.result, bound);
      if (result != nullptr && !same(*result, *found)) return dynamic();
      result = std::move(found);
    }
    if (result != nullptr) return result;
    std::string shown;
    for (std::size_t i = at.has_receiver ? 1 : 0; i < arguments.size(); ++i)
      shown += (shown.empty() ? "" : ", ") + text_of(*arguments[i]);
    return wrong(at, fmt::format("found no matching overload for '{}' applied to '{}({})'", at.name,
                                 at.has_receiver ? text_of(*arguments[0]) + "." : "", shown));
  }

  const environment& names_;
  std::vector<issue>& issues_;
  std::vector<std::pair<std::string, type_ref>> locals_;
};

} // namespace

type_ref check(node& root, const environment& names, std::vector<issue>& issues) {
  return checker(names, issues).visit(root);
}

} // namespace actord::schema::cel
