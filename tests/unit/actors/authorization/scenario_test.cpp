#include "actors/authorization/access_rules.hpp"
#include "tests/support/scenario.hpp"

#include <fmt/format.h>

using namespace actord;
using namespace actord::actors;

namespace {

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string item; std::getline(in, item, ',');) out.push_back(item == "core" ? "" : item);
  return out;
}

/// The roles and bindings of a story.
///   clusterrole NAME | role NAME in=NS          a role without rules
///   rule verbs= api= resources= names= urls=     one more rule of the last role ("core" is the group "")
///   bind NAME [in=NS] clusterrole=|role= users= groups= accounts=NS/NAME
///   remove clusterrole|role|binding NAME [in=NS]
///   can USER [of=GROUPS] VERB RESOURCE[.GROUP][/SUB] [in=NS] [name=NAME]
///   can USER [of=GROUPS] VERB path=PATH
///   rules USER [of=GROUPS] [in=NS]               all the user holds
///   grant USER [of=GROUPS] [in=NS] verbs= ...    what of such a rule the user does not hold
class interpreter {
public:
  std::string operator()(const testing::command& what) {
    const std::string& verb = what.words.front();
    if (verb == "clusterrole" || verb == "role") return begin_role(what);
    if (verb == "rule") return add_rule(what);
    if (verb == "bind") return bind(what);
    if (verb == "remove") return remove(what);
    if (verb == "can") return can(what);
    if (verb == "rules") return rules(what);
    if (verb == "grant") return grant(what);
    return "? " + verb + "\n";
  }

private:
  std::string begin_role(const testing::command& what) {
    role_ = {what.value("in"), what.words.at(1)};
    rules_.clear();
    editor_.set_role(role_, rules_);
    return {};
  }
  static policy_rule rule_of(const testing::command& what) {
    return {list_of(what.value("verbs")), list_of(what.value("api")), list_of(what.value("resources")),
            list_of(what.value("names")), list_of(what.value("urls"))};
  }
  std::string add_rule(const testing::command& what) {
    rules_.push_back(rule_of(what));
    editor_.set_role(role_, rules_);
    return {};
  }
  std::string bind(const testing::command& what) {
    std::vector<schema::binding_subject> subjects;
    for (const std::string& user : list_of(what.value("users"))) subjects.push_back({"User", user, {}});
    for (const std::string& group : list_of(what.value("groups"))) subjects.push_back({"Group", group, {}});
    for (const std::string& account : list_of(what.value("accounts"))) {
      const std::size_t slash = account.find('/');
      if (slash == std::string::npos)
        subjects.push_back({"ServiceAccount", account, {}});
      else
        subjects.push_back({"ServiceAccount", account.substr(slash + 1), account.substr(0, slash)});
    }
    const bool cluster = what.has("clusterrole");
    editor_.set_binding({what.value("in"), what.words.at(1)},
                        {cluster ? "ClusterRole" : "Role", what.value(cluster ? "clusterrole" : "role")},
                        std::move(subjects));
    return {};
  }
  std::string remove(const testing::command& what) {
    const rbac_name name{what.value("in"), what.words.at(2)};
    if (what.words.at(1) == "binding")
      editor_.remove_binding(name);
    else
      editor_.remove_role(name);
    return {};
  }
  std::string can(const testing::command& what) {
    std::vector<std::string> plain;
    for (const std::string& word : what.words)
      if (word.find('=') == std::string::npos) plain.push_back(word);
    const std::string path = what.value("path");
    const std::string name = what.value("name");
    const std::string space = what.value("in");
    std::string resource = plain.size() > 3 ? plain[3] : "";
    std::string subresource;
    std::string group;
    if (const std::size_t slash = resource.find('/'); slash != std::string::npos) {
      subresource = resource.substr(slash + 1);
      resource.resize(slash);
    }
    if (const std::size_t dot = resource.find('.'); dot != std::string::npos) {
      group = resource.substr(dot + 1);
      resource.resize(dot);
    }
    const access_question question{.verb = plain.at(2),
                                   .group = group,
                                   .resource = resource,
                                   .subresource = subresource,
                                   .space = space,
                                   .name = name,
                                   .path = path};
    const auto groups = list_of(what.value("of"));
    const auto now = editor_.publish();
    const access_subject who{plain.at(1), groups};
    const access_verdict verdict = now->judge(who, question);
    BOOST_TEST(verdict.allowed == now->allows(who, question));
    return fmt::format("{}{}{}\n", verdict.allowed ? "yes" : "no", verdict.reason.empty() ? "" : ": ",
                       verdict.reason);
  }
  std::string rules(const testing::command& what) {
    const auto groups = list_of(what.value("of"));
    const held_rules held = editor_.publish()->rules_of({what.words.at(1), groups}, what.value("in"));
    std::string out;
    for (const policy_rule& rule : held.rules) out += describe_rule(rule) + "\n";
    for (const std::string& trouble : held.unresolved) out += "! " + trouble + "\n";
    return out;
  }
  std::string grant(const testing::command& what) {
    const auto groups = list_of(what.value("of"));
    const held_rules held = editor_.publish()->rules_of({what.words.at(1), groups}, what.value("in"));
    const rule_shortfall shortfall = rules_not_held(held.rules, {rule_of(what)});
    if (shortfall.none()) return "holds all of it\n";
    std::string out;
    for (const policy_rule& rule : compact_rules(shortfall.missing))
      out += "lacks " + describe_rule(rule) + "\n";
    if (shortfall.too_many) out += "too many combinations\n";
    return out;
  }

  access_rules_editor editor_;
  rbac_name role_;
  std::vector<policy_rule> rules_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(access_scenarios)

BOOST_AUTO_TEST_CASE(stories_end_as_written) {
  testing::run_scenarios("", [] {
    return [state = std::make_shared<interpreter>()](const testing::command& what) { return (*state)(what); };
  });
}

BOOST_AUTO_TEST_SUITE_END()
