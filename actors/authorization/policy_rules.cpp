#include "actors/authorization/policy_rules.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <tuple>

namespace actord::actors {
namespace {

/// Combinations of verb, group, resource and name that one escalation check looks at. A role that says more
/// than this in rules its author does not hold as they stand is refused: checking has to end.
constexpr std::size_t combinations_max = 10'000;

bool has(const std::vector<std::string>& list, std::string_view what) {
  return std::ranges::any_of(list, [&](const std::string& item) { return item == what; });
}

bool has_all(const std::vector<std::string>& list, const std::vector<std::string>& wanted) {
  return std::ranges::all_of(wanted, [&](const std::string& item) { return has(list, item); });
}

/// `whole` is `head`/`tail`.
bool is_path_of(std::string_view whole, std::string_view head, std::string_view tail) {
  return whole.size() == head.size() + 1 + tail.size() && whole.starts_with(head) &&
         whole[head.size()] == '/' && whole.ends_with(tail);
}

bool names_resource(std::string_view item, const access_question& question) {
  if (item == "*") return true;
  if (question.subresource.empty()) return item == question.resource;
  return is_path_of(item, question.resource, question.subresource) ||
         is_path_of(item, "*", question.subresource);
}

bool url_covers(std::string_view pattern, std::string_view path) {
  if (pattern == path) return true;
  if (!pattern.ends_with('*')) return false;
  while (pattern.ends_with('*')) pattern.remove_suffix(1);
  return path.starts_with(pattern);
}

bool covers_resource(const policy_rule& held, std::string_view resource) {
  if (has(held.resources, "*") || has(held.resources, resource)) return true;
  const std::size_t slash = resource.find('/');
  if (slash == std::string_view::npos) return false;
  return std::ranges::any_of(held.resources, [&](const std::string& item) {
    return is_path_of(item, "*", resource.substr(slash + 1));
  });
}

/// For any rule, broken down or not: false may mean that only several rules together cover it.
bool covers(const policy_rule& held, const policy_rule& asked) {
  if (!has(held.verbs, "*") && !has_all(held.verbs, asked.verbs)) return false;
  if (!has(held.groups, "*") && !has_all(held.groups, asked.groups)) return false;
  if (!std::ranges::all_of(asked.resources, [&](const auto& item) { return covers_resource(held, item); }))
    return false;
  if (!held.names.empty() && (asked.names.empty() || !has_all(held.names, asked.names))) return false;
  return std::ranges::all_of(asked.urls, [&](const std::string& url) {
    return std::ranges::any_of(held.urls,
                               [&](const std::string& pattern) { return url_covers(pattern, url); });
  });
}

std::size_t combinations(const policy_rule& rule) {
  const auto product = [](std::size_t left, std::size_t right) {
    return right != 0 && left > combinations_max / right ? combinations_max + 1 : left * right;
  };
  const std::size_t names = std::max<std::size_t>(1, rule.names.size());
  std::size_t objects = product(rule.groups.size(), rule.resources.size());
  objects = product(product(objects, rule.verbs.size()), names);
  return objects + product(rule.urls.size(), rule.verbs.size());
}

template <class Visit>
void each_atom(const policy_rule& rule, Visit visit) {
  for (const std::string& group : rule.groups)
    for (const std::string& resource : rule.resources)
      for (const std::string& verb : rule.verbs) {
        if (rule.names.empty()) visit(policy_rule{{verb}, {group}, {resource}, {}, {}});
        for (const std::string& name : rule.names)
          visit(policy_rule{{verb}, {group}, {resource}, {name}, {}});
      }
  for (const std::string& url : rule.urls)
    for (const std::string& verb : rule.verbs) visit(policy_rule{{verb}, {}, {}, {}, {url}});
}

} // namespace

bool rule_allows(const policy_rule& rule, const access_question& question) {
  if (!has(rule.verbs, question.verb) && !has(rule.verbs, "*")) return false;
  if (question.about_path())
    return std::ranges::any_of(
        rule.urls, [&](const std::string& url) { return url == "*" || url_covers(url, question.path); });
  if (!has(rule.groups, question.group) && !has(rule.groups, "*")) return false;
  if (!std::ranges::any_of(rule.resources,
                           [&](const std::string& item) { return names_resource(item, question); }))
    return false;
  return rule.names.empty() || has(rule.names, question.name);
}

rule_shortfall rules_not_held(const std::vector<policy_rule>& held, const std::vector<policy_rule>& asked) {
  rule_shortfall out;
  std::size_t looked_at = 0;
  const auto is_held = [&](const policy_rule& rule) {
    return std::ranges::any_of(held, [&](const policy_rule& mine) { return covers(mine, rule); });
  };
  for (const policy_rule& rule : asked) {
    // Most rules are covered as they stand; only the others are worth breaking down.
    if (is_held(rule)) continue;
    looked_at += combinations(rule);
    if (looked_at > combinations_max) {
      out.too_many = true;
      return out;
    }
    each_atom(rule, [&](policy_rule atom) {
      if (!is_held(atom)) out.missing.push_back(std::move(atom));
    });
  }
  return out;
}

std::vector<policy_rule> compact_rules(const std::vector<policy_rule>& rules) {
  std::vector<policy_rule> out;
  std::map<std::tuple<std::string_view, std::string_view, std::vector<std::string>>, std::size_t> places;
  for (const policy_rule& rule : rules) {
    const bool simple =
        rule.urls.empty() && rule.groups.size() == 1 && rule.resources.size() == 1 && rule.names.size() <= 1;
    if (simple) {
      const auto [place, fresh] =
          places.try_emplace({rule.groups.front(), rule.resources.front(), rule.names}, out.size());
      if (!fresh) {
        std::vector<std::string>& verbs = out[place->second].verbs;
        verbs.insert(verbs.end(), rule.verbs.begin(), rule.verbs.end());
        continue;
      }
    }
    out.push_back(rule);
  }
  return out;
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\')
      out += {'\\', letter};
    else if (letter == '\n')
      out += "\\n";
    else if (letter == '\t')
      out += "\\t";
    else if (code < 0x20 || code == 0x7f)
      out += fmt::format("\\x{:02x}", code);
    else
      out += letter;
  }
  return out + '"';
}

std::string describe_list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) out += (out.size() > 1 ? " " : "") + quote(item);
  return out + "]";
}

std::string describe_rule(const policy_rule& rule) {
  std::string out;
  const auto add = [&](std::string_view what, const std::vector<std::string>& items) {
    if (!items.empty()) out += fmt::format("{}{}:{}", out.empty() ? "" : ", ", what, describe_list(items));
  };
  add("APIGroups", rule.groups);
  add("Resources", rule.resources);
  add("NonResourceURLs", rule.urls);
  add("ResourceNames", rule.names);
  add("Verbs", rule.verbs);
  return "{" + out + "}";
}

} // namespace actord::actors
