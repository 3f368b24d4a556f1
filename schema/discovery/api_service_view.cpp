#include "schema/discovery/api_service_view.hpp"

#include "schema/view/read.hpp"

#include <algorithm>

namespace actord::schema {
namespace {

service_reference_view parse_reference(read::value in) {
  return {in["namespace"].text(), in["name"].text(), in["port"].number(443)};
}

} // namespace

const condition_view* api_service_view::available() const {
  const auto found = std::ranges::find(conditions, "Available", &condition_view::type);
  return found == conditions.end() ? nullptr : &*found;
}

api_service_view parse_api_service(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  const read::value spec = object["spec"];
  api_service_view out;
  out.meta = parse_meta(object);
  out.group = spec["group"].text();
  out.version = spec["version"].text();
  out.service = spec["service"].maybe(parse_reference);
  out.authority_pem = read::base64_decoded(spec["caBundle"].view()).value_or("");
  out.insecure = spec["insecureSkipTLSVerify"].flag();
  out.group_priority = spec["groupPriorityMinimum"].number();
  out.version_priority = spec["versionPriority"].number();
  out.conditions = object["status"]["conditions"].list(parse_condition);
  return out;
}

} // namespace actord::schema
