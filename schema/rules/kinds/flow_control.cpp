#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/checks/go_value.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/strategy_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace actord::schema::rules {

namespace {

bool has_wildcard(const field& list) {
  return std::ranges::any_of(list.value(), [](const json& item) { return item == "*"; });
}

void check_flow_conditions(const json& object, field_errors& errors) {
  std::set<std::string_view> seen;
  for (const field condition : field(object).at("status").at("conditions").items()) {
    const field type = condition.at("type");
    if (!seen.insert(type.text()).second) errors.duplicate(type, type.text());
    require(type, errors);
  }
}

// FlowSchema

void default_flow_schema(json& object) {
  constexpr int usual_precedence = 1000;
  fill_zero(open_member(object, "spec"), "matchingPrecedence", usual_precedence);
}

void check_subject(const field& subject, field_errors& errors) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kinds{
      {{"ServiceAccount", "serviceAccount"}, {"User", "user"}, {"Group", "group"}}};
  const std::string_view kind = subject.at("kind").text();
  const auto own = std::ranges::find(kinds, kind, [](const auto& one) { return one.first; });
  if (own == kinds.end())
    return errors.not_supported(subject.at("kind"), kind, {"Group", "ServiceAccount", "User"});
  const field who = subject.at(own->second);
  if (!who.present())
    errors.required(who, fmt::format("{} is required when subject kind is '{}'", own->second, kind));
  else {
    const field name = who.at("name");
    if (require(name, errors) && kind == "ServiceAccount" && name.text() != "*")
      check_format(name, dns_subdomain, errors);
    if (kind == "ServiceAccount" &&
        require(who.at("namespace"), errors, "must specify namespace for service account"))
      check_format(who.at("namespace"), dns_label, errors);
  }
  for (const auto& [word, name] : kinds)
    if (word != kind && subject.contains(name))
      errors.forbidden(subject.at(name),
                       fmt::format("{} is forbidden when subject kind is not '{}'", name, word));
}

void check_verbs(const field& verbs, field_errors& errors) {
  constexpr std::array<std::string_view, 9> known{"create", "delete", "deletecollection", "get",  "list",
                                                  "patch",  "proxy",  "update",           "watch"};
  if (verbs.zero()) return errors.required(verbs, "verbs must contain at least one value");
  if (has_wildcard(verbs)) {
    if (verbs.size() > 1)
      errors.invalid(verbs, verbs.value(), "if '*' is present, must not specify other verbs");
    return;
  }
  for (const field verb : verbs.items())
    if (std::ranges::find(known, verb.text()) == known.end())
      return errors.not_supported(verbs, verbs.value(), {known.begin(), known.end()});
}

void check_alone(const field& list, std::string_view missing, std::string_view others, field_errors& errors) {
  if (list.zero())
    errors.required(list, missing);
  else if (list.size() > 1 && has_wildcard(list))
    errors.invalid(list, list.value(), fmt::format("if '*' is present, must not specify other {}", others));
}

void check_url_path(const field& path, field_errors& errors) {
  const std::string_view text = path.text();
  const auto stars = std::ranges::count(text, '*');
  std::string_view wrong;
  if (text.empty())
    wrong = "must not be empty";
  else if (text == "/")
    return;
  else if (!text.starts_with('/'))
    wrong = "must start with slash";
  else if (text.find(' ') != std::string_view::npos)
    wrong = "must not contain white-space";
  else if (text.find("//") != std::string_view::npos)
    wrong = "must not contain double slash";
  else if (stars > 1 || (stars == 1 && !text.ends_with("/*")))
    wrong = "wildcard can only do suffix matching";
  else
    return;
  errors.invalid(path, text, wrong);
}

