#include "schema/cel/evaluator.hpp"

#include <fmt/format.h>

#include <array>

namespace actord::schema::cel {
namespace {

constexpr std::size_t bytes_per_step = 50;

value over() { return value::error(std::string(over_budget)); }

std::string shown(const value& key) {
  if (const auto name = key.string()) return std::string(*name);
  if (const auto* number = key.as<std::int64_t>()) return fmt::format("{}", *number);
  if (const auto* number = key.as<std::uint64_t>()) return fmt::format("{}", *number);
  if (const auto* yes = key.as<bool>()) return *yes ? "true" : "false";
  return key.type_text();
}

value no_such_key(const value& key) { return value::error("no such key: " + shown(key)); }

/// What an optional holds, or the value itself; `was_optional` tells.
value unwrapped(value from, bool& was_optional) {
  const auto* held = from.as<optional_value>();
  was_optional = held != nullptr;
  if (held == nullptr) return from;
  return held->held == nullptr ? value() : *held->held;
}

/// The index of a list, from any number that is whole.
std::optional<std::int64_t> index_of(const value& key) {
  if (const auto* number = key.as<std::int64_t>()) return *number;
  if (const auto* number = key.as<std::uint64_t>(); number != nullptr && *number <= INT64_MAX)
    return static_cast<std::int64_t>(*number);
  if (const auto* number = key.as<double>();
      number != nullptr && *number > -9e15 && *number < 9e15 &&
      static_cast<double>(static_cast<std::int64_t>(*number)) == *number)
    return static_cast<std::int64_t>(*number);
  return std::nullopt;
}

/// One step into a list, map or structure; nothing when there is no such thing.
std::optional<value> step(const value& into, const value& key) {
  if (!into.is_list()) return into.member(key);
  const auto index = index_of(key);
  if (!index) return value::no_overload();
  if (*index < 0 || static_cast<std::size_t>(*index) >= *into.size()) return std::nullopt;
  return into.item(static_cast<std::size_t>(*index));
}

class evaluator {
public:
  evaluator(std::span<const value> variables, spending& cost) : variables_(variables), cost_(cost) {}

  value visit(const node& at) {
    if (!cost_.spend(1)) return over();
    switch (at.kind) {
    case node_kind::literal:
      return at.held;
    case node_kind::identifier:
      return identifier(at);
    case node_kind::member:
      return member(at);
    case node_kind::has:
      return has(at);
    case node_kind::call:
      return call(at);
    case node_kind::both:
    case node_kind::either:
      return logical(at, at.kind == node_kind::either);
    case node_kind::choice:
      return choice(at);
    case node_kind::list:
      return list(at);
    case node_kind::map:
    case node_kind::structure:
      return map(at);
    case node_kind::macro:
      return loop(at);
    case node_kind::bind:
      return bind(at);
    case node_kind::with:
      return with(at);
    }
    return value::no_overload();
  }

private:
  value identifier(const node& at) {
    if (at.slot >= 0) return variables_[static_cast<std::size_t>(at.slot)];
    for (auto one = locals_.rbegin(); one != locals_.rend(); ++one)
      if (one->first == at.name) return one->second;
    return value::error("no such attribute(s): " + at.name);
  }

  value member(const node& at) {
    value into = visit(*at.parts[0]);
    if (into.failed()) return into;
    bool was_optional = false;
    into = unwrapped(std::move(into), was_optional);
    const bool optional = at.optional || was_optional;
    if (optional && into.is_null()) return value::none();
    const value key = text::view(at.name);
    auto found = into.is_list() ? std::optional(value::no_overload()) : into.member(key);
    if (found && found->failed()) return std::move(*found);
    if (!optional) return found ? std::move(*found) : no_such_key(key);
    if (!found) return value::none();
    return found->as<optional_value>() != nullptr ? std::move(*found) : value::some(std::move(*found));
  }

  value has(const node& at) {
    value into = visit(*at.parts[0]);
    if (into.failed()) return into;
    bool was_optional = false;
    into = unwrapped(std::move(into), was_optional);
    if ((at.optional || was_optional) && into.is_null()) return false;
    auto found = into.member(text::view(at.name));
    if (found && found->failed() && !into.is_map()) return std::move(*found);
    return found.has_value();
  }

  value index(const node& at) {
    value into = visit(*at.parts[0]);
    if (into.failed()) return into;
    value key = visit(*at.parts[1]);
    if (key.failed()) return key;
    if (const auto seen = key.string(); seen && !cost_.spend(seen->size() / bytes_per_step)) return over();
    bool was_optional = false;
    into = unwrapped(std::move(into), was_optional);
    const bool optional = was_optional || at.name == "_[?_]";
    if (optional && into.is_null()) return value::none();
    auto found = step(into, key);
    if (found && found->failed()) return std::move(*found);
    if (optional) return found ? value::some(std::move(*found)) : value::none();
    if (found) return std::move(*found);
    return into.is_list() ? value::error("index out of bounds: " + shown(key)) : no_such_key(key);
  }

