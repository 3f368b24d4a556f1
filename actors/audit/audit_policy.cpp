#include "actors/audit/audit_policy.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/decode.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>

namespace actord::actors {
namespace {

constexpr std::array<std::string_view, 4> level_names{"None", "Metadata", "Request", "RequestResponse"};
constexpr std::array<std::string_view, 4> stage_names{"RequestReceived", "ResponseStarted",
                                                      "ResponseComplete", "Panic"};

std::optional<std::size_t> index_in(const std::array<std::string_view, 4>& names, const json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto found = std::ranges::find(names, std::string_view(value.get_ref<const std::string&>()));
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

/// Reads a policy, remembering the first thing that is wrong with it.
class policy_reader {
public:
  explicit policy_reader(std::string file) : file_(std::move(file)) {}

  std::vector<audit_rule> read(const json& document) {
    std::vector<audit_rule> rules;
    if (!document.is_object() || document.value("kind", json()) != "Policy" ||
        document.value("apiVersion", json()) != "audit.k8s.io/v1") {
      wrong("", "must be a Policy of audit.k8s.io/v1");
      return rules;
    }
    only(document, "", {"kind", "apiVersion", "metadata", "rules", "omitStages", "omitManagedFields"});
    const std::uint8_t omitted = stages(document, "");
    const bool omits_fields = flag(document, "", "omitManagedFields").value_or(false);
    const json& list = member(document, "rules");
    if (!list.is_array() || list.empty()) wrong("rules", "must list at least one rule");
    for (std::size_t at = 0; list.is_array() && at < list.size(); ++at) {
      const std::string where = fmt::format("rules[{}]", at);
      audit_rule rule = read_rule(list[at], where);
      rule.omitted |= omitted;
      rule.omit_managed_fields = flag(list[at], where, "omitManagedFields").value_or(omits_fields);
      rules.push_back(std::move(rule));
    }
    return rules;
  }

  std::optional<error> failure;

private:
  static const json& member(const json& object, const char* name) {
    static const json nothing;
    if (!object.is_object()) return nothing;
    const auto found = object.find(name);
    return found == object.end() ? nothing : *found;
  }
  static std::string at_field(const std::string& where, const char* name) {
    return where.empty() ? name : where + "." + name;
  }

  void wrong(const std::string& where, const std::string& what) {
    if (failure) return;
    failure = error{error_kind::bad_request,
                    fmt::format("{}: {}{}{}", file_, where, where.empty() ? "" : ": ", what)};
  }
  void only(const json& object, const std::string& where, std::initializer_list<std::string_view> known) {
    if (!object.is_object()) return wrong(where, "must be an object");
    for (const auto& [name, value] : object.items())
      if (std::ranges::find(known, name) == known.end())
        wrong(where, fmt::format("unknown field \"{}\"", name));
  }
  std::optional<bool> flag(const json& object, const std::string& where, const char* name) {
    const json& value = member(object, name);
    if (value.is_null()) return std::nullopt;
    if (!value.is_boolean()) wrong(at_field(where, name), "must be true or false");
    return value == true;
  }
  std::vector<std::string> texts(const json& object, const std::string& where, const char* name) {
    std::vector<std::string> out;
    const json& list = member(object, name);
    if (list.is_null()) return out;
    if (!list.is_array()) wrong(at_field(where, name), "must be a list");
    for (const json& item : list) {
      if (!item.is_string()) {
        wrong(at_field(where, name), "must be a list of texts");
        break;
      }
      out.push_back(item.get<std::string>());
    }
    return out;
  }
  std::uint8_t stages(const json& object, const std::string& where) {
    std::uint8_t bits = 0;
    for (const std::string& name : texts(object, where, "omitStages")) {
      const auto at = index_in(stage_names, name);
      if (!at) wrong(at_field(where, "omitStages"), fmt::format("\"{}\" is no stage", name));
      bits = static_cast<std::uint8_t>(bits | (1U << at.value_or(0)));
    }
    return bits;
  }

  audit_rule read_rule(const json& object, const std::string& where) {
    only(object, where,
         {"level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages",
          "omitManagedFields"});
    audit_rule rule;
    const auto level = index_in(level_names, member(object, "level"));
    if (!level) wrong(at_field(where, "level"), "must be None, Metadata, Request or RequestResponse");
    rule.level = static_cast<audit_level>(level.value_or(0));
    rule.users = texts(object, where, "users");
    rule.groups = texts(object, where, "userGroups");
    rule.verbs = texts(object, where, "verbs");
    rule.spaces = texts(object, where, "namespaces");
    rule.paths = texts(object, where, "nonResourceURLs");
    rule.omitted = stages(object, where);
    const json& resources = member(object, "resources");
    if (!resources.is_null() && !resources.is_array()) wrong(where + ".resources", "must be a list");
    for (std::size_t at = 0; resources.is_array() && at < resources.size(); ++at)
      read_resources(resources[at], fmt::format("{}.resources[{}]", where, at), rule);
    check_paths(rule, where + ".nonResourceURLs");
    return rule;
  }

  void read_resources(const json& object, const std::string& where, audit_rule& rule) {
    only(object, where, {"group", "resources", "resourceNames"});
    audit_resources each;
    const json& group = member(object, "group");
    if (group.is_string()) each.group = group.get<std::string>();
    // A version behind the name matches nothing, and is a common slip.
    if (each.group.find('/') != std::string::npos || (!group.is_null() && !group.is_string()))
      wrong(where + ".group", "must be the name of a group, without its version");
    each.resources = texts(object, where, "resources");
    each.names = texts(object, where, "resourceNames");
    if (!each.names.empty() && each.resources.empty())
      wrong(where + ".resourceNames", "needs at least one entry in resources");
    rule.resources.push_back(std::move(each));
  }

  void check_paths(const audit_rule& rule, const std::string& where) {
    if (!rule.paths.empty() && (!rule.resources.empty() || !rule.spaces.empty()))
      wrong(where, "a rule is about resources or about other paths, not both");
    for (const std::string& path : rule.paths) {
      if (path == "*") continue;
      if (!path.starts_with('/')) wrong(where, fmt::format("\"{}\" must begin with a slash", path));
      if (const std::size_t star = path.find('*'); star != std::string::npos && star + 1 != path.size())
        wrong(where, fmt::format("\"{}\" may have a wildcard at its end only", path));
    }
  }

  std::string file_;
};

bool lists(const std::vector<std::string>& list, std::string_view wanted) {
  return std::ranges::find(list, wanted) != list.end();
}

bool matches_resource(std::string_view pattern, const audit_question& question) {
  if (pattern == "*") return true;
  const std::size_t slash = pattern.find('/');
  if (slash == std::string_view::npos) return question.subresource.empty() && pattern == question.resource;
  const std::string_view resource = pattern.substr(0, slash);
  const std::string_view subresource = pattern.substr(slash + 1);
  if (question.subresource.empty()) return false;
  return (resource == "*" || resource == question.resource) &&
         (subresource == "*" || subresource == question.subresource);
}

bool matches(const audit_resources& each, const audit_question& question) {
  if (each.group != question.group) return false;
  if (each.resources.empty()) return true;
  return (each.names.empty() || lists(each.names, question.name)) &&
         std::ranges::any_of(each.resources,
                             [&](const std::string& pattern) { return matches_resource(pattern, question); });
}

bool matches_path(std::string_view pattern, std::string_view path) {
  if (pattern == "*" || pattern == path) return true;
  return pattern.ends_with('*') && path.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool matches(const audit_rule& rule, const audit_question& question) {
  if (!rule.users.empty() && !lists(rule.users, question.user)) return false;
  if (!rule.groups.empty() && std::ranges::none_of(question.groups, [&](const std::string& group) {
        return lists(rule.groups, group);
      }))
    return false;
  if (!rule.verbs.empty() && !lists(rule.verbs, question.verb)) return false;
  if (!rule.spaces.empty() || !rule.resources.empty()) {
    if (!question.about_resource) return false;
    if (!rule.spaces.empty() && !lists(rule.spaces, question.space)) return false;
    return rule.resources.empty() || std::ranges::any_of(rule.resources, [&](const audit_resources& each) {
             return matches(each, question);
           });
  }
  if (rule.paths.empty()) return true;
  return !question.about_resource && std::ranges::any_of(rule.paths, [&](const std::string& path) {
    return matches_path(path, question.path);
  });
}

} // namespace

std::string_view level_name(audit_level level) { return level_names[static_cast<std::size_t>(level)]; }
std::string_view stage_name(audit_stage stage) { return stage_names[static_cast<std::size_t>(stage)]; }

result<audit_policy> audit_policy::parse(std::string_view text, const std::string& file) {
  const auto as_json = schema::yaml_to_json(text);
  if (!as_json) return error{error_kind::bad_request, file + ": " + as_json.error().message};
  policy_reader reader(file);
  audit_policy policy;
  policy.rules_ = reader.read(json::parse(*as_json, nullptr, false));
  if (reader.failure) return *reader.failure;
  return policy;
}

audit_decision audit_policy::decide(const audit_question& question) const {
  for (const audit_rule& rule : rules_)
    if (matches(rule, question)) return {rule.level, rule.omitted, rule.omit_managed_fields};
  return {};
}

} // namespace actord::actors