void check_resource_rule(const field& rule, field_errors& errors) {
  check_verbs(rule.at("verbs"), errors);
  check_alone(rule.at("apiGroups"), "resource rules must supply at least one api group", "api groups",
              errors);
  check_alone(rule.at("resources"), "resource rules must supply at least one resource", "resources", errors);
  const field spaces = rule.at("namespaces");
  if (spaces.zero() && !rule.at("clusterScope").truth())
    errors.required(spaces, "resource rules that are not cluster scoped must supply at least one namespace");
  else if (has_wildcard(spaces)) {
    if (spaces.size() > 1)
      errors.invalid(spaces, spaces.value(), "if '*' is present, must not specify other namespaces");
  } else
    for (const field space : spaces.items())
      for (const std::string& wrong : dns_label(space.text()))
        errors.invalid(space, space.text(),
                       "each member of this list must be '*' or a DNS-1123 label; " + wrong);
}

void check_flow_rule(const field& rule, field_errors& errors) {
  require(rule.at("subjects"), errors, "subjects must contain at least one value");
  for (const field subject : rule.at("subjects").items()) check_subject(subject, errors);
  if (rule.at("resourceRules").zero() && rule.at("nonResourceRules").zero())
    errors.required(rule, "at least one of resourceRules and nonResourceRules has to be non-empty");
  for (const field one : rule.at("resourceRules").items()) check_resource_rule(one, errors);
  for (const field one : rule.at("nonResourceRules").items()) {
    check_verbs(one.at("verbs"), errors);
    const field urls = one.at("nonResourceURLs");
    check_alone(urls, "nonResourceURLs must contain at least one value", "non-resource URLs", errors);
    if (has_wildcard(urls)) continue;
    for (const field url : urls.items()) check_url_path(url, errors);
  }
}

void check_flow_schema(const json& object, field_errors& errors, const rule_context&) {
  constexpr std::int64_t highest = 10000;
  const field spec = field(object).at("spec");
  const field precedence = spec.at("matchingPrecedence");
  if (precedence.integer() <= 0) errors.invalid(precedence, precedence.integer(), "must be a positive value");
  if (precedence.integer() > highest)
    errors.invalid(precedence, precedence.integer(), fmt::format("must not be greater than {}", highest));
  if (precedence.integer() == 1 && field(object).at("metadata").at("name").text() != "exempt")
    errors.invalid(precedence, 1, "only the schema named 'exempt' may have matchingPrecedence 1");
  if (const field method = spec.at("distinguisherMethod"); method.present()) {
    const std::string_view type = method.at("type").text();
    if (type != "ByNamespace" && type != "ByUser")
      errors.not_supported(method.at("type"),
                           as_structure("io.k8s.api.flowcontrol.v1.FlowDistinguisherMethod", method.value()),
                           {"ByNamespace", "ByUser"});
  }
  const field level = spec.at("priorityLevelConfiguration").at("name");
  if (require(level, errors, "must reference a priority level")) check_format(level, dns_subdomain, errors);
  for (const field rule : spec.at("rules").items()) check_flow_rule(rule, errors);
  check_flow_conditions(object, errors);
}

// PriorityLevelConfiguration

void default_priority_level(json& object) {
  fill_constants(object, {{"spec.exempt.nominalConcurrencyShares", "0"},
                          {"spec.exempt.lendablePercent", "0"},
                          {"spec.limited.nominalConcurrencyShares", "30"},
                          {"spec.limited.lendablePercent", "0"},
                          {"spec.limited.limitResponse.queuing.handSize", "8", true},
                          {"spec.limited.limitResponse.queuing.queues", "64", true},
                          {"spec.limited.limitResponse.queuing.queueLengthLimit", "50", true}});
}

/// Bits of hash needed to deal `hand` of `deck` cards fairly.
int entropy_bits(std::int64_t deck, std::int64_t hand) {
  return static_cast<int>(std::ceil(std::log2(static_cast<double>(deck)) * static_cast<double>(hand)));
}

