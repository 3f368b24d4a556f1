#pragma once

#include "actors/api/api_request.hpp"

#include <string>
#include <string_view>

/// /livez, /readyz, /healthz and one check of theirs by its path (/readyz/etcd). ?verbose lists the checks,
/// ?exclude=NAME leaves one out; a failing answer lists them too, with the reasons for those who are known.

namespace actord::actors {

struct health_facts {
  std::string store_problem; ///< empty when it can be read and written
  /// What the daemon still waits for before it serves; empty when it does.
  std::string waiting_for;
  bool explains = false; ///< who asks may know why
};

struct health_answer {
  int code = 200;
  std::string text;
};
/// `path` starts with one of the three roots.
health_answer check_health(std::string_view path, const query_values& query, const health_facts& facts);

} // namespace actord::actors
