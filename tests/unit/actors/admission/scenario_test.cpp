// Stories of admission as text: each line that starts with a verb is carried out, and what comes of it is the
// indented lines below (see tests/support/scenario.hpp).
//
//   pod JSON                        the pod that is judged
//   standard LEVEL [VERSION]        what of the Pod Security Standards it breaks
//   labels JSON                     what the labels of a namespace ask for
//   range JSON                      spec.limits of a LimitRange
//   limits                          what the range makes of the pod, and what it says about it
//   claim JSON                      what the range says about a PersistentVolumeClaim
//   class JSON                      the RuntimeClass of the pod
//   runtime                         what the class makes of the pod

#include "actors/admission/limit_ranger.hpp"
#include "actors/admission/pod_security/pod_security.hpp"
#include "actors/admission/runtime_class.hpp"
#include "schema/base/json.hpp"

#include "tests/support/scenario.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <sstream>

using namespace actord;
using namespace actord::actors;

namespace {

class story {
public:
  void act(const std::string& verb, const std::string& rest, std::string& told) {
    told_ = &told;
    if (verb == "pod")
      pod_ = parsed(rest);
    else if (verb == "range")
      range_ = {{"spec", {{"limits", parsed(rest)}}}};
    else if (verb == "class")
      class_ = parsed(rest);
    else if (verb == "standard")
      judge(rest);
    else if (verb == "labels")
      read_labels(parsed(rest));
    else if (verb == "limits")
      limit();
    else if (verb == "claim")
      say(check_claim_limits({{"spec", {{"resources", {{"requests", parsed(rest)}}}}}}, range_));
    else if (verb == "runtime")
      run();
    else
      BOOST_FAIL("no such verb: " << verb);
  }

private:
  static json parsed(const std::string& text) {
    json value = json::parse(text, nullptr, false);
    BOOST_REQUIRE_MESSAGE(!value.is_discarded(), "bad JSON in scenario: " << text);
    return value;
  }

  void show(const std::string& text) { *told_ += "  " + text + "\n"; }
  void say(const result<void>& verdict) { show(verdict ? "allowed" : verdict.error().message); }

  void judge(const std::string& text) {
    std::istringstream words(text);
    std::string level;
    std::string version = "latest";
    words >> level >> version;
    const security_policy policy =
        security_policy_of({{"pod-security.kubernetes.io/enforce", level},
                            {"pod-security.kubernetes.io/enforce-version", version}},
                           nullptr);
    const auto found = security_violations(policy.enforce, pod_);
    if (found.empty()) show("allowed");
    for (const auto& violation : found) show(violation.reason + ": " + violation.detail);
  }

  void read_labels(const json& labels) {
    schema::field_errors errors;
    schema::text_map map;
    for (const auto& [key, value] : labels.items())
      map.emplace("pod-security.kubernetes.io/" + key, value.get<std::string>());
    const security_policy policy = security_policy_of(map, &errors);
    show("enforce " + policy.enforce.text() + ", audit " + policy.audit.text() + ", warn " +
         policy.warn.text());
    for (const error_cause& cause : errors.causes()) show(cause.field + ": " + cause.message);
  }

  void limit() {
    json pod = pod_;
    set_usual_limits(pod, range_);
    for (const char* list : {"initContainers", "containers"})
      if (pod["spec"].contains(list))
        for (const json& container : pod["spec"][list])
          show(container["name"].get<std::string>() + " " + container["resources"].dump());
    if (pod.contains("metadata")) show(pod["metadata"]["annotations"].dump());
    say(check_pod_limits(pod, range_));
  }

  void run() {
    json pod = pod_;
    const auto verdict = apply_runtime_class(
        pod, [&](std::string_view) { return class_.is_null() ? std::nullopt : std::optional(class_); });
    if (verdict) show(pod["spec"].dump());
    say(verdict);
  }

  json pod_;
  json range_;
  json class_;
  std::string* told_ = nullptr; ///< of the step under way
};

testing::story_step begin() {
  return [told = std::make_shared<story>()](const std::string& verb, const std::string& rest,
                                            std::string& out) { told->act(verb, rest, out); };
}

} // namespace

BOOST_AUTO_TEST_SUITE(admission_stories)

BOOST_AUTO_TEST_CASE(pod_security) { testing::run_stories("pod_security", begin); }
BOOST_AUTO_TEST_CASE(limit_ranges) { testing::run_stories("limit_ranges", begin); }
BOOST_AUTO_TEST_CASE(runtime_classes) { testing::run_stories("runtime_classes", begin); }

BOOST_AUTO_TEST_SUITE_END()
