#include "schema/view/endpoint_slice_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

std::string_view endpoint_slice_view::service_name() const {
  const auto found = meta.labels.find("kubernetes.io/service-name");
  return found == meta.labels.end() ? std::string_view() : std::string_view(found->second);
}

namespace {

target_reference parse_target(read::value in) {
  return {in["kind"].text(), in["namespace"].text(), in["name"].text(), in["uid"].text()};
}

endpoint_view parse_endpoint(read::value in) {
  const read::value conditions = in["conditions"];
  endpoint_view out;
  out.addresses = in["addresses"].texts();
  out.ready = conditions["ready"].flag(true);
  out.serving = conditions["serving"].flag(out.ready);
  out.terminating = conditions["terminating"].flag();
  out.hostname = in["hostname"].text();
  out.node_name = in["nodeName"].text();
  out.zone = in["zone"].text();
  out.target = in["targetRef"].maybe(parse_target);
  return out;
}

endpoint_port_view parse_port(read::value in) {
  return {in["name"].text(), in["protocol"].text_or("TCP"), in["port"].maybe_number(),
          in["appProtocol"].text()};
}

} // namespace

endpoint_slice_view parse_endpoint_slice(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  return {parse_meta(object), object["addressType"].text(), object["endpoints"].list(parse_endpoint),
          object["ports"].list(parse_port)};
}

} // namespace actord::schema
