#pragma once

#include "cli/client/api_client.hpp"
#include "cli/client/resource_names.hpp"
#include "cli/command_context.hpp"
#include "cli/command_line/arguments.hpp"
#include "cli/manifests/manifest_reader.hpp"

#include <optional>
#include <string>
#include <vector>

namespace actord::cli {

/// A command at work: its process, the API, the types, the namespace it is in.
struct command_session {
  const command_context& context;
  api_client& client;
  resource_names& names;
  std::string space;                        ///< of --namespace or the kubeconfig
  bool space_was_given = false;             ///< by --namespace
  net::http_client_options connection = {}; ///< for streams, which have connections of their own
  int exit_code = 0;                        ///< of actctl, when all went well: that of a command it ran
};

/// One object, or all objects of a type when `name` is empty.
struct selected_objects {
  resource_info resource;
  std::string space; ///< empty: all namespaces, or a type without
  std::string name;
  std::optional<manifest_object> manifest = {};

  [[nodiscard]] std::string path() const { return resource.path(space, name); }
};

/// What words, files and flags select. Asking for nothing is an error that says how to ask.
result<std::vector<selected_objects>> select_objects(command_session& session,
                                                     const object_selection& selection);

/// labelSelector and fieldSelector of a selection.
query_list selector_query(const object_selection& selection);

/// The objects of a selected collection (or the one named), as full JSON with kind and apiVersion.
result<std::vector<json>> fetch_objects(command_session& session, const selected_objects& selected,
                                        query_list query);

/// Reads members on the way; empty or null when there are none.
std::string text_at(const json& object, std::initializer_list<const char*> path);
const json* value_at(const json& object, std::initializer_list<const char*> path);

// The commands. Each writes to the session's output and returns the error to be told, if any.
result<void> run_get(command_session& session, const get_command& command);
result<void> run_apply(command_session& session, const apply_command& command);
result<void> run_delete(command_session& session, const delete_command& command);
result<void> run_describe(command_session& session, const describe_command& command);
result<void> run_logs(command_session& session, const logs_command& command);
result<void> run_exec(command_session& session, const exec_command& command);
result<void> run_attach(command_session& session, const exec_command& command);
result<void> run_copy(command_session& session, const copy_command& command);
result<void> run_port_forward(command_session& session, const port_forward_command& command);
result<void> run_scale(command_session& session, const scale_command& command);
result<void> run_actors(command_session& session, const actors_command& command);
result<void> run_image_load(command_session& session, const image_load_command& command);
result<void> run_version(command_session& session, const version_command& command);
result<void> run_api_resources(command_session& session, const api_resources_command& command);
result<void> run_debug_store(command_session& session, const debug_store_command& command);
result<void> run_token_create(command_session& session, const token_create_command& command);
result<void> run_token_list(command_session& session, const token_list_command& command);
result<void> run_token_delete(command_session& session, const token_delete_command& command);
result<void> run_cluster_members(command_session& session, const cluster_members_command& command);
result<void> run_cluster_status(command_session& session, const cluster_status_command& command);
result<void> run_cluster_rotate(command_session& session);
result<void> run_cluster_remove(command_session& session, const cluster_remove_command& command);
result<void> run_snapshot_save(command_session& session, const snapshot_save_command& command);
result<void> run_snapshot_inspect(command_session& session, const snapshot_inspect_command& command);
result<void> run_snapshot_restore(command_session& session, const snapshot_restore_command& command);

/// For messages: "deployment.apps/hello".
std::string qualified_name(const resource_info& resource, std::string_view name);
/// Shows Warning headers.
void tell_warnings(command_session& session, const std::vector<std::string>& warnings);

} // namespace actord::cli