void check_queuing(const field& queuing, field_errors& errors) {
  constexpr std::int64_t most_queues = 10'000'000;
  constexpr int most_bits = 60;
  const field length = queuing.at("queueLengthLimit");
  const field queues = queuing.at("queues");
  const field hand = queuing.at("handSize");
  if (length.integer() <= 0) errors.invalid(length, length.integer(), "must be positive");
  if (queues.integer() <= 0)
    errors.invalid(queues, queues.integer(), "must be positive");
  else if (queues.integer() > most_queues)
    errors.invalid(queues, queues.integer(), fmt::format("must not be greater than {}", most_queues));
  if (hand.integer() <= 0)
    errors.invalid(hand, hand.integer(), "must be positive");
  else if (hand.integer() > queues.integer())
    errors.invalid(hand, hand.integer(),
                   fmt::format("should not be greater than queues ({})", queues.integer()));
  else if (entropy_bits(queues.integer(), hand.integer()) > most_bits)
    errors.invalid(
        hand, hand.integer(),
        fmt::format("required entropy bits of deckSize {} and handSize {} should not be greater than {}",
                    queues.integer(), hand.integer(), most_bits));
}

void check_shares(const field& level, field_errors& errors) {
  const field shares = level.at("nominalConcurrencyShares");
  if (shares.integer() < 0) errors.invalid(shares, shares.integer(), "must be a non-negative integer");
}

void check_lendable(const field& level, field_errors& errors) {
  const field lendable = level.at("lendablePercent");
  if (lendable.integer() < 0 || lendable.integer() > 100)
    errors.invalid(lendable, lendable.integer(), "must be between 0 and 100, inclusive");
}

void check_limited(const field& limited, field_errors& errors) {
  check_shares(limited, errors);
  const field response = limited.at("limitResponse");
  const field queuing = response.at("queuing");
  const std::string_view type = response.at("type").text();
  if (type == "Reject") {
    if (queuing.present())
      errors.forbidden(queuing, "must be nil if limited.limitResponse.type is not Limited");
  } else if (type == "Queue") {
    if (!queuing.present())
      errors.required(queuing, "must not be empty if limited.limitResponse.type is Limited");
    else
      check_queuing(queuing, errors);
  } else
    errors.not_supported(response.at("type"), type, {"Queue", "Reject"});
  check_lendable(limited, errors);
  const field borrowing = limited.at("borrowingLimitPercent");
  if (borrowing.integer() < 0)
    errors.invalid(borrowing, borrowing.integer(), "if specified, must be a non-negative integer");
}

void check_priority_level(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  const field type = spec.at("type");
  const bool exempt = type.text() == "Exempt";
  if ((field(object).at("metadata").at("name").text() == "exempt") != exempt)
    errors.invalid(type, type.text(), "must be 'Exempt' if and only if `name` is 'exempt'");
  const field limited = spec.at("limited");
  const field free = spec.at("exempt");
  if (exempt) {
    if (limited.present()) errors.forbidden(limited, "must be nil if the type is not Limited");
    check_shares(free, errors);
    check_lendable(free, errors);
  } else if (type.text() == "Limited") {
    if (free.present()) errors.forbidden(free, "must be nil if the type is Limited");
    if (!limited.present())
      errors.required(limited, "must not be empty when type is Limited");
    else
      check_limited(limited, errors);
  } else
    errors.not_supported(type, type.text(), {"Exempt", "Limited"});
  check_flow_conditions(object, errors);
}

template <void (*Check)(const json& object, field_errors& errors, const rule_context& context)>
void check_update(const json& object, const json&, field_errors& errors, const rule_context& context) {
  if (context.subresource == "status") return check_flow_conditions(object, errors);
  check_after_metadata<Check>(object, errors, context);
}

} // namespace

constinit const kind_rules flow_schema_rules{.set_defaults = default_flow_schema,
                                             .prepare_create = prepare_create_as_usual,
                                             .prepare_update = prepare_update_as_usual,
                                             .validate_create = check_after_metadata<check_flow_schema>,
                                             .validate_update = check_update<check_flow_schema>};
constinit const kind_rules priority_level_rules{.set_defaults = default_priority_level,
                                                .prepare_create = prepare_create_as_usual,
                                                .prepare_update = prepare_update_as_usual,
                                                .validate_create = check_after_metadata<check_priority_level>,
                                                .validate_update = check_update<check_priority_level>};

} // namespace actord::schema::rules
