#include "actors/api/request_options.hpp"

#include "actors/objects/refusals.hpp"
#include "schema/rules/kind_rules.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace actord::actors {
namespace {

/// 422 of an options kind: `ListOptions.meta.k8s.io "" is invalid: ...`.
error invalid_options(std::string_view kind, const schema::field_errors& errors) {
  std::string text;
  for (const error_cause& cause : errors.causes())
    text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  if (errors.causes().size() > 1) text = "[" + text + "]";
  return {.kind = error_kind::invalid,
          .message = fmt::format("{}.meta.k8s.io \"\" is invalid: {}", kind, text),
          .causes = errors.causes(),
          .subject = error_subject{"meta.k8s.io", std::string(kind), {}, {}}};
}

result<std::optional<std::int64_t>> parse_number(const query_values& query, std::string_view name) {
  const std::string_view text = query.get(name);
  if (text.empty()) return std::optional<std::int64_t>{};
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size())
    return bad_request(fmt::format("strconv.ParseInt: parsing \"{}\": invalid syntax", text));
  return std::optional(number);
}

result<std::optional<revision>> parse_version(std::string_view text) {
  if (text.empty()) return std::optional<revision>{};
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size())
    return bad_request(
        fmt::format("invalid resource version: resourceVersion: Invalid value: \"{}\": strconv.ParseUint: "
                    "parsing \"{}\": invalid syntax",
                    text, text));
  return std::optional(revision{number});
}

