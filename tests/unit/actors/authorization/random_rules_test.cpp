#include "actors/authorization/access_rules.hpp"
#include "schema/base/rng.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

/// Random histories of roles and bindings, answered by the compiled rules and by a model that knows nothing
/// of indexes: it looks at every binding, every subject and every rule.

using namespace actord;
using namespace actord::actors;

namespace {

struct shadow_binding {
  schema::role_reference role;
  std::vector<schema::binding_subject> subjects;
};

bool listed(const std::vector<std::string>& list, std::string_view what) {
  return std::ranges::find(list, what) != list.end();
}

/// Kubernetes' definition, word for word and as slow as that.
bool shadow_rule_allows(const policy_rule& rule, const access_question& asked) {
  if (!listed(rule.verbs, "*") && !listed(rule.verbs, asked.verb)) return false;
  if (!asked.path.empty())
    return std::ranges::any_of(rule.urls, [&](const std::string& url) {
      if (url == asked.path || url == "*") return true;
      return url.ends_with("*") && asked.path.starts_with(url.substr(0, url.size() - 1));
    });
  if (!listed(rule.groups, "*") && !listed(rule.groups, asked.group)) return false;
  const std::string sub(asked.subresource);
  const std::string whole =
      sub.empty() ? std::string(asked.resource) : std::string(asked.resource) + "/" + sub;
  const bool resource = listed(rule.resources, "*") || listed(rule.resources, whole) ||
                        (!sub.empty() && listed(rule.resources, "*/" + sub));
  return resource && (rule.names.empty() || listed(rule.names, asked.name));
}

struct shadow {
  std::map<rbac_name, std::vector<policy_rule>> roles;
  std::map<rbac_name, shadow_binding> bindings;

  [[nodiscard]] bool allows(const access_subject& who, const access_question& asked) const {
    return std::ranges::any_of(bindings, [&](const auto& row) {
      const auto& [name, binding] = row;
      if (!name.space.empty() && name.space != asked.space) return false;
      const bool applies = std::ranges::any_of(binding.subjects, [&](const schema::binding_subject& subject) {
        if (subject.kind == "User") return subject.name == who.user;
        if (subject.kind == "Group") return std::ranges::find(who.groups, subject.name) != who.groups.end();
        const std::string space = subject.space.empty() ? name.space : subject.space;
        return !space.empty() && who.user == "system:serviceaccount:" + space + ":" + subject.name;
      });
      if (!applies) return false;
      const auto role =
          roles.find({binding.role.kind == "Role" ? name.space : std::string(), binding.role.name});
      return role != roles.end() && std::ranges::any_of(role->second, [&](const policy_rule& rule) {
               return shadow_rule_allows(rule, asked);
             });
    });
  }
};

class dice {
public:
  explicit dice(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t bound) { return random_.next() % bound; }
  const std::string& pick(const std::vector<std::string>& from) { return from[below(from.size())]; }
  std::vector<std::string> some(const std::vector<std::string>& from, std::size_t most) {
    std::vector<std::string> out;
    for (std::size_t left = below(most + 1); left > 0; --left) out.push_back(pick(from));
    return out;
  }

private:
  seeded_random_source random_;
};

const std::vector<std::string> spaces{"a", "b", "c"};
const std::vector<std::string> names{"n1", "n2", "n3", "n4"};
const std::vector<std::string> verbs{"get", "list", "update", "*", "bind"};
const std::vector<std::string> groups{"", "apps", "*"};
const std::vector<std::string> resources{"pods",        "pods/log",          "*/scale",
                                         "deployments", "deployments/scale", "*"};
const std::vector<std::string> paths{"/healthz", "/api/*", "/api", "*", "/a*"};
const std::vector<std::string> people{"jane", "joe", "system:serviceaccount:a:n1",
                                      "system:serviceaccount:b:n2"};
const std::vector<std::string> crowds{"ops", "dev", "system:authenticated"};

policy_rule random_rule(dice& roll) {
  policy_rule rule;
  rule.verbs = roll.some(verbs, 2);
  if (roll.below(5) == 0) {
    rule.urls = roll.some(paths, 2);
    return rule;
  }
  rule.groups = roll.some(groups, 2);
  rule.resources = roll.some(resources, 3);
  if (roll.below(4) == 0) rule.names = roll.some(names, 2);
  return rule;
}

std::vector<policy_rule> random_rules(dice& roll) {
  std::vector<policy_rule> rules;
  for (std::size_t left = roll.below(9); left > 0; --left) rules.push_back(random_rule(roll));
  return rules;
}

schema::binding_subject random_subject(dice& roll) {
  switch (roll.below(3)) {
  case 0:
    return {"User", roll.pick(people), {}};
  case 1:
    return {"Group", roll.pick(crowds), {}};
  default:
    return {"ServiceAccount", roll.pick(names), roll.below(2) == 0 ? std::string() : roll.pick(spaces)};
  }
}

void random_edit(dice& roll, access_rules_editor& editor, shadow& model) {
  const rbac_name name{roll.below(2) == 0 ? std::string() : roll.pick(spaces), roll.pick(names)};
  switch (roll.below(6)) {
  case 0:
  case 1:
    model.roles[name] = random_rules(roll);
    return editor.set_role(name, model.roles[name]);
  case 2:
    model.roles.erase(name);
    return editor.remove_role(name);
  case 3:
    model.bindings.erase(name);
    return editor.remove_binding(name);
  default:
    shadow_binding binding;
    binding.role = {!name.space.empty() && roll.below(2) == 0 ? "Role" : "ClusterRole", roll.pick(names)};
    for (std::size_t left = roll.below(4); left > 0; --left) binding.subjects.push_back(random_subject(roll));
    editor.set_binding(name, binding.role, binding.subjects);
    model.bindings[name] = std::move(binding);
  }
}

struct random_question {
  explicit random_question(dice& roll)
      : user(roll.pick(people)), member_of(roll.some(crowds, 3)), asked_verb(roll.pick(verbs)) {
    if (roll.below(5) == 0) {
      path = roll.pick({"/healthz", "/api", "/api/v1", "/abc", "/x"});
      return;
    }
    resource = roll.pick({"pods", "deployments", "nodes"});
    subresource = roll.pick({"", "", "log", "scale"});
    group = roll.pick({"", "apps"});
    space = roll.pick({"", "a", "b", "c"});
    name = roll.pick({"", "n1", "n2"});
  }
  [[nodiscard]] access_question question() const {
    return {.verb = asked_verb,
            .group = group,
            .resource = resource,
            .subresource = subresource,
            .space = space,
            .name = name,
            .path = path};
  }
  [[nodiscard]] access_subject who() const { return {user, member_of}; }

