// Stories of patches and ownership as text: each line that starts with a verb is carried out, and what comes
// of it is the indented lines below (see tests/support/scenario.hpp).
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

#include "tests/support/scenario.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <sstream>

using namespace actord;
using namespace actord::schema;

namespace {

class story {
public:
  void act(const std::string& verb, const std::string& rest, std::string& told) {
    told_ = &told;
    std::istringstream words(rest);
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
      std::string text;
      std::getline(words >> std::ws, text);
      own(verb, manager, text);
    } else {
      change(verb, rest);
    }
  }

private:
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
    *told_ += "  " + json_text(object_) + "\n";
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
    *told_ += "  " + json_text(shown) + "\n";
    for (const json& entry : entries)
      *told_ += "  " + entry.value("manager", "") + " " + entry.value("operation", "") + " " +
                entry.value("subresource", "") + " " + entry.value("time", "") + " " +
                json_text(entry["fieldsV1"]) + "\n";
  }

  void report(const error& failure) {
    *told_ += "  refused " + std::to_string(http_code(failure.kind)) + " ";
    for (const char character : failure.message)
      *told_ += character == '\n' ? std::string("\\n") : std::string(1, character);
    *told_ += "\n";
    for (const error_cause& cause : failure.causes)
      *told_ += "  cause " + cause.reason + " | " + cause.field + " | " + cause.message + "\n";
  }

  const object_type* type_ = nullptr;
  json object_;
  wall_time now_{};
  std::string* told_ = nullptr; ///< of the step under way
};

} // namespace

BOOST_AUTO_TEST_SUITE(patch_scenarios)

BOOST_AUTO_TEST_CASE(every_story_ends_as_written) {
  testing::run_stories("", [] {
    return [told = std::make_shared<story>()](const std::string& verb, const std::string& rest,
                                              std::string& out) { told->act(verb, rest, out); };
  });
}

BOOST_AUTO_TEST_SUITE_END()
