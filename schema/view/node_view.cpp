#include "schema/view/node_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

std::string_view node_view::address(std::string_view type) const {
  for (const auto& candidate : addresses)
    if (candidate.type == type) return candidate.address;
  return {};
}

namespace {

node_address_view parse_address(read::value in) { return {in["type"].text(), in["address"].text()}; }
node_image_view parse_image(read::value in) { return {in["names"].texts(), in["sizeBytes"].number()}; }

} // namespace

node_view parse_node(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  const read::value spec = object["spec"];
  const read::value status = object["status"];
  node_view out;
  out.meta = parse_meta(object);
  out.unschedulable = spec["unschedulable"].flag();
  spec["taints"].each([&](read::value taint) {
    if (auto parsed = parse_taint(taint)) out.taints.push_back(std::move(*parsed));
  });
  out.taints_text = spec["taints"].raw();
  out.pod_cidr = spec["podCIDR"].text();
  out.pod_cidrs = spec["podCIDRs"].texts();
  out.provider_id = spec["providerID"].text();
  out.capacity = parse_resource_list(status["capacity"]);
  out.allocatable = parse_resource_list(status["allocatable"]);
  out.conditions = status["conditions"].list(parse_condition);
  out.addresses = status["addresses"].list(parse_address);
  out.images = status["images"].list(parse_image);
  return out;
}

} // namespace actord::schema
