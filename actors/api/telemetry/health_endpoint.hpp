#pragma once

#include "actors/api/api_request.hpp"

#include <string>
#include <string_view>

/// /livez, /readyz, /healthz and one check of theirs by its path (/readyz/etcd). ?verbose lists the checks,
/// ?exclude=NAME leaves one out; a failing answer lists them too, without the reasons, which anybody may not
/// know.

namespace actord::actors {

struct health_facts {
  bool store_writable = true;
  /// What the daemon still waits for before it serves; empty when it does.
  std::string waiting_for;
};

struct health_answer {
  int code = 200;
  std::string text;
};
/// `path` starts with one of the three roots.
health_answer check_health(std::string_view path, const query_values& query, const health_facts& facts);

} // namespace actord::actors
