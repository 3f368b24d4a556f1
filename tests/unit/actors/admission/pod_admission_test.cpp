#include "actors/admission/default_tolerations.hpp"
#include "actors/admission/pod_security/security_admission.hpp"
#include "actors/admission/priority.hpp"
#include "actors/admission/service_account.hpp"

#include "schema/base/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;

namespace {

json pod(json spec = json::object()) {
  json made = {{"metadata", {{"name", "x"}}}, {"spec", {{"containers", {{{"name", "c"}}}}}}};
  made["spec"].merge_patch(spec);
  return made;
}

std::optional<json> plain_account(std::string_view) { return json::object(); }

} // namespace

BOOST_AUTO_TEST_SUITE(pod_admission)

BOOST_AUTO_TEST_CASE(tolerates_a_lost_node_for_five_minutes) {
  json plain = pod();
  actors::add_default_tolerations(plain);
  BOOST_REQUIRE(plain["spec"]["tolerations"].size() == 2U);
  BOOST_TEST(plain["spec"]["tolerations"][0]["key"] == "node.kubernetes.io/not-ready");
  BOOST_TEST(plain["spec"]["tolerations"][1]["tolerationSeconds"] == 300);
  json own = pod({{"tolerations", {{{"key", "node.kubernetes.io/unreachable"}, {"operator", "Exists"}}}}});
  actors::add_default_tolerations(own);
  BOOST_TEST(own["spec"]["tolerations"].size() == 2U);
  json all = pod({{"tolerations", {{{"operator", "Exists"}}}}});
  actors::add_default_tolerations(all);
  BOOST_TEST(all["spec"]["tolerations"].size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_audit_log_hears_what_standards_say_of_a_pod) {
  const std::string prefix = "pod-security.kubernetes.io/";
  std::map<std::string, std::string> notes;
  const actors::security_listeners told{.warnings = nullptr, .audit_notes = &notes};
  const auto admit = [&](const json& what, const schema::text_map& labels) {
    return actors::admit_pod_security(what, labels, told).has_value();
  };
  const json bare = pod();
  const json loose = pod({{"hostNetwork", true}});
  BOOST_TEST(admit(loose, {}));
  BOOST_TEST((notes == std::map<std::string, std::string>{{prefix + "enforce-policy", "privileged:latest"}}));
  BOOST_TEST(admit(loose, {{prefix + "audit", "baseline"}}));
  BOOST_TEST(notes[prefix + "audit-violations"] ==
             "would violate PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)");
  BOOST_TEST(admit(bare, {{prefix + "audit", "baseline"}})); // the same write, prepared once more
  BOOST_TEST(!notes.contains(prefix + "audit-violations"));
  BOOST_TEST(!admit(loose, {{prefix + "enforce", "baseline"}, {prefix + "audit", "baseline"}}));
  BOOST_TEST(notes[prefix + "enforce-policy"] == "baseline:latest");
  BOOST_TEST(notes.contains(prefix + "audit-violations"));
  notes.clear();
  actors::warn_of_security(loose, {{prefix + "audit", "baseline"}}, told);
  BOOST_TEST(notes.size() == 1U);
  BOOST_TEST(notes.contains(prefix + "audit-violations"));
}

BOOST_AUTO_TEST_CASE(mounts_the_token_of_its_account) {
  seeded_random_source random(1);
  json plain = pod({{"initContainers", {{{"name", "i"}}}}});
  BOOST_REQUIRE(actors::attach_service_account(plain, "ns", plain_account, random).has_value());
  const json& spec = plain["spec"];
  BOOST_TEST(spec["serviceAccountName"] == "default");
  BOOST_TEST(spec["serviceAccount"] == "default");
  BOOST_REQUIRE(spec["volumes"].size() == 1U);
  const std::string volume = spec["volumes"][0]["name"];
  BOOST_TEST(volume.starts_with("kube-api-access-"));
  for (const char* list : {"containers", "initContainers"})
    BOOST_TEST(spec[list][0]["volumeMounts"][0] ==
               json({{"name", volume},
                     {"readOnly", true},
                     {"mountPath", "/var/run/secrets/kubernetes.io/serviceaccount"}}));
}

BOOST_AUTO_TEST_CASE(honours_who_does_not_want_a_token) {
  seeded_random_source random(1);
  json unwilling = pod({{"automountServiceAccountToken", false}});
  BOOST_REQUIRE(actors::attach_service_account(unwilling, "ns", plain_account, random).has_value());
  BOOST_TEST(!unwilling["spec"].contains("volumes"));
  json own = pod({{"containers",
                   {{{"name", "c"},
                     {"volumeMounts",
                      {{{"name", "v"}, {"mountPath", "/var/run/secrets/kubernetes.io/serviceaccount"}}}}}}}});
  BOOST_REQUIRE(actors::attach_service_account(own, "ns", plain_account, random).has_value());
  BOOST_TEST(!own["spec"].contains("volumes"));
  const auto account = [](std::string_view) {
    return std::optional<json>(
        {{"automountServiceAccountToken", false}, {"imagePullSecrets", {{{"name", "s"}}}}});
  };
  json inherits = pod();
  BOOST_REQUIRE(actors::attach_service_account(inherits, "ns", account, random).has_value());
  BOOST_TEST(!inherits["spec"].contains("volumes"));
  BOOST_TEST(inherits["spec"]["imagePullSecrets"][0]["name"] == "s");
}

BOOST_AUTO_TEST_CASE(needs_its_account) {
  seeded_random_source random(1);
  json lost = pod({{"serviceAccountName", "who"}});
  const auto refused =
      actors::attach_service_account(lost, "ns", [](std::string_view) { return std::nullopt; }, random);
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST(refused.error().message ==
             "error looking up service account ns/who: serviceaccount \"who\" not found");
}

BOOST_AUTO_TEST_CASE(takes_its_priority_from_its_class) {
  const actors::priority_lookup find = [](std::string_view name) -> std::optional<actors::priority_class> {
    if (name == "high") return actors::priority_class{"high", 100, "Never"};
    return std::nullopt;
  };
  json plain = pod();
  BOOST_REQUIRE(actors::assign_priority(plain, find).has_value());
  BOOST_TEST(plain["spec"]["priority"] == 0);
  BOOST_TEST(plain["spec"]["preemptionPolicy"] == "PreemptLowerPriority");
  json high = pod({{"priorityClassName", "high"}});
  BOOST_REQUIRE(actors::assign_priority(high, find).has_value());
  BOOST_TEST(high["spec"]["priority"] == 100);
  BOOST_TEST(high["spec"]["preemptionPolicy"] == "Never");
  json unknown = pod({{"priorityClassName", "none"}});
  BOOST_TEST(actors::assign_priority(unknown, find).error().message ==
             "no PriorityClass with name none was found");
  json liar = pod({{"priority", 5}});
  BOOST_TEST(!actors::assign_priority(liar, find).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
