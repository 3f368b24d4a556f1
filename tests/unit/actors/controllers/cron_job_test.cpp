#include "actors/controllers/batch/cron_job_reconciler.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <random>

using namespace actord;
using namespace actord::actors;

namespace {

using names = std::vector<std::string>;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// A CronJob and the Jobs there are, as objects, and a clock: plans are applied to them.
struct fixture {
  wall_time now = schema::parse_time("2026-03-02T10:00:30Z").value();
  json cron{{"metadata",
             {{"name", "sum"},
              {"namespace", "shop"},
              {"uid", "u-sum"},
              {"creationTimestamp", "2026-03-02T10:00:30Z"}}},
            {"spec",
             {{"schedule", "* * * * *"},
              {"concurrencyPolicy", "Allow"},
              {"jobTemplate",
               {{"metadata", {{"labels", {{"app", "sum"}}}, {"annotations", {{"note", "x"}}}}},
                {"spec", {{"template", {{"spec", {{"restartPolicy", "Never"}}}}}}}}}}}};
  json& spec = cron["spec"];
  std::map<std::string, json> jobs;
  std::vector<std::string> events; ///< reasons, of all rounds
  std::optional<wall_time> schedule_since;
  bool refuses = false; ///< creates fail
  plan last;
  int revisions = 5;

  cron_job_state state() {
    cron_job_state out;
    out.key = {schema::builtin("batch", "cronjobs").id, "shop", "sum"};
    out.cron = {schema::parse_cron_job(cron.dump()), revision(1)};
    out.starts = starts_of(out.cron.view, schedule_since, now);
    for (const auto& [name, job] : jobs) {
      const auto view = schema::parse_job(job.dump());
      if (!view.meta.owners.empty() && view.meta.owners[0].uid == "u-sum")
        out.jobs.push_back({view, revision(7)});
      else if (out.starts.due && out.starts.due->job == name)
        out.name_is_taken = true;
    }
    return out;
  }

  void round() {
    last = reconcile(state());
    for (const auto& event : last.events) events.push_back(event.reason);
    for (const auto& item : last.create) {
      if (refuses) continue;
      json job = item.body;
      const std::string name = job["metadata"]["name"];
      BOOST_REQUIRE_MESSAGE(!jobs.contains(name), name << " is made twice");
      job["metadata"]["uid"] = "u-" + name;
      job["status"]["startTime"] = schema::format_time(now);
      jobs[name] = job;
      events.push_back(item.announce->reason);
    }
    for (const auto& item : last.patch) cron.merge_patch(item.patch);
    for (const auto& item : last.remove) {
      BOOST_REQUIRE(jobs.erase(item.key.name) == 1);
      events.push_back(item.announce->reason);
    }
  }
  void settle() {
    for (int i = 0; i < 20; ++i) {
      round();
      if (!last.acts() || refuses) return;
    }
    BOOST_FAIL("never settles");
  }
  /// As a timer does: at each time it asked for.
  void run_until(const char* when) {
    const wall_time end = schema::parse_time(when).value();
    settle();
    while (last.requeue_at && *last.requeue_at <= end) {
      BOOST_REQUIRE(*last.requeue_at > now);
      now = *last.requeue_at;
      settle();
    }
    now = end;
  }

  void end_job(const std::string& name, const char* how = "Complete") {
    json& status = jobs.at(name)["status"];
    status["conditions"] = json::array({{{"type", how}, {"status", "True"}}});
    if (std::string_view(how) == "Complete") status["completionTime"] = schema::format_time(now);
  }
  void end_all(const char* how = "Complete") {
    for (const auto& [name, job] : jobs)
      if (!job["status"].contains("conditions")) end_job(name, how);
  }
  void add_job(const std::string& name, const char* owner) {
    jobs[name] = {{"metadata", {{"name", name}, {"uid", "u-" + name}}}, {"status", json::object()}};
    if (owner != nullptr)
      jobs[name]["metadata"]["ownerReferences"] = json::array({{{"uid", owner}, {"controller", true}}});
  }

