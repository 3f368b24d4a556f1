#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/strategy_table.hpp"

#include <fmt/format.h>

#include <array>

namespace actord::schema::rules {

namespace {

/// Both API groups show one object; each has its own words for the same members.
struct event_words {
  std::string_view subject; ///< what the event is about
  std::string_view reporter;
  std::string_view text;
  std::string_view source;
  std::string_view first;
  std::string_view last;
  std::string_view count;
};

constexpr event_words core_words{"involvedObject", "reportingComponent", "message", "source",
                                 "firstTimestamp", "lastTimestamp",      "count"};
constexpr event_words new_words{"regarding",        "reportingController",      "note",
                                "deprecatedSource", "deprecatedFirstTimestamp", "deprecatedLastTimestamp",
                                "deprecatedCount"};

/// The path of a member in the words of the core group, which errors use.
field in_core_words(const field& event, std::string_view name, std::string_view core_name) {
  return event.named(core_name).with(event.at(name).value());
}

void check_length(const field& text, std::size_t most, field_errors& errors) {
  if (text.text().size() > most)
    errors.invalid(text, "", fmt::format("can have at most {} characters", most));
}

void check_as_ever(const field& event, const event_words& words, field_errors& errors) {
  constexpr std::size_t most = 128;
  constexpr std::size_t most_text = 1024;
  const field subject = in_core_words(event, words.subject, "involvedObject").at("namespace");
  const std::string_view space = event.at("metadata").at("namespace").text();
  constexpr std::string_view differs = "does not match event.namespace";
  if (event.at("eventTime").zero()) {
    const bool fits = subject.zero() ? space.empty() || space == "default" : space == subject.text();
    if (!fits) errors.invalid(subject, subject.text(), differs);
  } else {
    if (subject.zero() && space != "default" && space != "kube-system") errors.invalid(subject, "", differs);
    const field reporter = event.at(words.reporter);
    require(reporter, errors);
    check_format(reporter, label_key, errors);
    const auto check_text = [&](const field& text) {
      require(text, errors);
      check_length(text, most, errors);
    };
    check_text(event.at("reportingInstance"));
    check_text(event.at("action"));
    check_text(event.at("reason"));
    check_length(in_core_words(event, words.text, "message"), most_text, errors);
  }
  for (const std::string& wrong : dns_subdomain(space)) errors.invalid("namespace", space, wrong);
}

void check_series(const field& event, field_errors& errors) {
  const field series = event.at("series");
  if (!series.present()) return;
  if (series.at("count").integer() < 2) errors.invalid("series.count", "", "should be at least 2");
  if (series.at("lastObservedTime").zero()) errors.required("series.lastObservedTime");
}

void check_core_event(const json& object, field_errors& errors, const rule_context&) {
  check_as_ever(field(object), core_words, errors);
}

void check_core_event_update(const json& object, const json&, field_errors& errors,
                             const rule_context& context) {
  check_core_event(object, errors, context);
}

void check_new_event(const json& object, field_errors& errors, const rule_context& context) {
  const field event(object);
  check_as_ever(event, new_words, errors);
  validate_metadata_create(object, errors, context);
  check_series(event, errors);
  require(event.at("eventTime"), errors);
  const std::string_view type = event.at("type").text();
  if (type != "Normal" && type != "Warning")
    errors.invalid("type", "", fmt::format("has invalid value: {}", type));
  const auto unset = [&](std::string_view name, std::string_view core_name) {
    if (!event.at(name).zero()) errors.invalid(std::string(core_name), "", "needs to be unset");
  };
  unset(new_words.first, "firstTimestamp");
  unset(new_words.last, "lastTimestamp");
  unset(new_words.count, "count");
  const field source = event.at(new_words.source);
  if (!source.at("component").zero() || !source.at("host").zero())
    errors.invalid("source", "", "needs to be unset");
}

void check_new_event_update(const json& object, const json& old, field_errors& errors,
                            const rule_context& context) {
  const field event(object);
  const field before(old);
  check_as_ever(event, new_words, errors);
  validate_metadata_update(object, old, errors, context);
  if (!same(event.at("series").value(), before.at("series").value())) check_series(event, errors);
  const std::array<std::pair<std::string_view, std::string_view>, 14> fixed{
      {{new_words.subject, "involvedObject"},
       {"reason", "reason"},
       {new_words.text, "message"},
       {new_words.source, "source"},
       {new_words.first, "firstTimestamp"},
       {new_words.last, "lastTimestamp"},
       {new_words.count, "count"},
       {"reason", "reason"},
       {"type", "type"},
       {"eventTime", "eventTime"},
       {"action", "action"},
       {"related", "related"},
       {"reportingController", "reportingController"},
       {"reportingInstance", "reportingInstance"}}};
  for (const auto& [name, core_name] : fixed)
    check_immutable(in_core_words(event, name, core_name), before.at(name), errors);
}

} // namespace

constinit const kind_rules event_rules{.prepare_create = prepare_create_as_usual,
                                       .prepare_update = prepare_update_as_usual,
                                       .validate_create = check_core_event,
                                       .validate_update = check_core_event_update};
constinit const kind_rules new_event_rules{.prepare_create = prepare_create_as_usual,
                                           .prepare_update = prepare_update_as_usual,
                                           .validate_create = check_new_event,
                                           .validate_update = check_new_event_update};

} // namespace actord::schema::rules