  value call(const node& at) {
    if (at.name == "_[_]" || at.name == "_[?_]") return index(at);
    if (at.name == "orValue" || at.name == "or") return alternative(at);
    constexpr std::size_t usual = 4;
    std::array<value, usual> few;
    std::vector<value> many(at.parts.size() > usual ? at.parts.size() : 0);
    value* arguments = many.empty() ? few.data() : many.data();
    for (std::size_t i = 0; i < at.parts.size(); ++i) {
      arguments[i] = visit(*at.parts[i]);
      if (arguments[i].failed()) return std::move(arguments[i]);
      // Whatever is done with a text takes time by its length.
      if (const auto seen = arguments[i].string(); seen && !cost_.spend(seen->size() / bytes_per_step))
        return over();
    }
    value found = at.called->run({arguments, at.parts.size()}, cost_);
    return cost_.over() ? over() : found;
  }

  /// The other side is only asked when this one holds nothing.
  value alternative(const node& at) {
    value left = visit(*at.parts[0]);
    if (left.failed()) return left;
    const auto* optional = left.as<optional_value>();
    if (optional == nullptr) return value::no_overload();
    if (optional->held == nullptr) return visit(*at.parts[1]);
    return at.name == "or" ? left : *optional->held;
  }

  /// What decides the outcome does so even when others fail.
  value logical(const node& at, bool decisive) {
    value failed;
    for (const node_ref& part : at.parts) {
      value found = visit(*part);
      if (const bool* yes = found.as<bool>()) {
        if (*yes == decisive) return decisive;
      } else if (!failed.failed()) {
        failed = found.failed() ? std::move(found) : value::no_overload();
      }
      if (cost_.over()) return over();
    }
    return failed.failed() ? failed : value(!decisive);
  }

  value choice(const node& at) {
    value condition = visit(*at.parts[0]);
    if (condition.failed()) return condition;
    const bool* yes = condition.as<bool>();
    if (yes == nullptr) return value::no_overload();
    return visit(*at.parts[*yes ? 1 : 2]);
  }

  /// False when an optional entry holds nothing; `found` is then none.
  static bool take_entry(value& found, bool optional) {
    if (!optional) return true;
    const auto* held = found.as<optional_value>();
    if (held == nullptr) {
      found = value::no_overload();
      return true;
    }
    if (held->held == nullptr) return false;
    found = value(*held->held);
    return true;
  }

  value list(const node& at) {
    value_list made;
    made.reserve(at.parts.size());
    for (std::size_t i = 0; i < at.parts.size(); ++i) {
      value found = visit(*at.parts[i]);
      if (found.failed()) return found;
      if (!take_entry(found, at.optional_parts[i])) continue;
      if (found.failed()) return found;
      made.push_back(std::move(found));
    }
    return value::of(std::move(made));
  }

  value map(const node& at) {
    value_map made;
    for (std::size_t i = 0; i + 1 < at.parts.size(); i += 2) {
      value key = visit(*at.parts[i]);
      if (key.failed()) return key;
      value found = visit(*at.parts[i + 1]);
      if (found.failed()) return found;
      if (!take_entry(found, at.optional_parts[i / 2])) continue;
      if (found.failed()) return found;
      if (const auto seen = key.string(); seen && !cost_.spend(seen->size() / bytes_per_step)) return over();
      if (!is_key(key)) return value::error("unsupported key type: " + key.type_text());
      if (!made.emplace(key, std::move(found)).second)
        return value::error("insert failed: key " + shown(key) + " already exists");
    }
    return value::of(std::move(made));
  }

  static bool is_key(const value& key) {
    return key.string() || key.as<std::int64_t>() != nullptr || key.as<std::uint64_t>() != nullptr ||
           key.as<bool>() != nullptr;
  }

  // Loops

  class binding {
  public:
    binding(evaluator& of, const node& at) : of_(of), count_(at.second.empty() ? 1 : 2) {
      of_.locals_.emplace_back(at.first, value());
      if (count_ == 2) of_.locals_.emplace_back(at.second, value());
    }
    ~binding() { of_.locals_.resize(of_.locals_.size() - count_); }
    binding(const binding&) = delete;
    binding& operator=(const binding&) = delete;
    void set(value first, value second) {
      auto& locals = of_.locals_;
      locals[locals.size() - count_].second = std::move(first);
      if (count_ == 2) locals.back().second = std::move(second);
    }

