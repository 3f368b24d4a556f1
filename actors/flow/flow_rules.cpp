#include "actors/flow/flow_rules.hpp"

#include "actors/flow/default_flow_objects.hpp"
#include "schema/base/always.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace actord::actors {
namespace {

constexpr std::string_view anything = "*";

const json& member(const json& object, std::string_view name) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

std::string text(const json& object, std::string_view name) {
  const json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::uint32_t number(const json& object, std::string_view name, std::uint32_t otherwise) {
  const json& value = member(object, name);
  if (!value.is_number_integer()) return otherwise;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value.get<std::int64_t>(), 0, 1'000'000));
}

std::vector<std::string> texts(const json& object, std::string_view name) {
  std::vector<std::string> out;
  if (const json& list = member(object, name); list.is_array())
    for (const json& item : list)
      if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

// ---- compiling

flow_subject subject_of(const json& object) {
  const std::string kind = text(object, "kind");
  if (kind == "Group") return {flow_subject::kind::group, text(member(object, "group"), "name"), {}};
  const json& account = member(object, "serviceAccount");
  if (kind == "ServiceAccount")
    return {flow_subject::kind::service_account, text(account, "name"), text(account, "namespace")};
  return {flow_subject::kind::user, text(member(object, "user"), "name"), {}};
}

flow_rule rule_of(const json& object) {
  flow_rule rule;
  for (const json& subject : member(object, "subjects")) rule.subjects.push_back(subject_of(subject));
  for (const json& each : member(object, "resourceRules"))
    rule.resources.push_back({texts(each, "verbs"), texts(each, "apiGroups"), texts(each, "resources"),
                              texts(each, "namespaces"), member(each, "clusterScope") == true});
  for (const json& each : member(object, "nonResourceRules"))
    rule.paths.push_back({texts(each, "verbs"), texts(each, "nonResourceURLs")});
  return rule;
}

flow_schema::distinguisher distinguisher_of(const json& spec) {
  const std::string type = text(member(spec, "distinguisherMethod"), "type");
  if (type == "ByUser") return flow_schema::distinguisher::by_user;
  return type == "ByNamespace" ? flow_schema::distinguisher::by_namespace : flow_schema::distinguisher::none;
}

/// A level and what its seats are drawn from.
struct level_draft {
  level_settings settings;
  std::uint32_t shares = 0;
  std::uint32_t lendable_percent = 0;
  std::uint32_t borrowing_percent = std::numeric_limits<std::uint32_t>::max(); ///< default: all there is
};

level_draft draft_of(const json& object) {
  const json& metadata = member(object, "metadata");
  const json& spec = member(object, "spec");
  level_draft draft;
  draft.settings.name = text(metadata, "name");
  draft.settings.uid = text(metadata, "uid");
  draft.settings.exempt = text(spec, "type") == "Exempt";
  const json& terms = member(spec, draft.settings.exempt ? "exempt" : "limited");
  draft.shares = number(terms, "nominalConcurrencyShares", draft.settings.exempt ? 0 : 30);
  draft.lendable_percent = number(terms, "lendablePercent", 0);
  draft.borrowing_percent = number(terms, "borrowingLimitPercent", draft.borrowing_percent);
  const json& response = member(terms, "limitResponse");
  draft.settings.queues = text(response, "type") == "Queue";
  const json& queuing = member(response, "queuing");
  draft.settings.queue_count = std::clamp(number(queuing, "queues", 64), 1U, 10'000U);
  draft.settings.hand_size = std::clamp(number(queuing, "handSize", 8), 1U, draft.settings.queue_count);
  draft.settings.queue_length = std::clamp(number(queuing, "queueLengthLimit", 50), 1U, 100'000U);
  return draft;
}

std::vector<level_settings> divide_seats(std::vector<level_draft> drafts, std::uint32_t total) {
  std::uint64_t shares = 0;
  for (const level_draft& draft : drafts) shares += draft.shares;
  shares = std::max<std::uint64_t>(shares, 1);
  std::vector<level_settings> levels;
  std::uint64_t all = 0;
  for (level_draft& draft : drafts) {
    // Rounded up: a level with any share has a seat.
    draft.settings.nominal =
        static_cast<std::uint32_t>((std::uint64_t{total} * draft.shares + shares - 1) / shares);
    all += draft.settings.nominal;
  }
  for (level_draft& draft : drafts) {
    const double nominal = draft.settings.nominal;
    draft.settings.kept =
        draft.settings.nominal -
        std::min(draft.settings.nominal,
                 static_cast<std::uint32_t>(std::lround(nominal * draft.lendable_percent / 100)));
    const double borrows = nominal * draft.borrowing_percent / 100;
    const auto most = static_cast<double>(all);
    draft.settings.most = static_cast<std::uint32_t>(
        std::lround(draft.borrowing_percent > 1'000'000 ? most : std::min(most, nominal + borrows)));
    levels.push_back(std::move(draft.settings));
  }
  return levels;
}

/// The objects of that name in `mandatory` that `given` lacks, behind those it has.
std::vector<const json*> with_mandatory(std::span<const json> given, const std::vector<json>& mandatory) {
  std::vector<const json*> all;
  for (const json& object : given) all.push_back(&object);
  for (const json& object : mandatory) {
    const std::string name = text(member(object, "metadata"), "name");
    const bool there = std::ranges::any_of(
        given, [&](const json& each) { return text(member(each, "metadata"), "name") == name; });
    if (!there) all.push_back(&object);
  }
  return all;
}

// ---- matching

/// A list that is only "*" matches everything.
bool lists(const std::vector<std::string>& list, std::string_view wanted) {
  return std::ranges::any_of(list,
                             [&](const std::string& each) { return each == wanted || each == anything; });
}

bool lists_resource(const std::vector<std::string>& list, const flow_question& question) {
  return std::ranges::any_of(list, [&](std::string_view each) {
    if (each == anything) return true;
    if (!each.starts_with(question.resource)) return false;
    each.remove_prefix(question.resource.size());
    if (question.subresource.empty()) return each.empty();
    return each.starts_with('/') && each.substr(1) == question.subresource;
  });
}

bool is_account(std::string_view user, const flow_subject& subject) {
  constexpr std::string_view prefix = "system:serviceaccount:";
  if (!user.starts_with(prefix)) return false;
  user.remove_prefix(prefix.size());
  if (!user.starts_with(subject.space)) return false;
  user.remove_prefix(subject.space.size());
  if (!user.starts_with(':')) return false;
  return subject.name == anything || user.substr(1) == subject.name;
}

bool matches(const flow_subject& subject, const flow_question& question) {
  switch (subject.what) {
  case flow_subject::kind::user:
    return subject.name == anything || subject.name == question.user;
  case flow_subject::kind::group:
    return subject.name == anything ||
           std::ranges::find(question.groups, subject.name) != question.groups.end();
  case flow_subject::kind::service_account:
    return is_account(question.user, subject);
  }
  return false;
}

bool matches(const flow_resource_rule& rule, const flow_question& question) {
  if (!lists(rule.verbs, question.verb) || !lists_resource(rule.resources, question) ||
      !lists(rule.groups, question.group))
    return false;
  return question.space.empty() ? rule.cluster_scope : lists(rule.spaces, question.space);
}

/// "/healthz" matches what is below it too, "/healthz/*" only that.
bool matches_path(std::string_view pattern, std::string_view path) {
  if (pattern == anything || pattern == path) return true;
  if (pattern.ends_with('*')) pattern.remove_suffix(1);
  if (pattern.ends_with('/')) return path.starts_with(pattern);
  return path.size() > pattern.size() && path.starts_with(pattern) && path[pattern.size()] == '/';
}

bool matches(const flow_path_rule& rule, const flow_question& question) {
  return lists(rule.verbs, question.verb) && std::ranges::any_of(rule.paths, [&](const std::string& pattern) {
           return matches_path(pattern, question.path);
         });
}

bool matches(const flow_schema& schema, const flow_question& question) {
  return std::ranges::any_of(schema.rules, [&](const flow_rule& rule) {
    const auto applies = [&](const auto& each) { return matches(each, question); };
    if (!std::ranges::any_of(rule.subjects, applies)) return false;
    return question.about_resource ? std::ranges::any_of(rule.resources, applies)
                                   : std::ranges::any_of(rule.paths, applies);
  });
}

/// FNV-1a, finished so that all bits are good for dealing hands.
std::uint64_t hash_flow(std::string_view schema, std::string_view flow) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  const auto add = [&hash](std::string_view bytes) {
    for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
  };
  add(schema);
  add(std::string_view("\0", 1));
  add(flow);
  hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31U);
}

} // namespace

