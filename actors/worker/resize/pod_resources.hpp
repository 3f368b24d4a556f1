#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/view/pod_view.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

/// What a pod's containers ask for or were given, as the API writes it: names of resources to quantities.

namespace actord::actors {

struct amount_texts {
  std::map<std::string, std::string> requests;
  std::map<std::string, std::string> limits;

  bool operator==(const amount_texts&) const = default;
};

/// Of all containers that can be resized (init containers too), by name, and of the pod as a whole where it
/// says so.
struct pod_resources {
  std::map<std::string, amount_texts> containers;
  std::optional<amount_texts> whole;

  bool operator==(const pod_resources&) const = default;
};

/// From an object {"requests": {...}, "limits": {...}}; anything else reads as none.
amount_texts parse_amounts(const json& resources);
json amounts_json(const amount_texts& amounts);

/// From the pod's canonical text.
pod_resources parse_pod_resources(std::string_view pod_text);

/// Whether cpu ("cpu") or memory ("memory") is the same amount however it is written, in requests and limits.
bool same_amount(const amount_texts& left, const amount_texts& right, std::string_view resource);
/// Both the same.
bool same_amounts(const amount_texts& left, const amount_texts& right);
bool same_amounts(const pod_resources& left, const pod_resources& right);

/// The container with these amounts of cpu and memory instead of its own.
schema::container_view with_amounts(schema::container_view container, const amount_texts& amounts);
/// The pod likewise. A container that is not in `resources` stays as it is.
schema::pod_view with_amounts(schema::pod_view pod, const pod_resources& resources);

} // namespace actord::actors