  private:
    evaluator& of_;
    std::size_t count_;
  };

  /// What a loop has gathered so far.
  struct gathered {
    std::size_t hits = 0;
    value failed;
    value_list items;
    value_map rows;
  };

  value loop(const node& at) {
    value range = visit(*at.parts[0]);
    if (range.failed()) return range;
    const bool of_list = range.is_list();
    if (!of_list && !range.is_map()) return value::no_overload();
    const value_list keys = of_list ? value_list() : range.keys();
    const std::size_t count = of_list ? *range.size() : keys.size();
    gathered all;
    binding bound(*this, at);
    for (std::size_t i = 0; i < count; ++i) {
      if (!cost_.spend(1)) return over();
      const bool two = !at.second.empty();
      if (of_list)
        two ? bound.set(static_cast<std::int64_t>(i), range.item(i)) : bound.set(range.item(i), {});
      else
        bound.set(keys[i], two ? *range.member(keys[i]) : value());
      if (auto early = turn(at, of_list ? value(static_cast<std::int64_t>(i)) : keys[i], all))
        return std::move(*early);
      if (cost_.over()) return over();
    }
    return result(at, all);
  }

  /// One turn of a loop; a value ends it.
  std::optional<value> turn(const node& at, const value& key, gathered& all) {
    if (at.parts.size() == 3) {
      value wanted = visit(*at.parts[1]);
      if (wanted.failed()) return wanted;
      if (wanted.as<bool>() == nullptr) return value::no_overload();
      if (!wanted.is_true()) return std::nullopt;
    }
    value found = visit(*at.parts.back());
    switch (at.loop) {
    case loop_kind::all:
    case loop_kind::exists: {
      const bool decisive = at.loop == loop_kind::exists;
      if (const bool* yes = found.as<bool>()) {
        if (*yes == decisive) return value(decisive);
      } else if (!all.failed.failed()) {
        all.failed = found.failed() ? std::move(found) : value::no_overload();
      }
      return std::nullopt;
    }
    case loop_kind::exists_one:
      if (found.failed()) return found;
      if (found.is_true()) ++all.hits;
      return std::nullopt;
    case loop_kind::filter:
      if (found.failed()) return found;
      if (found.as<bool>() == nullptr) return value::no_overload();
      if (found.is_true()) all.items.push_back(locals_.back().second);
      return std::nullopt;
    case loop_kind::map:
    case loop_kind::transform_list:
      if (found.failed()) return found;
      all.items.push_back(std::move(found));
      return std::nullopt;
    case loop_kind::transform_map:
      if (found.failed()) return found;
      all.rows.emplace(key, std::move(found));
      return std::nullopt;
    case loop_kind::transform_entry:
      return add_entries(std::move(found), all);
    }
    return std::nullopt;
  }

  static std::optional<value> add_entries(value found, gathered& all) {
    if (found.failed()) return found;
    if (!found.is_map()) return value::no_overload();
    for (const value& key : found.keys())
      if (!all.rows.emplace(key, *found.member(key)).second)
        return value::error("insert failed: key " + shown(key) + " already exists");
    return std::nullopt;
  }

  static value result(const node& at, gathered& all) {
    switch (at.loop) {
    case loop_kind::all:
    case loop_kind::exists:
      return all.failed.failed() ? all.failed : value(at.loop == loop_kind::all);
    case loop_kind::exists_one:
      return all.hits == 1;
    case loop_kind::filter:
    case loop_kind::map:
    case loop_kind::transform_list:
      return value::of(std::move(all.items));
    case loop_kind::transform_map:
    case loop_kind::transform_entry:
      return value::of(std::move(all.rows));
    }
    return {};
  }

  /// A value that failed only matters where it is used.
  value bind(const node& at) {
    value held = visit(*at.parts[0]);
    if (cost_.over()) return over();
    binding bound(*this, at);
    bound.set(std::move(held), {});
    return visit(*at.parts[1]);
  }

  value with(const node& at) {
    value operand = visit(*at.parts[0]);
    if (operand.failed()) return operand;
    const auto* optional = operand.as<optional_value>();
    if (optional == nullptr) return value::no_overload();
    if (optional->held == nullptr) return value::none();
    binding bound(*this, at);
    bound.set(*optional->held, {});
    value found = visit(*at.parts[1]);
    if (found.failed() || at.optional) return found;
    return value::some(std::move(found));
  }

  std::span<const value> variables_;
  spending& cost_;
  std::vector<std::pair<std::string_view, value>> locals_;
};

} // namespace

value evaluate(const node& root, std::span<const value> variables, spending& cost) {
  return evaluator(variables, cost).visit(root);
}

} // namespace actord::schema::cel