  names made() const {
    names out;
    for (const auto& [name, job] : jobs) out.push_back(name);
    return out;
  }
  names active() const {
    names out;
    if (const auto status = cron.find("status"); status != cron.end() && status->contains("active"))
      for (const json& one : (*status)["active"]) out.push_back(one["name"]);
    return out;
  }
  std::string status(const char* member) {
    return cron.contains("status") ? cron["status"].value(member, "") : "";
  }
  int count(std::string_view reason) const { return static_cast<int>(std::ranges::count(events, reason)); }
};

std::string name_at(const char* time) {
  return job_name("sum", std::chrono::floor<seconds>(schema::parse_time(time).value()));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(cron_job, fixture)

BOOST_AUTO_TEST_CASE(a_job_is_made_when_it_is_time_and_listed) {
  round();
  BOOST_TEST(!last.acts());
  BOOST_TEST(schema::format_time(last.requeue_at.value()) == "2026-03-02T10:01:00Z");
  now = last.requeue_at.value();
  round();
  BOOST_REQUIRE(last.create.size() == 1u);
  const json& body = last.create[0].body;
  BOOST_TEST(body["metadata"]["name"] == "sum-29540761");
  BOOST_TEST(body["metadata"]["labels"] == json({{"app", "sum"}}));
  BOOST_TEST(
      body["metadata"]["annotations"] ==
      json({{"note", "x"}, {"batch.kubernetes.io/cronjob-scheduled-timestamp", "2026-03-02T10:01:00Z"}}));
  BOOST_TEST(body["metadata"]["ownerReferences"] == json::array({{{"apiVersion", "batch/v1"},
                                                                  {"kind", "CronJob"},
                                                                  {"name", "sum"},
                                                                  {"uid", "u-sum"},
                                                                  {"controller", true},
                                                                  {"blockOwnerDeletion", true}}}));
  BOOST_TEST(body["spec"] == spec["jobTemplate"]["spec"]);
  BOOST_TEST(last.create[0].announce->message == "Created job {}");
  settle();
  BOOST_TEST(active() == names{"sum-29540761"});
  BOOST_TEST(cron["status"]["active"][0] == json({{"apiVersion", "batch/v1"},
                                                  {"kind", "Job"},
                                                  {"name", "sum-29540761"},
                                                  {"namespace", "shop"},
                                                  {"uid", "u-sum-29540761"},
                                                  {"resourceVersion", "7"}}));
  BOOST_TEST(status("lastScheduleTime") == "2026-03-02T10:01:00Z");
  BOOST_TEST(events == names{"SuccessfulCreate"});
  // Once for each time, however often it looks.
  for (int i = 0; i < 3; ++i) settle();
  run_until("2026-03-02T10:03:10Z");
  BOOST_TEST(made() == (names{"sum-29540761", "sum-29540762", "sum-29540763"}));
  BOOST_TEST(active().size() == 3u);
}

BOOST_AUTO_TEST_CASE(jobs_that_end_leave_the_list) {
  run_until("2026-03-02T10:01:05Z");
  end_all();
  settle();
  BOOST_TEST(active().empty());
  BOOST_TEST(!cron["status"].contains("active"));
  BOOST_TEST(status("lastSuccessfulTime") == "2026-03-02T10:01:05Z");
  BOOST_TEST(count("SawCompletedJob") == 1);
  run_until("2026-03-02T10:02:05Z");
  end_all("Failed");
  settle();
  BOOST_TEST(status("lastSuccessfulTime") == "2026-03-02T10:01:05Z");
  BOOST_TEST(count("SawCompletedJob") == 2);
  run_until("2026-03-02T10:03:05Z");
  jobs.erase(name_at("2026-03-02T10:03:00Z"));
  settle();
  BOOST_TEST(active().empty());
  BOOST_TEST(count("MissingJob") == 1);
  BOOST_TEST(made().size() == 2u); // nor is it made again
}

BOOST_AUTO_TEST_CASE(a_leader_that_died_between_the_two_writes) {
  now += minutes(1);
  round();
  BOOST_TEST(jobs.size() == 1u);
  BOOST_TEST(!cron.contains("status"));
  // Its successor looks a while later, when the Job has ended.
  now += seconds(10);
  end_all();
  settle();
  BOOST_TEST(jobs.size() == 1u);
  BOOST_TEST(status("lastScheduleTime") == "2026-03-02T10:01:00Z");
  BOOST_TEST(status("lastSuccessfulTime") == "2026-03-02T10:01:40Z");
  BOOST_TEST(events == (names{"SuccessfulCreate", "SawCompletedJob"}));
}

BOOST_AUTO_TEST_CASE(forbid_waits_for_the_end) {
  spec["concurrencyPolicy"] = "Forbid";
  run_until("2026-03-02T10:03:20Z");
  BOOST_TEST(made() == names{name_at("2026-03-02T10:01:00Z")});
  BOOST_TEST(count("JobAlreadyActive") == 2);
  // When it has ended, the last that was missed is made up for: one, not two.
  end_all();
  settle();
  BOOST_TEST(active() == names{name_at("2026-03-02T10:03:00Z")});
  BOOST_TEST(made().size() == 2u);
}

BOOST_AUTO_TEST_CASE(replace_deletes_first) {
  spec["concurrencyPolicy"] = "Replace";
  run_until("2026-03-02T10:01:20Z");
  now = schema::parse_time("2026-03-02T10:02:00Z").value();
  round();
  BOOST_REQUIRE(last.remove.size() == 1u);
  BOOST_TEST(last.remove[0].key.name == name_at("2026-03-02T10:01:00Z"));
  BOOST_TEST(last.create.empty());
  settle();
  BOOST_TEST(made() == names{name_at("2026-03-02T10:02:00Z")});
  BOOST_TEST(active() == made());
  BOOST_TEST(events == (names{"SuccessfulCreate", "SuccessfulDelete", "SuccessfulCreate"}));
  // One that takes its time to go does not hold up the next.
  jobs.begin()->second["metadata"]["deletionTimestamp"] = schema::format_time(now);
  run_until("2026-03-02T10:03:00Z");
  BOOST_TEST(jobs.size() == 2u);
}

BOOST_AUTO_TEST_CASE(only_some_history_is_kept) {
  spec["successfulJobsHistoryLimit"] = 2;
  spec["failedJobsHistoryLimit"] = 0;
  for (const char* until : {"2026-03-02T10:01:10Z", "2026-03-02T10:02:10Z", "2026-03-02T10:03:10Z"}) {
    run_until(until);
    end_all();
  }
  run_until("2026-03-02T10:04:10Z");
  end_all("Failed");
  settle();
  BOOST_TEST(made() == (names{name_at("2026-03-02T10:02:00Z"), name_at("2026-03-02T10:03:00Z")}));
  BOOST_TEST(count("SuccessfulDelete") == 2);
  // Without limits all stay, and suspension does not end the cleaning.
  spec["suspend"] = true;
  spec["successfulJobsHistoryLimit"] = 1;
  settle();
  BOOST_TEST(made() == names{name_at("2026-03-02T10:03:00Z")});
}

BOOST_AUTO_TEST_CASE(suspended_it_makes_nothing_and_then_one) {
  spec["suspend"] = true;
  settle();
  BOOST_TEST(!last.requeue_at.has_value());
  now += hours(1);
  settle();
  BOOST_TEST(jobs.empty());
  spec["suspend"] = false;
  settle();
  BOOST_TEST(made() == names{name_at("2026-03-02T11:00:00Z")});
  BOOST_TEST(count("TooManyMissedTimes") == 0);
}

BOOST_AUTO_TEST_CASE(more_than_a_hundred_missed_are_told_of) {
  run_until("2026-03-02T10:01:10Z");
  now += minutes(100);
  settle();
  BOOST_TEST(count("TooManyMissedTimes") == 0);
  now += minutes(101);
  settle();
  BOOST_TEST(count("TooManyMissedTimes") == 1);
  BOOST_TEST(jobs.size() == 3u);
  // Within the deadline there were few.
  spec["startingDeadlineSeconds"] = 600;
  now += hours(48);
  settle();
  BOOST_TEST(count("TooManyMissedTimes") == 1);
  BOOST_TEST(jobs.size() == 4u);
}

BOOST_AUTO_TEST_CASE(after_the_deadline_it_is_too_late) {
  spec["schedule"] = "0 * * * *";
  spec["startingDeadlineSeconds"] = 100;
  settle();
  now = schema::parse_time("2026-03-02T11:01:40Z").value();
  round();
  BOOST_TEST(last.create.size() == 1u); // just in time
  jobs.clear();
  cron.erase("status");
  now += seconds(1);
  events.clear();
  settle();
  BOOST_TEST(jobs.empty());
  BOOST_TEST(events == names{"MissSchedule"});
  BOOST_TEST(last.events[0].message ==
             "Missed scheduled time to start a job: Mon, 02 Mar 2026 11:00:00 +0000");
  BOOST_TEST(schema::format_time(last.requeue_at.value()) == "2026-03-02T12:00:00Z");
  run_until("2026-03-02T12:00:00Z");
  BOOST_TEST(made() == names{name_at("2026-03-02T12:00:00Z")});
}

BOOST_AUTO_TEST_CASE(a_new_schedule_has_missed_nothing) {
  spec["schedule"] = "0 3 * * *";
  run_until("2026-03-03T10:12:00Z");
  BOOST_TEST(jobs.size() == 1u);
  spec["schedule"] = "*/10 * * * *";
  schedule_since = now;
  settle();
  BOOST_TEST(jobs.size() == 1u);
  BOOST_TEST(schema::format_time(last.requeue_at.value()) == "2026-03-03T10:20:00Z");
  run_until("2026-03-03T10:20:00Z");
  BOOST_TEST(jobs.size() == 2u);
}

BOOST_AUTO_TEST_CASE(schedules_and_zones_that_mean_nothing) {
  const auto complaint = [&] {
    settle();
    BOOST_TEST(!last.requeue_at.has_value());
    BOOST_TEST(jobs.empty());
    return last.events.empty() ? "" : last.events[0].reason + ": " + last.events[0].message;
  };
  spec["schedule"] = "0 0 31 2 *";
  BOOST_TEST(complaint() ==
             "InvalidSchedule: invalid schedule: 0 0 31 2 * : no such time within eight years");
  spec["schedule"] = "61 * * * *";
  BOOST_TEST(complaint() == "UnparseableSchedule: unparseable schedule: \"61 * * * *\" : end of range (61) "
                            "above maximum (59): 61");
  spec["timeZone"] = "Europe/Berlim";
  BOOST_TEST(complaint() ==
             "UnknownTimeZone: invalid timeZone: \"Europe/Berlim\": unknown time zone Europe/Berlim");
}

BOOST_AUTO_TEST_CASE(the_zone_decides) {
  spec["schedule"] = "30 2 * * *";
  spec["timeZone"] = "Europe/Berlin";
  cron["metadata"]["creationTimestamp"] = "2025-10-25T12:00:00Z";
  now = schema::parse_time("2025-10-25T12:00:00Z").value();
  run_until("2025-10-27T12:00:00Z");
  names stamps;
  for (const auto& [name, job] : jobs)
    stamps.push_back(job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]);
  BOOST_TEST(stamps ==
             (names{"2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00", "2025-10-27T02:30:00+01:00"}));
}

BOOST_AUTO_TEST_CASE(every_so_often) {
  spec["schedule"] = "@every 150s";
  spec["startingDeadlineSeconds"] = 20;
  run_until("2026-03-02T10:08:10Z");
  BOOST_TEST(made() == (names{name_at("2026-03-02T10:03:00Z"), name_at("2026-03-02T10:05:30Z"),
                              name_at("2026-03-02T10:08:00Z")}));
  BOOST_TEST(status("lastScheduleTime") == "2026-03-02T10:08:00Z");
  // At most one in a minute: that is what names are made of.
  spec["schedule"] = "@every 10s";
  run_until("2026-03-02T10:08:50Z");
  BOOST_TEST(jobs.size() == 3u);
  run_until("2026-03-02T10:09:05Z");
  BOOST_TEST(jobs.size() == 4u);
}

BOOST_AUTO_TEST_CASE(jobs_of_other_origin) {
  // Made by hand from its template: told of, not waited for.
  add_job("by-hand", "u-sum");
  spec["concurrencyPolicy"] = "Forbid";
  run_until("2026-03-02T10:01:10Z");
  BOOST_TEST(count("UnexpectedJob") > 0);
  BOOST_TEST(active() == names{name_at("2026-03-02T10:01:00Z")});
  end_all();
  settle();
  // Somebody else's has the name.
  add_job(name_at("2026-03-02T10:02:00Z"), nullptr);
  events.clear();
  run_until("2026-03-02T10:02:30Z");
  BOOST_TEST(events == names{"FailedCreate"});
  BOOST_TEST(schema::format_time(last.requeue_at.value()) == "2026-03-02T10:03:00Z");
}

BOOST_AUTO_TEST_CASE(one_that_is_deleted_makes_nothing_more) {
  run_until("2026-03-02T10:01:10Z");
  cron["metadata"]["deletionTimestamp"] = "2026-03-02T10:01:10Z";
  end_all();
  now += minutes(5);
  settle();
  BOOST_TEST(jobs.size() == 1u);
  BOOST_TEST(active().empty());
  BOOST_TEST(!last.requeue_at.has_value());
}

BOOST_AUTO_TEST_CASE(a_job_that_was_refused_is_tried_again) {
  refuses = true;
  run_until("2026-03-02T10:01:10Z");
  BOOST_TEST(jobs.empty());
  BOOST_TEST(status("lastScheduleTime").empty());
  refuses = false;
  settle();
  BOOST_TEST(made() == names{name_at("2026-03-02T10:01:00Z")});
}

/// Whatever policy, ends, deletions, pauses and clocks: each minute's Job once, in order, what is listed
/// runs.
BOOST_AUTO_TEST_CASE(random_lives) {
  const std::uint64_t seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937_64 random(seed);
    const auto roll = [&](int sides) { return std::uniform_int_distribution(0, sides - 1)(random); };
    for (int life = 0; life < 60; ++life) {
      fixture it;
      it.spec["concurrencyPolicy"] =
          std::array{"Allow", "Forbid", "Replace"}[static_cast<std::size_t>(roll(3))];
      it.spec["schedule"] =
          std::array{"* * * * *", "*/3 * * * *", "@every 100s"}[static_cast<std::size_t>(roll(3))];
      it.spec["successfulJobsHistoryLimit"] = roll(4);
      it.spec["failedJobsHistoryLimit"] = roll(2);
      std::string newest;
      for (int step = 0; step < 80; ++step) {
        switch (roll(7)) {
        case 0:
          it.end_all(roll(3) == 0 ? "Failed" : "Complete");
          break;
        case 1:
          if (!it.jobs.empty()) it.jobs.erase(it.jobs.begin());
          break;
        case 2:
          it.spec["suspend"] = roll(2) == 0;
          break;
        case 3:
          it.now += minutes(roll(400));
          break;
        default:
          it.now += seconds(roll(90));
        }
        it.round();
        if (roll(2) == 0) it.settle();
        for (const auto& [name, job] : it.jobs) newest = std::max(newest, name);
        for (const auto& item : it.last.create) BOOST_REQUIRE(item.key.name >= newest);
      }
      it.settle();
      for (const std::string& name : it.active())
        BOOST_REQUIRE(it.jobs.contains(name) && !it.jobs.at(name)["status"].contains("conditions"));
      for (const auto& [name, job] : it.jobs)
        BOOST_REQUIRE(job["status"].contains("conditions") || std::ranges::count(it.active(), name) == 1);
      if (it.spec["concurrencyPolicy"] != "Allow") BOOST_REQUIRE(it.active().size() <= 1u);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
