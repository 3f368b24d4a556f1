// Stories of patches and ownership as text: each line that starts with a verb is carried out, and what comes
// of it is the indented lines below. Run with ACTORD_REWRITE_SCENARIOS=1 to write what the code does now,
// then read the diff.
//
//   type NAME                       the object type of what follows
//   start JSON                      the object as it is stored
//   json|merge|strategic JSON       patches the object, without looking at ownership
//   update MANAGER JSON             merge patch by a manager whose fields are tracked
//   status MANAGER JSON             the same through the status subresource
//   apply MANAGER [force] JSON      server-side apply
//   tick                            a minute passes

#include "schema/base/json.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/patch/field_compare.hpp"
#include "schema/patch/field_manager.hpp"
#include "schema/patch/json_patch.hpp"
#include "schema/patch/merge_patch.hpp"
#include "schema/patch/strategic_merge_patch.hpp"
#include "schema/tables/type_table.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace actord;
using namespace actord::schema;

namespace {

class story {
public:
  std::string play(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("  ")) continue;
      out_ += line + "\n";
      if (!line.empty() && line[0] != '#') act(line);
    }
    return out_;
  }

private:
  void act(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "type") {
      std::string name;
      words >> name;
      type_ = find_type(name);
      BOOST_REQUIRE_MESSAGE(type_ != nullptr, "no type " << name);
      object_ = nullptr;
      now_ = wall_time{} + std::chrono::hours(24 * 365 * 56);
    } else if (verb == "tick") {
      now_ += std::chrono::minutes(1);
    } else if (verb == "update" || verb == "apply" || verb == "status") {
      std::string manager;
      words >> manager;
      own(verb, manager, rest(words));
    } else {
      change(verb, rest(words));
    }
  }

  static std::string rest(std::istringstream& words) {
    std::string text;
    std::getline(words >> std::ws, text);
    return text;
  }

  static json parsed(const std::string& text) {
    auto value = parse_json(text);
    BOOST_REQUIRE_MESSAGE(value.has_value(), "bad JSON in scenario: " << text);
    return *value;
  }

  void change(const std::string& verb, const std::string& text) {
    const json value = parsed(text);
    json patched = object_;
    if (verb == "start") {
      object_ = value;
      return;
    }
    result<void> done;
    if (verb == "json")
      done = apply_json_patch(patched, value);
    else if (verb == "merge")
      apply_merge_patch(patched, value);
    else if (verb == "strategic")
      done = apply_strategic_merge_patch(*type_, patched, value);
    else
      BOOST_FAIL("unknown verb " << verb);
    if (!done) return report(done.error());
    object_ = std::move(patched);
    out_ += "  " + json_text(object_) + "\n";
  }

  void own(const std::string& verb, const std::string& manager, std::string text) {
    const bool force = text.starts_with("force ");
    if (force) text.erase(0, 6);
    field_set untouchable;
    untouchable.insert({verb == "status" ? "f:spec" : "f:status"});
    const json value = parsed(text);
    const field_writer writer{*type_, manager,    "apps/v1", verb == "status" ? "status" : "",
                              now_,   untouchable};
    if (verb == "apply") {
      auto applied =
          apply_configuration(writer, object_.is_null() ? zero_object(*type_) : object_, value, force);
      if (!applied) return report(applied.error());
      object_ = std::move(*applied);
    } else {
      json changed = object_.is_null() ? zero_object(*type_) : object_;
      apply_merge_patch(changed, value);
      track_update(writer, object_.is_null() ? nullptr : &object_, changed);
      object_ = std::move(changed);
    }
    json shown = object_;
    json entries = json::array();
    if (shown.contains("metadata")) {
      entries = shown["metadata"].value("managedFields", json::array());
      shown["metadata"].erase("managedFields");
    }
    out_ += "  " + json_text(shown) + "\n";
    for (const json& entry : entries)
      out_ += "  " + entry.value("manager", "") + " " + entry.value("operation", "") + " " +
              entry.value("subresource", "") + " " + entry.value("time", "") + " " +
              json_text(entry["fieldsV1"]) + "\n";
  }

  void report(const error& failure) {
    out_ += "  refused " + std::to_string(http_code(failure.kind)) + " ";
    for (const char character : failure.message)
      out_ += character == '\n' ? std::string("\\n") : std::string(1, character);
    out_ += "\n";
    for (const error_cause& cause : failure.causes)
      out_ += "  cause " + cause.reason + " | " + cause.field + " | " + cause.message + "\n";
  }

  const object_type* type_ = nullptr;
  json object_;
  wall_time now_{};
  std::string out_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(patch_scenarios)

BOOST_AUTO_TEST_CASE(every_story_ends_as_written) {
  int stories = 0;
  for (const auto& file : std::filesystem::directory_iterator(TEST_DATA_DIR "/scenarios")) {
    std::ifstream in(file.path());
    std::stringstream text;
    text << in.rdbuf();
    const std::string told = story().play(text.str());
    if (std::getenv("ACTORD_REWRITE_SCENARIOS") != nullptr)
      std::ofstream(file.path()) << told;
    else
      BOOST_CHECK_EQUAL(told, text.str());
    ++stories;
  }
  BOOST_CHECK_GE(stories, 4);
}

BOOST_AUTO_TEST_SUITE_END()
