#pragma once

#include "actors/audit/audit_policy.hpp"
#include "actors/objects/write_command.hpp"
#include "schema/base/bytes.hpp"
#include "schema/base/clock.hpp"
#include "schema/tables/resource_table.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace actord::actors {

/// What is known of a request when it is received.
struct audit_request {
  std::string id;
  std::string uri; ///< as sent, query included
  std::string verb;
  caller_identity user;                        ///< who showed credentials
  std::optional<caller_identity> impersonated; ///< whom the request speaks for, when that is somebody else
  std::vector<std::string> source_addresses;
  std::string user_agent;
  schema::resource_handle type; ///< null: not about a resource
  std::string space;
  std::string name;
  std::string subresource;
  std::string body;
  std::string content_type; ///< of the body
  wall_time received{};
  audit_decision decision;
};

struct audit_annotations {
  std::string decision; ///< "allow" or "forbid"
  std::string reason;
  std::map<std::string, std::string> more; ///< what admission noted
};

/// One event: a request at one of its stages.
struct audit_moment {
  std::shared_ptr<const audit_request> request;
  audit_stage stage = audit_stage::request_received;
  wall_time at{};
  int code = 0;      ///< 0: no answer yet
  shared_bytes body; ///< of the answer, where it is shown or explains a failure
  std::string content_type;
  audit_annotations annotations;

  /// What it holds in memory while it waits to be written.
  [[nodiscard]] std::size_t bytes() const;
};

/// Whether bodies of this resource carry what nobody may read in a log: Secrets, tokens, passwords in
/// reviews, and whatever is encrypted at rest. No policy shows more than metadata of those.
bool holds_secrets(const schema::resource_type& type, std::string_view subresource);

/// The line of audit.k8s.io/v1 JSON, with its end. An object that would make it longer than 256 KiB is left
/// out, and an annotation says so.
std::string audit_line(const audit_moment& moment);

} // namespace actord::actors