  std::string user;
  std::vector<std::string> member_of;
  std::string asked_verb, group, resource, subresource, space, name, path;
};

} // namespace

BOOST_AUTO_TEST_SUITE(random_histories)

BOOST_AUTO_TEST_CASE(compiled_rules_answer_as_the_definition_does) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      dice roll(seed);
      access_rules_editor editor;
      shadow model;
      std::shared_ptr<const access_rules> kept = editor.publish();
      shadow kept_model = model;
      for (int step = 0; step < 80; ++step) {
        random_edit(roll, editor, model);
        const auto now = editor.publish();
        for (int i = 0; i < 25; ++i) {
          const random_question asked(roll);
          const bool wanted = model.allows(asked.who(), asked.question());
          BOOST_REQUIRE_EQUAL(now->allows(asked.who(), asked.question()), wanted);
          BOOST_REQUIRE_EQUAL(now->judge(asked.who(), asked.question()).allowed, wanted);
          // What was published before is what it was.
          BOOST_REQUIRE_EQUAL(kept->allows(asked.who(), asked.question()),
                              kept_model.allows(asked.who(), asked.question()));
        }
        if (roll.below(10) == 0) {
          kept = now;
          kept_model = model;
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(who_holds_rules_may_do_what_they_say_and_lacks_only_what_they_do_not) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      dice roll(seed);
      const std::vector<policy_rule> held = random_rules(roll);
      const std::vector<policy_rule> asked = random_rules(roll);
      const rule_shortfall shortfall = rules_not_held(held, asked);
      BOOST_TEST(!shortfall.too_many);
      const auto allow = [](const std::vector<policy_rule>& rules, const access_question& question) {
        return std::ranges::any_of(rules,
                                   [&](const policy_rule& rule) { return rule_allows(rule, question); });
      };
      for (int i = 0; i < 60; ++i) {
        const random_question random(roll);
        const access_question question = random.question();
        // Whatever `asked` would let somebody do is held, or said to be missing.
        if (allow(asked, question) && !allow(held, question))
          BOOST_REQUIRE(allow(shortfall.missing, question));
      }
      BOOST_TEST(rules_not_held(held, held).none());
      std::vector<policy_rule> both = held;
      both.insert(both.end(), shortfall.missing.begin(), shortfall.missing.end());
      BOOST_TEST(rules_not_held(both, asked).none());
      BOOST_TEST(rules_not_held(both, compact_rules(shortfall.missing)).none());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_role_of_endless_combinations_is_not_compared_for_ever) {
  policy_rule rule{{}, {}, {}, {}, {}};
  for (int i = 0; i < 300; ++i) {
    rule.verbs.push_back("v" + std::to_string(i));
    rule.groups.push_back("g" + std::to_string(i));
    rule.resources.push_back("r" + std::to_string(i));
  }
  BOOST_TEST(rules_not_held({{{"get"}, {""}, {"pods"}, {}, {}}}, {rule}).too_many);
  // Held as it stands there is nothing to compare.
  BOOST_TEST(rules_not_held({{{"*"}, {"*"}, {"*"}, {}, {}}}, {rule}).none());
  BOOST_TEST(rules_not_held({rule}, {rule}).none());
}

BOOST_AUTO_TEST_SUITE_END()
