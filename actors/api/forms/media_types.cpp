#include "actors/api/forms/media_types.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace actord::actors {
namespace {

struct media_range {
  std::string_view type;
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  int thousandths = 1000; ///< q

  [[nodiscard]] std::string_view parameter(std::string_view name) const {
    for (const auto& [key, value] : parameters)
      if (key == name) return value;
    return {};
  }
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trim(part);
}

int quality(std::string_view text) {
  double value = 1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return static_cast<int>(std::clamp(value, 0.0, 1.0) * 1000);
}

media_range parse_range(std::string_view text) {
  media_range range;
  range.type = take_until(text, ';');
  while (!text.empty()) {
    std::string_view pair = take_until(text, ';');
    const std::string_view name = take_until(pair, '=');
    if (name == "q")
      range.thousandths = quality(trim(pair));
    else
      range.parameters.emplace_back(name, trim(pair));
  }
  return range;
}

std::optional<wire_format> format_of(std::string_view type) {
  if (type == "application/json" || type == "*/*" || type == "application/*") return wire_format::json;
  if (type == "application/yaml") return wire_format::yaml;
  if (type == "application/vnd.kubernetes.protobuf") return wire_format::protobuf;
  return {};
}

std::optional<object_form> form_of(const media_range& range) {
  const std::string_view as = range.parameter("as");
  if (as.empty()) return object_form::whole;
  const std::string_view group = range.parameter("g");
  const std::string_view version = range.parameter("v");
  if (group == "meta.k8s.io" && (version == "v1" || version == "v1beta1")) {
    if (as == "Table") return object_form::table;
    if (as == "PartialObjectMetadata" || as == "PartialObjectMetadataList") return object_form::metadata;
  }
  if (group == "apidiscovery.k8s.io" && version == "v2" && as == "APIGroupDiscoveryList")
    return object_form::aggregated_discovery;
  return {};
}

} // namespace

result<answer_form> negotiate(std::string_view accept, bool has_protobuf) {
  if (trim(accept).empty()) return answer_form{};
  std::vector<media_range> ranges;
  std::string_view rest = accept;
  while (!rest.empty()) ranges.push_back(parse_range(take_until(rest, ',')));
  std::ranges::stable_sort(ranges, std::greater<>(), &media_range::thousandths);
  bool known_type = false;
  for (const media_range& range : ranges) {
    const auto format = format_of(range.type);
    if (!format || range.thousandths == 0) continue;
    known_type = true;
    const auto form = form_of(range);
    if (form && (has_protobuf || *format != wire_format::protobuf || *form != object_form::whole))
      return answer_form{*format, *form};
  }
  if (!has_protobuf)
    return error{.kind = error_kind::not_acceptable,
                 .message = "only the following media types are accepted: application/json, application/yaml",
                 .causes = {},
                 .subject = {}};
  return error{
      .kind = error_kind::not_acceptable,
      .message =
          known_type
              ? "only the following media types are accepted: application/json, application/yaml, "
                "application/vnd.kubernetes.protobuf"
              : "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
                "application/vnd.kubernetes.protobuf, application/json;stream=watch, "
                "application/vnd.kubernetes.protobuf;stream=watch",
      .causes = {},
      .subject = {}};
}

std::string_view content_type_of(wire_format format) {
  switch (format) {
  case wire_format::json:
    return "application/json";
  case wire_format::yaml:
    return "application/yaml";
  case wire_format::protobuf:
    return "application/vnd.kubernetes.protobuf";
  }
  return "application/json";
}

result<schema::body_format> body_format_of(std::string_view content_type) {
  const bool is_absent = content_type.empty();
  const std::string_view type = take_until(content_type, ';');
  if (is_absent || type == "application/json") return schema::body_format::json;
  if (type == "application/yaml") return schema::body_format::yaml;
  if (type == "application/vnd.kubernetes.protobuf") return schema::body_format::protobuf;
  return error{.kind = error_kind::unsupported_media_type,
               .message = "the body of the request was in an unknown format - accepted media types include: "
                          "application/json, application/yaml, application/vnd.kubernetes.protobuf",
               .causes = {},
               .subject = {}};
}

result<schema::patch_format> patch_format_of(std::string_view content_type) {
  const std::string_view type = take_until(content_type, ';');
  if (type == "application/json-patch+json") return schema::patch_format::json_patch;
  if (type == "application/merge-patch+json") return schema::patch_format::merge_patch;
  if (type == "application/strategic-merge-patch+json") return schema::patch_format::strategic_merge_patch;
  if (type == "application/apply-patch+yaml") return schema::patch_format::apply;
  return error{.kind = error_kind::unsupported_media_type,
               .message = "415: Unsupported Media Type",
               .causes = {},
               .subject = error_subject{}};
}

} // namespace actord::actors
