#pragma once

#include "schema/base/ids.hpp"

#include <map>
#include <string>
#include <string_view>

namespace actord::sim {

/// A ConfigMap as clients of the API see it.
struct held_object {
  revision at;
  std::string uid;
  std::map<std::string, std::string> data;
  std::string color; ///< its label of that name

  bool operator==(const held_object&) const = default;
};

struct held_list {
  revision at;
  std::map<std::string, held_object> items; ///< by name
};

/// One line of a watch stream.
struct held_event {
  std::string type;
  std::string name;
  held_object object;
  int code = 0; ///< of an error
};

/// From what the API shows; `at` is the resourceVersion. They throw `failure` when it is something else.
held_object object_in(std::string_view text);
held_list list_in(std::string_view text);
held_event event_in(std::string_view text);

} // namespace actord::sim