flow_rules::flow_rules(std::span<const json> schemas, std::span<const json> levels,
                       std::uint32_t total_seats) {
  std::vector<level_draft> drafts;
  for (const json* object : with_mandatory(levels, mandatory_priority_levels()))
    drafts.push_back(draft_of(*object));
  levels_ = divide_seats(std::move(drafts), total_seats);
  std::map<std::string_view, std::size_t> by_name;
  for (std::size_t at = 0; at < levels_.size(); ++at) by_name.emplace(levels_[at].name, at);
  for (const json* object : with_mandatory(schemas, mandatory_flow_schemas())) {
    const json& spec = member(*object, "spec");
    const auto level = by_name.find(text(member(spec, "priorityLevelConfiguration"), "name"));
    if (level == by_name.end()) continue;
    flow_schema schema;
    schema.name = text(member(*object, "metadata"), "name");
    schema.uid = text(member(*object, "metadata"), "uid");
    schema.precedence = static_cast<int>(number(spec, "matchingPrecedence", 1000));
    schema.flows = distinguisher_of(spec);
    schema.level = level->second;
    for (const json& rule : member(spec, "rules")) schema.rules.push_back(rule_of(rule));
    schemas_.push_back(std::move(schema));
  }
  std::ranges::sort(schemas_, [](const flow_schema& left, const flow_schema& right) {
    return std::tie(left.precedence, left.name) < std::tie(right.precedence, right.name);
  });
}

flow_match flow_rules::classify(const flow_question& question) const {
  auto found =
      std::ranges::find_if(schemas_, [&](const flow_schema& each) { return matches(each, question); });
  // Whoever has rewritten catch-all to match less still gets it.
  if (found == schemas_.end()) found = std::ranges::find(schemas_, "catch-all", &flow_schema::name);
  ALWAYS(found != schemas_.end());
  std::string_view flow;
  if (found->flows == flow_schema::distinguisher::by_user) flow = question.user;
  if (found->flows == flow_schema::distinguisher::by_namespace) flow = question.space;
  const level_settings& level = levels_[found->level];
  // Flows matter only where requests queue.
  return {&*found, &level, found->level, level.exempt || !level.queues ? 0 : hash_flow(found->name, flow)};
}

} // namespace actord::actors
