#include "actors/api/streams/log_options.hpp"

#include "actors/objects/refusals.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/rules/kind_rules.hpp"

#include <charconv>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr schema::resource_type options_kind{.kind = "PodLogOptions", .plural = "podlogoptions"};

result<std::optional<std::int64_t>> read_number(const query_values& query, std::string_view name) {
  const std::string_view text = query.get(name);
  if (text.empty()) return std::optional<std::int64_t>();
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size())
    return bad_request(fmt::format("strconv.ParseInt: parsing \"{}\": invalid syntax", text));
  return std::optional(number);
}

result<std::optional<wall_time>> read_since_time(const query_values& query) {
  const std::string_view text = query.get("sinceTime");
  if (text.empty()) return std::optional<wall_time>();
  const auto at = schema::parse_time(text);
  if (!at)
    return bad_request(fmt::format(
        "parsing time \"{}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{}\" as \"2006\"", text, text));
  return at;
}

struct numbers {
  std::optional<std::int64_t> tail_lines;
  std::optional<std::int64_t> limit_bytes;
  std::optional<std::int64_t> since_s;
};

/// In the order Kubernetes reports them.
schema::field_errors check(const numbers& given, bool since_time, std::string_view stream) {
  schema::field_errors errors;
  if (given.tail_lines && *given.tail_lines < 0)
    errors.invalid("tailLines", *given.tail_lines, "must be greater than or equal to 0");
  if (given.limit_bytes && *given.limit_bytes < 1)
    errors.invalid("limitBytes", *given.limit_bytes, "must be greater than 0");
  if (given.since_s && since_time)
    errors.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified");
  else if (given.since_s && *given.since_s < 1)
    errors.invalid("sinceSeconds", *given.since_s, "must be greater than 0");
  const bool one_stream = stream == "Stdout" || stream == "Stderr";
  if (!stream.empty() && stream != "All" && !one_stream)
    errors.not_supported("stream", std::string(stream), {"All", "Stderr", "Stdout"});
  if (one_stream && given.tail_lines)
    errors.forbidden("", "`tailLines` and specific `stream` are mutually exclusive for now");
  return errors;
}

} // namespace

result<log_request> read_log_options(std::string_view pod, const query_values& query, wall_time now) {
  const auto tail = read_number(query, "tailLines");
  if (!tail) return tail.error();
  const auto limit = read_number(query, "limitBytes");
  if (!limit) return limit.error();
  const auto since = read_number(query, "sinceSeconds");
  if (!since) return since.error();
  const auto since_time = read_since_time(query);
  if (!since_time) return since_time.error();
  const std::string_view stream = query.get("stream");
  const schema::field_errors errors = check({*tail, *limit, *since}, since_time->has_value(), stream);
  if (!errors.empty()) return schema::invalid_object(options_kind, pod, errors);
  log_request wanted;
  wanted.follow = query.flag("follow");
  wanted.previous = query.flag("previous");
  wanted.timestamps = query.flag("timestamps");
  wanted.tail_lines = *tail;
  wanted.limit_bytes = *limit;
  wanted.since = *since_time;
  if (*since) wanted.since = now - std::chrono::seconds(**since);
  wanted.output = stream != "Stderr";
  wanted.error_output = stream != "Stdout";
  return wanted;
}

} // namespace actord::actors
