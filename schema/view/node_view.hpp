#pragma once

#include "schema/view/placement_view.hpp"
#include "schema/view/resources_view.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

struct node_address_view {
  std::string type; ///< "InternalIP", "Hostname", ...
  std::string address;

  bool operator==(const node_address_view&) const = default;
};

struct node_image_view {
  std::vector<std::string> names;
  std::int64_t size_bytes = 0;

  bool operator==(const node_image_view&) const = default;
};

struct node_view {
  meta_view meta;
  bool unschedulable = false;
  std::vector<taint_view> taints;
  std::string taints_text; ///< spec.taints as canonical JSON, with all they say
  std::string pod_cidr;
  std::vector<std::string> pod_cidrs;
  std::string provider_id;
  resource_list_view capacity;
  resource_list_view allocatable;
  std::vector<condition_view> conditions;
  std::vector<node_address_view> addresses;
  std::vector<node_image_view> images;

  /// The first address of that type; empty when there is none.
  [[nodiscard]] std::string_view address(std::string_view type) const;
};

/// Never fails: fields that are missing or of another type read as absent.
node_view parse_node(std::string_view canonical_text);

} // namespace actord::schema
