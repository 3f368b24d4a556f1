#include "schema/print/printer_table.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace actord::schema::print {
namespace {

std::string lower(std::string value) {
  std::ranges::transform(value, value.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return value;
}

std::string node_status(const json& node) {
  const json& ready = condition(node, "Ready");
  std::string status = ready.is_null()                         ? "Unknown"
                       : text(at(ready, {"status"})) == "True" ? "Ready"
                                                               : "NotReady";
  if (truth(at(node, {"spec", "unschedulable"}))) status += ",SchedulingDisabled";
  return status;
}

std::string node_roles(const json& node) {
  constexpr std::string_view prefix = "node-role.kubernetes.io/";
  std::set<std::string> roles;
  const json& labels = at(node, {"metadata", "labels"});
  if (labels.is_object())
    for (const auto& [key, value] : labels.items()) {
      if (key.starts_with(prefix) && key.size() > prefix.size()) roles.insert(key.substr(prefix.size()));
      if (key == "kubernetes.io/role" && !text(value).empty()) roles.insert(text(value));
    }
  return roles.empty() ? "<none>" : joined(std::vector<std::string>(roles.begin(), roles.end()), ",");
}

std::string node_address(const json& node, std::string_view type) {
  const json& addresses = at(node, {"status", "addresses"});
  if (addresses.is_array())
    for (const json& address : addresses)
      if (text(at(address, {"type"})) == type) return text(at(address, {"address"}));
  return "<none>";
}

} // namespace

void print_node(const row_writer& row) {
  const json& info = at(row.object, {"status", "nodeInfo"});
  std::string kernel = text_or(at(info, {"kernelVersion"}), "<unknown>");
  if (const auto architecture = text(at(info, {"architecture"})); !architecture.empty())
    kernel += " (" + architecture + ")";
  row.add(name_of(row.object), node_status(row.object), node_roles(row.object), age(row),
          text(at(info, {"kubeletVersion"})), node_address(row.object, "InternalIP"),
          node_address(row.object, "ExternalIP"), text_or(at(info, {"osImage"}), "<unknown>"), kernel,
          text_or(at(info, {"containerRuntimeVersion"}), "<unknown>"));
}

void print_namespace(const row_writer& row) {
  row.add(name_of(row.object), text(at(row.object, {"status", "phase"})), age(row));
}

void print_config_map(const row_writer& row) {
  row.add(name_of(row.object), count(at(row.object, {"data"})) + count(at(row.object, {"binaryData"})),
          age(row));
}

void print_secret(const row_writer& row) {
  row.add(name_of(row.object), text(at(row.object, {"type"})), count(at(row.object, {"data"})), age(row));
}

void print_name_and_age(const row_writer& row) { row.add(name_of(row.object), age(row)); }

void print_name_and_creation(const row_writer& row) {
  row.add(name_of(row.object), text(at(row.object, {"metadata", "creationTimestamp"})));
}

void print_resource_quota(const row_writer& row) {
  std::vector<std::string> requests;
  std::vector<std::string> limits;
  const json& hard = at(row.object, {"status", "hard"});
  const json& used = at(row.object, {"status", "used"});
  if (hard.is_object())
    for (const auto& [name, value] : hard.items())
      (name.starts_with("limits.") ? limits : requests)
          .push_back(fmt::format("{}: {}/{}", name, text_or(at(used, {name.c_str()}), "0"), text(value)));
  row.add(name_of(row.object), joined(requests, ", "), joined(limits, ", "), age(row));
}

void print_lease(const row_writer& row) {
  row.add(name_of(row.object), text(at(row.object, {"spec", "holderIdentity"})), age(row));
}

void print_priority_class(const row_writer& row) {
  const json& object = row.object;
  row.add(name_of(object), number(at(object, {"value"})), truth(at(object, {"globalDefault"})), age(row),
          text(at(object, {"preemptionPolicy"})));
}

void print_runtime_class(const row_writer& row) {
  row.add(name_of(row.object), text(at(row.object, {"handler"})), age(row));
}

void print_component_status(const row_writer& row) {
  const json& conditions = at(row.object, {"conditions"});
  std::string status = "Unhealthy";
  std::string message;
  std::string failure;
  if (conditions.is_array())
    for (const json& one : conditions) {
      if (text(at(one, {"status"})) == "True") status = "Healthy";
      message = text(at(one, {"message"}));
      failure = text(at(one, {"error"}));
      if (text(at(one, {"type"})) == "Healthy") break;
    }
  row.add(name_of(row.object), status, message, failure);
}

namespace {

/// Events have two forms, core and events.k8s.io, with other names for the same members.
const json& either(const json& event, std::initializer_list<const char*> one,
                   std::initializer_list<const char*> other) {
  const json& found = at(event, one);
  return found.is_null() ? at(event, other) : found;
}

std::string trimmed(const std::string& value) {
  constexpr std::string_view blank = " \t\r\n\v\f";
  const auto first = value.find_first_not_of(blank);
  return first == std::string::npos ? "" : value.substr(first, value.find_last_not_of(blank) - first + 1);
}

} // namespace

void print_event(const row_writer& row) {
  const json& event = row.object;
  const std::string first = text(either(event, {"firstTimestamp"}, {"deprecatedFirstTimestamp"}));
  const std::string first_seen = age_of(first.empty() ? text(at(event, {"eventTime"})) : first, row.now);
  const std::string last = text(either(event, {"lastTimestamp"}, {"deprecatedLastTimestamp"}));
  std::string last_seen = last.empty() ? first_seen : age_of(last, row.now);
  std::int64_t times = number(either(event, {"count"}, {"deprecatedCount"}));
  if (const json& series = at(event, {"series"}); !series.is_null()) {
    last_seen = age_of(text(at(series, {"lastObservedTime"})), row.now);
    times = number(at(series, {"count"}));
  } else if (times == 0) {
    times = 1;
  }
  const json& about = either(event, {"involvedObject"}, {"regarding"});
  std::string target = lower(text(at(about, {"kind"})));
  if (const auto name = text(at(about, {"name"})); !name.empty()) target += "/" + name;
  const json& source = either(event, {"source"}, {"deprecatedSource"});
  std::string reporter = text_or(at(source, {"component"}),
                                 text(either(event, {"reportingComponent"}, {"reportingController"})));
  const std::string instance = text_or(at(source, {"host"}), text(at(event, {"reportingInstance"})));
  if (!instance.empty()) reporter += ", " + instance;
  row.add(last_seen, text(at(event, {"type"})), text(at(event, {"reason"})), target,
          text(at(about, {"fieldPath"})), reporter, trimmed(text(either(event, {"message"}, {"note"}))),
          first_seen, times, name_of(event));
}

} // namespace actord::schema::print
