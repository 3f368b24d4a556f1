#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// actctl's command line as values. Words and flags are kubectl's where they mean the same.

namespace actord::cli {

struct global_options {
  std::string kubeconfig;
  std::string context;
  std::optional<std::string> space; ///< --namespace
};

inline constexpr const char* default_data_dir = "/var/lib/actord";

/// Which objects a command is about.
struct object_selection {
  std::vector<std::string> words; ///< TYPE [NAME...], TYPE,TYPE or TYPE/NAME...
  std::vector<std::string> files;
  bool recursive = false;
  bool all_namespaces = false;
  bool all = false;
  std::string labels;
  std::string fields;
};

struct get_command {
  object_selection selection;
  std::string output; ///< "", wide, yaml, json, name
  bool no_headers = false;
  bool show_labels = false;
  bool show_managed_fields = false;
  bool watch = false;
  bool watch_only = false;
  bool ignore_not_found = false;
  int chunk_size = 500;
};

struct apply_command {
  object_selection selection;
  std::string field_manager = "actctl";
  bool force_conflicts = false;
  std::string dry_run; ///< "", none, server, client
  std::string validation = "strict";
  std::string output;
};

struct delete_command {
  object_selection selection;
  std::optional<std::int64_t> grace_period_s;
  bool now = false;
  bool force = false;
  bool wait = true;
  bool ignore_not_found = false;
  std::string cascade = "background";
  std::string output;
  int timeout_s = 0;
};

struct describe_command {
  object_selection selection;
};

struct logs_command {
  std::vector<std::string> words;
  std::string container;
  std::string labels;
  bool follow = false;
  bool previous = false;
  bool timestamps = false;
  std::optional<std::int64_t> tail_lines;
  std::optional<std::int64_t> limit_bytes;
  std::string since;
};

/// exec and attach.
struct exec_command {
  std::string pod; ///< POD or pod/POD
  std::string container;
  bool input = false;
  bool terminal = false;
  bool quiet = false;
  std::vector<std::string> command; ///< what follows "--"; empty to attach
};

struct attach_command : exec_command {};

/// One of the two is in a container: [[NAMESPACE/]POD:]PATH.
struct copy_command {
  std::string from;
  std::string to;
  std::string container;
  bool no_preserve = false; ///< modes and owners do not come along
};

struct port_forward_command {
  std::string pod;
  std::vector<std::string> ports; ///< LOCAL:REMOTE, PORT for both, :REMOTE for any free one
  std::string address = "127.0.0.1";
};

struct scale_command {
  object_selection selection;
  std::int64_t replicas = 0;
  std::optional<std::int64_t> current_replicas;
};

struct actors_command {
  std::string kind;
  std::string output;
};

struct image_load_command {
  std::string file;
  std::string node; ///< empty: that of the server, else the only one
};

struct version_command {
  bool client_only = false;
  std::string output;
};

struct api_resources_command {
  std::string output;
  std::optional<bool> namespaced;
  std::optional<std::string> group;
  bool no_headers = false;
};

/// Looks inside a data directory, without a server.
struct debug_store_command {
  std::string directory;
  std::string table;                     ///< print its rows
  std::optional<std::uint64_t> log_from; ///< print the log from this entry on
  bool check = false;
};

struct token_create_command {
  std::string ttl = "24h"; ///< "0" for one that never expires
  std::vector<std::string> roles = {"worker"};
  std::string description;
  std::string output; ///< "", token
};

struct token_list_command {
  bool no_headers = false;
};

struct token_delete_command {
  std::vector<std::string> tokens; ///< ids, or whole tokens
};

/// On a server's machine; its daemon may run.
struct snapshot_save_command {
  std::string file;
  std::string data_dir = default_data_dir;
  bool with_master_key = false;
};

struct snapshot_inspect_command {
  std::string file;
  std::string output; ///< "", json
};

/// On the machine of the first server of a new cluster.
struct snapshot_restore_command {
  std::string file;
  std::string data_dir = default_data_dir;
  std::string master_key;
};

struct cluster_members_command {
  bool no_headers = false;
};

struct cluster_status_command {
  std::string output; ///< "", json
};

struct cluster_rotate_command {};

struct cluster_remove_command {
  std::string node;
};

/// The text was asked for (--help) and is the whole outcome.
struct help_text {
  std::string text;
};

using any_command = std::variant<
    help_text, get_command, apply_command, delete_command, describe_command, logs_command, exec_command,
    attach_command, copy_command, port_forward_command, scale_command, actors_command, image_load_command,
    version_command, api_resources_command, debug_store_command, token_create_command, token_list_command,
    token_delete_command, cluster_members_command, cluster_status_command, cluster_remove_command,
    cluster_rotate_command, snapshot_save_command, snapshot_inspect_command, snapshot_restore_command>;

struct command_line {
  global_options global;
  any_command command;
};

/// Errors are `bad_request` with a text for the user: what was wrong and what was perhaps meant.
result<command_line> parse_command_line(const std::vector<std::string>& arguments);

} // namespace actord::cli
