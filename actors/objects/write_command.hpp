#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/json.hpp"
#include "schema/base/result.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/write/prepare.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The vocabulary of writes inside the daemon: HTTP requests, controllers and workers all change objects by
/// handing one of these to the object router. There is no other way.

namespace actord::actors {

/// Who writes. For admission and authorization, and for the cause that is kept with the object.
struct caller_identity {
  std::string user;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
};

enum class write_verb : std::uint8_t { create, update, patch, remove };
enum class propagation : std::uint8_t { by_default, background, foreground, orphan };

/// metav1.DeleteOptions and the preconditions of any write.
struct delete_options {
  std::optional<std::int64_t> grace_period_s;
  propagation how = propagation::by_default;
  std::string uid;              ///< precondition, unless empty
  std::string resource_version; ///< precondition, unless empty
};

struct write_answer {
  shared_bytes stored;  ///< encoded object as it is now (for a removal: its last form); never null on success
  bool created = false; ///< answer 201
  bool removed = false; ///< the object is gone: DELETE answers a Status, not the object
  std::vector<std::string> warnings;
};

struct write_command {
  write_verb verb = write_verb::create;
  object_key key; ///< for a create with generateName the name is empty
  std::string subresource;
  /// The body as sent; its meaning is `format` for create and update and `patch` for patch.
  std::string body;
  schema::body_format format = schema::body_format::json;
  schema::patch_format patch = schema::patch_format::merge_patch;
  delete_options removal;
  std::string field_manager;
  schema::field_validation validation = schema::field_validation::ignore;
  bool force = false;
  bool dry_run = false;
  caller_identity caller;
  schema::write_cause cause;
  /// Where admission notes what the audit log should say of the write, by annotation; null when nobody asks.
  /// Read once `done` was called.
  std::shared_ptr<std::map<std::string, std::string>> audit_notes;
  /// Preconditions of controllers ("this very object, unchanged since I decided"); unset or empty for none.
  std::optional<revision> only_at;
  std::string only_uid;
  std::optional<raft_term> only_in_term;
  /// The same for every try of one request, of which at most one takes effect; empty for none.
  std::string request_id;
  bool again = false; ///< an earlier try may have taken effect: then its outcome is the answer
  /// Called exactly once, on any thread; must only hand the answer on.
  std::function<void(result<write_answer>)> done;
};

} // namespace actord::actors