/// What may not be combined, in the order Kubernetes reports it.
std::optional<error> check_combinations(const query_values& query, const list_options& options) {
  schema::field_errors errors;
  const bool has_match = !query.get("resourceVersionMatch").empty();
  if (options.initial_events && !options.watch)
    errors.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
  if (options.watch && options.initial_events) {
    if (*options.initial_events && options.match != version_match::not_older_than)
      errors.forbidden("resourceVersionMatch",
                       "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  } else if (options.watch && has_match) {
    errors.forbidden("resourceVersionMatch",
                     "resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
                     "provided");
  } else if (has_match) {
    if (!options.at)
      errors.forbidden("resourceVersionMatch",
                       "resourceVersionMatch is forbidden unless resourceVersion is provided");
    if (!options.continue_token.empty())
      errors.forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
    if (options.match == version_match::exact && options.at && options.at->value == 0)
      errors.forbidden("resourceVersionMatch",
                       "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
  }
  if (errors.empty()) return {};
  return invalid_options("ListOptions", errors);
}

std::optional<bool> parse_boolean(const query_values& query, std::string_view name) {
  if (!query.has(name)) return {};
  return query.flag(name);
}

std::optional<error> read_selectors(const query_values& query, const schema::resource_type& type,
                                    object_selector& selector) {
  auto labels = parse_label_selector(query.get("labelSelector"));
  if (!labels) return labels.error();
  auto fields = parse_field_selector(query.get("fieldSelector"), type);
  if (!fields) return fields.error();
  selector.labels = std::move(*labels);
  selector.fields = std::move(*fields);
  return {};
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(
      text, [](char letter) { return static_cast<unsigned char>(letter) >= 32 && letter != 127; });
}

} // namespace

result<list_options> parse_list_options(const query_values& query, const schema::resource_type& type,
                                        bool watch) {
  list_options options;
  options.watch = watch;
  const auto limit = parse_number(query, "limit");
  if (!limit) return limit.error();
  if (*limit && **limit > 0) options.limit = static_cast<std::size_t>(**limit);
  const auto timeout = parse_number(query, "timeoutSeconds");
  if (!timeout) return timeout.error();
  if (*timeout) options.timeout = std::chrono::seconds(std::clamp<std::int64_t>(**timeout, 0, 86'400));
  options.continue_token = query.get("continue");
  options.bookmarks = query.flag("allowWatchBookmarks");
  options.initial_events = parse_boolean(query, "sendInitialEvents");
  if (auto failure = read_selectors(query, type, options.selector)) return *failure;
  if (!watch || !query.get("resourceVersion").empty()) {
    const auto at = parse_version(query.get("resourceVersion"));
    if (!at) return at.error();
    options.at = *at;
  }
  const std::string_view match = query.get("resourceVersionMatch");
  if (match == "Exact") {
    options.match = version_match::exact;
  } else if (match == "NotOlderThan") {
    options.match = version_match::not_older_than;
  } else if (!match.empty()) {
    schema::field_errors errors;
    errors.not_supported("resourceVersionMatch", std::string(match), {"Exact", "NotOlderThan", ""});
    return invalid_options("ListOptions", errors);
  }
  if (auto failure = check_combinations(query, options)) return *failure;
  return options;
}

result<std::optional<revision>> parse_get_version(const query_values& query) {
  return parse_version(query.get("resourceVersion"));
}

result<write_options> parse_write_options(const query_values& query, std::string_view kind,
                                          std::string_view user_agent, bool is_apply) {
  constexpr std::size_t manager_max_bytes = 128;
  write_options options;
  schema::field_errors errors;
  const auto dry_run = query.all("dryRun");
  for (const std::string_view value : dry_run) {
    if (value == "All") {
      options.dry_run = true;
    } else if (!value.empty()) {
      json values = json::array();
      for (const std::string_view each : dry_run) values.emplace_back(std::string(each));
      errors.not_supported("dryRun", values, {"All"});
      break;
    }
  }
  options.force = query.flag("force");
  const std::string_view manager = query.get("fieldManager");
  if (manager.size() > manager_max_bytes)
    errors.too_long("fieldManager", static_cast<int>(manager_max_bytes));
  if (!is_printable(manager))
    errors.invalid("fieldManager", std::string(manager), "should only contain printable characters");
  if (is_apply && manager.empty()) errors.required("fieldManager", "is required for apply patch");
  if (!is_apply && query.has("force") && kind == "PatchOptions")
    errors.forbidden("force", "may not be specified for non-apply patch");
  const std::string_view validation = query.get("fieldValidation");
  if (validation == "Ignore") {
    options.validation = schema::field_validation::ignore;
  } else if (validation == "Strict") {
    options.validation = schema::field_validation::strict;
  } else if (!validation.empty() && validation != "Warn") {
    errors.not_supported("fieldValidation", std::string(validation), {"", "Ignore", "Strict", "Warn"});
  }
  if (!errors.empty()) return invalid_options(kind, errors);
  options.field_manager = manager.empty() ? user_agent.substr(0, user_agent.find('/')) : manager;
  if (options.field_manager.empty()) options.field_manager = "unknown";
  return options;
}

namespace {

/// The fields of DeleteOptions, wherever they came from.
struct raw_delete_options {
  std::optional<std::int64_t> grace_period_s;
  std::string propagation_policy;
  std::optional<bool> orphan_dependents;
  std::vector<std::string> dry_run;
  std::string uid;
  std::string resource_version;
};

/// Throws as the library does: 1.5 is no number of seconds.
std::int64_t whole_number(const json& value) {
  if (value.is_number_float()) throw json::type_error::create(302, "type must be an integer", &value);
  return value.get<std::int64_t>();
}

result<raw_delete_options> read_delete_body(std::string_view body) {
  raw_delete_options raw;
  const json parsed = json::parse(body, nullptr, false);
  if (parsed.is_discarded() || !parsed.is_object())
    return bad_request("the body of the request is not a DeleteOptions object");
  if (const auto kind = parsed.find("kind"); kind != parsed.end() && *kind != "DeleteOptions")
    return bad_request("decoded object cannot be converted to DeleteOptions");
  try {
    if (const auto it = parsed.find("gracePeriodSeconds"); it != parsed.end() && !it->is_null())
      raw.grace_period_s = whole_number(*it);
    if (const auto it = parsed.find("propagationPolicy"); it != parsed.end() && !it->is_null())
      raw.propagation_policy = it->get<std::string>();
    if (const auto it = parsed.find("orphanDependents"); it != parsed.end() && !it->is_null())
      raw.orphan_dependents = it->get<bool>();
    if (const auto it = parsed.find("dryRun"); it != parsed.end() && !it->is_null())
      raw.dry_run = it->get<std::vector<std::string>>();
    if (const auto it = parsed.find("preconditions"); it != parsed.end() && it->is_object()) {
      if (it->contains("uid") && !(*it)["uid"].is_null()) raw.uid = (*it)["uid"].get<std::string>();
      if (it->contains("resourceVersion") && !(*it)["resourceVersion"].is_null())
        raw.resource_version = (*it)["resourceVersion"].get<std::string>();
    }
  } catch (const json::exception&) {
    return bad_request(
        "DeleteOptions in version \"v1\" cannot be handled as a DeleteOptions: a field has the wrong type");
  }
  return raw;
}

result<raw_delete_options> read_delete_query(const query_values& query) {
  raw_delete_options raw;
  const auto grace = parse_number(query, "gracePeriodSeconds");
  if (!grace) return grace.error();
  raw.grace_period_s = *grace;
  raw.propagation_policy = query.get("propagationPolicy");
  raw.orphan_dependents = parse_boolean(query, "orphanDependents");
  for (const std::string_view value : query.all("dryRun")) raw.dry_run.emplace_back(value);
  return raw;
}

} // namespace

result<removal_request> parse_delete_options(const query_values& query, std::string_view body) {
  auto raw = body.empty() ? read_delete_query(query) : read_delete_body(body);
  if (!raw) return raw.error();
  if (!body.empty() && query.has("dryRun"))
    for (const std::string_view value : query.all("dryRun")) raw->dry_run.emplace_back(value);

  schema::field_errors errors;
  removal_request request;
  request.options.grace_period_s = raw->grace_period_s;
  request.options.uid = std::move(raw->uid);
  request.options.resource_version = std::move(raw->resource_version);
  const std::string& policy = raw->propagation_policy;
  if (!policy.empty() && raw->orphan_dependents)
    errors.invalid("propagationPolicy", policy,
                   "orphanDependents and deletionPropagation cannot be both set");
  if (policy == "Foreground")
    request.options.how = propagation::foreground;
  else if (policy == "Background")
    request.options.how = propagation::background;
  else if (policy == "Orphan")
    request.options.how = propagation::orphan;
  else if (!policy.empty())
    errors.not_supported("propagationPolicy", policy, {"Foreground", "Background", "Orphan", "nil"});
  if (raw->orphan_dependents && policy.empty()) {
    request.options.how = *raw->orphan_dependents ? propagation::orphan : propagation::background;
    request.asked_for_dependents = !*raw->orphan_dependents;
  }
  for (const std::string& value : raw->dry_run) {
    if (value == "All")
      request.dry_run = true;
    else if (!value.empty())
      errors.not_supported("dryRun", raw->dry_run, {"All"});
  }
  if (!errors.empty()) return invalid_options("DeleteOptions", errors);
  return request;
}

} // namespace actord::actors
