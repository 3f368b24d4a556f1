#include "actors/controllers/batch/index_set.hpp"
#include "actors/controllers/batch/job_pods.hpp"
#include "actors/controllers/batch/job_policies.hpp"
#include "actors/controllers/batch/job_reconciler.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace actord;
using namespace actord::actors;

namespace {

using names = std::vector<std::string>;

/// A Job and its pods as objects, and a clock: plans are applied to them.
struct fixture {
  wall_time now{std::chrono::seconds(1'800'000'000)};
  json job{
      {"metadata", {{"name", "sum"}, {"namespace", "shop"}, {"uid", "u-sum"}}},
      {"spec",
       {{"parallelism", 2},
        {"completions", 3},
        {"backoffLimit", 6},
        {"podReplacementPolicy", "TerminatingOrFailed"},
        {"selector", {{"matchLabels", {{"job", "sum"}}}}},
        {"template",
         {{"metadata", {{"labels", {{"job", "sum"}}}}},
          {"spec",
           {{"restartPolicy", "Never"}, {"containers", json::array({{{"name", "c"}, {"image", "i"}}})}}}}}}}};
  json& spec = job["spec"];
  std::map<std::string, json> pods;
  int made = 0;
  plan last;

  plan decide() {
    job_state state;
    state.key = {schema::builtin("batch", "jobs").id, "shop", "sum"};
    state.job = {schema::parse_job(job.dump()), revision(1)};
    for (const auto& [name, pod] : pods) state.pods.push_back({schema::parse_pod(pod.dump()), revision(2)});
    return reconcile(state, now);
  }

  void round() {
    last = decide();
    for (const auto& item : last.create) {
      json pod = item.body;
      const std::string name = pod["metadata"]["generateName"].get<std::string>() + std::to_string(made++);
      pod["metadata"]["name"] = name;
      pod["metadata"]["uid"] = "u-" + name;
      pod["metadata"]["creationTimestamp"] = schema::format_time(now);
      pod["spec"]["nodeName"] = "n1";
      pod["status"]["phase"] = "Running";
      pods[name] = pod;
    }
    for (const auto& item : last.patch)
      (item.key.name == "sum" ? job : pods.at(item.key.name)).merge_patch(item.patch);
    for (const auto& item : last.remove)
      pods.at(item.key.name)["metadata"]["deletionTimestamp"] = schema::format_time(now);
    // What is being deleted ends, and goes when nothing keeps it.
    std::erase_if(pods, [](const auto& one) {
      return one.second["metadata"].contains("deletionTimestamp") &&
             !one.second["metadata"].contains("finalizers");
    });
  }
  /// Rounds until nothing is left to do; how many were needed.
  int settle() {
    for (int i = 1; i < 40; ++i) {
      round();
      if (!last.acts()) return i;
    }
    BOOST_FAIL("never settles");
    return 0;
  }

  void end(const std::string& name, const char* phase, int code = 0) {
    json& status = pods.at(name)["status"];
    status["phase"] = phase;
    status["containerStatuses"] = json::array(
        {{{"name", "c"},
          {"state", {{"terminated", {{"exitCode", code}, {"finishedAt", schema::format_time(now)}}}}}}});
  }
  void index_mode(int completions) {
    spec["completionMode"] = "Indexed";
    spec["completions"] = completions;
    spec["parallelism"] = completions;
  }
  [[nodiscard]] names active() const {
    names out;
    for (const auto& [name, pod] : pods)
      if (pod["status"]["phase"] == "Running" && !pod["metadata"].contains("deletionTimestamp"))
        out.push_back(name);
    return out;
  }
  std::string reason(const char* type) {
    for (const json& condition : job["status"].value("conditions", json::array()))
      if (condition["type"] == type && condition["status"] == "True") return condition["reason"];
    return "";
  }
  std::int64_t status(const char* name) { return job["status"].value(name, std::int64_t{0}); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(job_controller, fixture)

BOOST_AUTO_TEST_CASE(runs_to_its_completions) {
  settle();
  BOOST_TEST(active() == (names{"sum-0", "sum-1"}), boost::test_tools::per_element());
  BOOST_TEST(pods["sum-0"]["metadata"]["finalizers"][0] == "batch.kubernetes.io/job-tracking");
  BOOST_TEST(job["status"]["startTime"] == "2027-01-15T08:00:00Z");
  BOOST_TEST(status("active") == 2);
  end("sum-0", "Succeeded");
  end("sum-1", "Succeeded");
  settle();
  BOOST_TEST(active() == names{"sum-2"}, boost::test_tools::per_element());
  BOOST_TEST(status("succeeded") == 2);
  end("sum-2", "Succeeded");
  settle();
  BOOST_TEST(reason("SuccessCriteriaMet") == "CompletionsReached");
  BOOST_TEST(reason("Complete") == "CompletionsReached");
  BOOST_TEST(status("succeeded") == 3);
  BOOST_TEST(job["status"].contains("completionTime"));
  for (const auto& [name, pod] : pods) BOOST_TEST(!pod["metadata"].contains("finalizers"), name);
}

BOOST_AUTO_TEST_CASE(each_pod_is_counted_once_in_three_writes) {
  settle();
  end("sum-0", "Succeeded");
  round();
  BOOST_TEST(job["status"]["uncountedTerminatedPods"]["succeeded"] == json::array({"u-sum-0"}));
  BOOST_TEST(pods["sum-0"]["metadata"].contains("finalizers"));
  BOOST_TEST(status("succeeded") == 0);
  round();
  BOOST_TEST(!pods["sum-0"]["metadata"].contains("finalizers"));
  BOOST_TEST(status("succeeded") == 0);
  pods.erase("sum-0"); // whoever removes it
  round();
  BOOST_TEST(status("succeeded") == 1);
  BOOST_TEST(!job["status"]["uncountedTerminatedPods"].contains("succeeded"));
  settle();
  BOOST_TEST(status("succeeded") == 1);
}

BOOST_AUTO_TEST_CASE(the_announcement_comes_before_the_end) {
  spec["completions"] = 1;
  settle();
  end("sum-0", "Succeeded");
  round();
  BOOST_TEST(reason("SuccessCriteriaMet") == "CompletionsReached");
  BOOST_TEST(reason("Complete") == "");
  settle();
  BOOST_TEST(reason("Complete") == "CompletionsReached");
}

BOOST_AUTO_TEST_CASE(failures_rest_and_then_fail_the_job) {
  spec["parallelism"] = 1;
  spec["backoffLimit"] = 1;
  settle();
  end("sum-0", "Failed", 1);
  settle();
  BOOST_TEST(active().empty());
  BOOST_TEST((last.requeue_at == now + std::chrono::seconds(10)));
  now += std::chrono::seconds(10);
  settle();
  BOOST_TEST(active() == names{"sum-1"}, boost::test_tools::per_element());
  BOOST_TEST(status("failed") == 1);
  end("sum-1", "Failed", 1);
  settle();
  BOOST_TEST(reason("FailureTarget") == "BackoffLimitExceeded");
  BOOST_TEST(reason("Failed") == "BackoffLimitExceeded");
  BOOST_TEST(status("failed") == 2);
}

BOOST_AUTO_TEST_CASE(rests_double) {
  for (const auto& [failures, seconds] :
       std::map<int, int>{{0, 0}, {1, 10}, {2, 20}, {3, 40}, {6, 320}, {7, 600}, {60, 600}})
    BOOST_TEST(rest_after(failures).count() == seconds);
}

BOOST_AUTO_TEST_CASE(a_pod_that_is_deleted_has_failed) {
  settle();
  pods["sum-0"]["metadata"]["deletionTimestamp"] = schema::format_time(now);
  settle();
  BOOST_TEST(status("failed") == 1);
  now += std::chrono::seconds(10);
  settle();
  BOOST_TEST(active() == (names{"sum-1", "sum-2"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(replaces_only_what_has_failed) {
  spec["podReplacementPolicy"] = "Failed";
  settle();
  pods["sum-0"]["metadata"]["deletionTimestamp"] = schema::format_time(now);
  settle();
  BOOST_TEST(pods.size() == 2U);
  BOOST_TEST(status("terminating") == 1);
  end("sum-0", "Failed", 137);
  settle();
  now += std::chrono::seconds(10);
  settle();
  BOOST_TEST(active() == (names{"sum-1", "sum-2"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_it) {
  spec["activeDeadlineSeconds"] = 60;
  settle();
  BOOST_TEST((last.requeue_at == now + std::chrono::seconds(60)));
  now += std::chrono::seconds(60);
  settle();
  BOOST_TEST(reason("Failed") == "DeadlineExceeded");
  BOOST_TEST(active().empty());
}

BOOST_AUTO_TEST_CASE(a_suspended_job_has_no_pods_and_no_failures) {
  settle();
  spec["suspend"] = true;
  settle();
  BOOST_TEST(pods.empty());
  BOOST_TEST(status("failed") == 0);
  BOOST_TEST(reason("Suspended") == "JobSuspended");
  BOOST_TEST(!job["status"].contains("startTime"));
  now += std::chrono::seconds(100);
  spec["suspend"] = false;
  settle();
  BOOST_TEST(active().size() == 2U);
  BOOST_TEST(reason("Suspended") == "");
  BOOST_TEST(job["status"]["startTime"] == "2027-01-15T08:01:40Z");
}

BOOST_AUTO_TEST_CASE(fewer_at_a_time_are_not_failures) {
  settle();
  spec["parallelism"] = 1;
  settle();
  BOOST_TEST(active().size() == 1U);
  BOOST_TEST(status("failed") == 0);
}

BOOST_AUTO_TEST_CASE(without_completions_the_first_success_ends_it) {
  spec.erase("completions");
  settle();
  BOOST_TEST(active().size() == 2U);
  end("sum-0", "Succeeded");
  settle();
  BOOST_TEST(reason("SuccessCriteriaMet") == "");
  BOOST_TEST(active() == names{"sum-1"}, boost::test_tools::per_element());
  end("sum-1", "Succeeded");
  settle();
  BOOST_TEST(reason("Complete") == "CompletionsReached");
}

BOOST_AUTO_TEST_CASE(indexes_are_each_done_once) {
  index_mode(3);
  settle();
  BOOST_TEST(active() == (names{"sum-0-0", "sum-1-1", "sum-2-2"}), boost::test_tools::per_element());
  const json& pod = pods["sum-1-1"];
  BOOST_TEST(pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] == "1");
  BOOST_TEST(pod["spec"]["hostname"] == "sum-1");
  BOOST_TEST(pod["spec"]["containers"][0]["env"][0]["name"] == "JOB_COMPLETION_INDEX");
  end("sum-0-0", "Succeeded");
  end("sum-1-1", "Failed", 1);
  end("sum-2-2", "Succeeded");
  settle();
  BOOST_TEST(job["status"]["completedIndexes"] == "0,2");
  now += std::chrono::seconds(10);
  settle();
  BOOST_TEST(active() == names{"sum-1-3"}, boost::test_tools::per_element());
  end("sum-1-3", "Succeeded");
  settle();
  BOOST_TEST(job["status"]["completedIndexes"] == "0-2");
  BOOST_TEST(status("succeeded") == 3);
  BOOST_TEST(status("failed") == 1);
  BOOST_TEST(reason("Complete") == "CompletionsReached");
}

BOOST_AUTO_TEST_CASE(each_index_has_its_own_limit) {
  index_mode(2);
  spec["backoffLimitPerIndex"] = 1;
  spec["backoffLimit"] = 2147483647;
  settle();
  end("sum-0-0", "Failed", 1);
  settle();
  BOOST_TEST(pods["sum-0-0"]["metadata"].contains("finalizers")); // tells the next how often it was
  now += std::chrono::seconds(10);
  settle();
  BOOST_TEST(pods["sum-0-2"]["metadata"]["annotations"]["batch.kubernetes.io/job-index-failure-count"] ==
             "1");
  BOOST_TEST(!pods["sum-0-0"]["metadata"].contains("finalizers"));
  end("sum-0-2", "Failed", 1);
  settle();
  BOOST_TEST(job["status"]["failedIndexes"] == "0");
  BOOST_TEST(active() == names{"sum-1-1"}, boost::test_tools::per_element());
  end("sum-1-1", "Succeeded");
  settle();
  BOOST_TEST(reason("Failed") == "FailedIndexes");
  BOOST_TEST(job["status"]["completedIndexes"] == "1");
  BOOST_TEST(status("failed") == 2);
}

BOOST_AUTO_TEST_CASE(too_many_failed_indexes_end_it) {
  index_mode(3);
  spec["backoffLimitPerIndex"] = 0;
  spec["backoffLimit"] = 2147483647;
  spec["maxFailedIndexes"] = 0;
  settle();
  end("sum-1-1", "Failed", 1);
  settle();
  BOOST_TEST(reason("Failed") == "MaxFailedIndexesExceeded");
  BOOST_TEST(job["status"]["failedIndexes"] == "1");
}

BOOST_AUTO_TEST_CASE(the_failure_policy_decides_by_exit_code) {
  spec["podReplacementPolicy"] = "Failed";
  spec["podFailurePolicy"]["rules"] = json::parse(
      R"([{"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget","status":"True"}]},
          {"action":"FailJob","onExitCodes":{"containerName":"c","operator":"In","values":[3]}}])");
  settle();
  end("sum-0", "Failed", 3);
  pods["sum-0"]["status"]["conditions"] = json::array({{{"type", "DisruptionTarget"}, {"status", "True"}}});
  settle();
  BOOST_TEST(status("failed") == 0);
  BOOST_TEST(reason("FailureTarget") == "");
  end("sum-1", "Failed", 3);
  settle();
  BOOST_TEST(reason("FailureTarget") == "PodFailurePolicy");
  BOOST_TEST(status("failed") == 1);
  for (const json& condition : job["status"]["conditions"])
    BOOST_TEST(condition["message"] ==
               "Container c for pod shop/sum-1 failed with exit code 3 matching FailJob rule at index 1");
}

BOOST_AUTO_TEST_CASE(the_failure_policy_gives_up_an_index) {
  index_mode(2);
  spec["backoffLimitPerIndex"] = 5;
  spec["podReplacementPolicy"] = "Failed";
  spec["podFailurePolicy"]["rules"] =
      json::parse(R"([{"action":"FailIndex","onExitCodes":{"operator":"NotIn","values":[1,2]}}])");
  settle();
  end("sum-0-0", "Failed", 42);
  settle();
  BOOST_TEST(job["status"]["failedIndexes"] == "0");
}

BOOST_AUTO_TEST_CASE(the_success_policy_ends_it_early) {
  index_mode(4);
  spec["successPolicy"]["rules"] = json::parse(R"([{"succeededIndexes":"1-2","succeededCount":1}])");
  settle();
  end("sum-0-0", "Succeeded");
  settle();
  BOOST_TEST(reason("SuccessCriteriaMet") == "");
  end("sum-2-2", "Succeeded");
  settle();
  BOOST_TEST(reason("SuccessCriteriaMet") == "SuccessPolicy");
  BOOST_TEST(reason("Complete") == "SuccessPolicy");
  BOOST_TEST(active().empty());
  BOOST_TEST(job["status"]["completedIndexes"] == "0,2");
}

BOOST_AUTO_TEST_CASE(orphans_are_adopted_and_tracked) {
  settle();
  pods["sum-0"]["metadata"].erase("ownerReferences");
  pods["sum-0"]["metadata"].erase("finalizers");
  pods["sum-1"]["metadata"]["labels"]["job"] = "other";
  round();
  BOOST_TEST(pods["sum-0"]["metadata"]["ownerReferences"][0]["name"] == "sum");
  BOOST_TEST(pods["sum-0"]["metadata"]["finalizers"][0] == "batch.kubernetes.io/job-tracking");
  BOOST_TEST(!pods["sum-1"]["metadata"].contains("ownerReferences"));
  BOOST_TEST(!pods["sum-1"]["metadata"].contains("finalizers"));
}

BOOST_AUTO_TEST_CASE(somebody_elses_job_is_left_alone) {
  spec["managedBy"] = "example.com/other";
  BOOST_TEST(!decide().acts());
}

BOOST_AUTO_TEST_CASE(an_ended_job_goes_when_its_time_is_over) {
  spec["completions"] = 0;
  spec["ttlSecondsAfterFinished"] = 30;
  settle();
  BOOST_TEST(reason("Complete") == "CompletionsReached");
  const object_key key{schema::builtin("batch", "jobs").id, "shop", "sum"};
  const auto expiry = [&] {
    return reconcile_expiry(key, {schema::parse_job(job.dump()), revision(1)}, now);
  };
  BOOST_TEST((expiry().requeue_at == now + std::chrono::seconds(30)));
  BOOST_TEST(expiry().remove.empty());
  now += std::chrono::seconds(30);
  BOOST_TEST(expiry().remove.size() == 1U);
}

BOOST_AUTO_TEST_CASE(pods_of_a_job_that_is_gone_are_let_go) {
  schema::meta_view kept;
  kept.name = "a";
  kept.space = "shop";
  kept.finalizers = {"example.com/mine", std::string(tracking_finalizer)};
  schema::meta_view plain;
  const plan decided = let_go({{kept, revision(1)}, {plain, revision(1)}});
  BOOST_REQUIRE(decided.patch.size() == 1U);
  BOOST_TEST(decided.patch[0].patch["metadata"]["finalizers"] == json::array({"example.com/mine"}));
}

BOOST_AUTO_TEST_CASE(indexes_as_text) {
  for (const char* text : {"", "0", "0,2", "0,1", "0-2", "0-2,5,7,8,10-12"})
    BOOST_TEST(index_set::parse(text, 100).text() == text);
  BOOST_TEST(index_set::parse("3-1,x,1-,7,5-200", 8).text() == "5-7");
}

BOOST_AUTO_TEST_SUITE_END()
