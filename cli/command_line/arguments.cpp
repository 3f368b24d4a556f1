#include "cli/command_line/arguments.hpp"

#include "cli/command_line/suggestions.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>

namespace actord::cli {

namespace {

/// Everything the flags may set; the chosen command takes its part.
struct all_commands {
  global_options global;
  get_command get;
  apply_command apply;
  delete_command remove;
  describe_command describe;
  logs_command logs;
  exec_command exec;
  attach_command attach;
  copy_command copy;
  port_forward_command port_forward;
  scale_command scale;
  actors_command actors;
  image_load_command image_load;
  version_command version;
  api_resources_command api_resources;
  debug_store_command debug_store;
  token_create_command token_create;
  token_list_command token_list;
  token_delete_command token_delete;
  cluster_members_command cluster_members;
  cluster_status_command cluster_status;
  cluster_remove_command cluster_remove;
  cluster_rotate_command cluster_rotate;
  snapshot_save_command snapshot_save;
  snapshot_inspect_command snapshot_inspect;
  snapshot_restore_command snapshot_restore;
};

void add_selection(CLI::App& app, object_selection& selection) {
  app.add_option("words", selection.words, "TYPE [NAME...], TYPE,TYPE or TYPE/NAME...");
  app.add_option("-f,--filename", selection.files, "file, folder or - for standard input")
      ->delimiter(',')
      ->expected(1)
      ->take_all();
  app.add_flag("-R,--recursive", selection.recursive, "go into the folders of -f");
  app.add_option("-l,--selector", selection.labels, "label selector, for example app=web,tier!=db");
}

void add_reach(CLI::App& app, object_selection& selection) {
  app.add_flag("-A,--all-namespaces", selection.all_namespaces, "objects of all namespaces");
  app.add_option("--field-selector", selection.fields, "field selector, for example status.phase=Running");
}

CLI::Option* add_output(CLI::App& app, std::string& output, std::vector<std::string> forms) {
  std::string list;
  for (const auto& form : forms) list += (list.empty() ? "" : "|") + form;
  return app.add_option("-o,--output", output, "output form: " + list)
      ->check([forms, list](const std::string& chosen) {
        if (std::find(forms.begin(), forms.end(), chosen) != forms.end()) return std::string();
        return "unable to match a printer suitable for the output format \"" + chosen +
               "\", allowed formats are: " + list + suggestion(chosen, forms);
      });
}

void add_get(CLI::App& root, get_command& get) {
  CLI::App& app = *root.add_subcommand("get", "Show objects");
  add_selection(app, get.selection);
  add_reach(app, get.selection);
  add_output(app, get.output, {"wide", "yaml", "json", "name"});
  app.add_flag("--no-headers", get.no_headers, "leave out the line of column names");
  app.add_flag("--show-labels", get.show_labels, "add a column with all labels");
  app.add_flag("--show-managed-fields", get.show_managed_fields,
               "with yaml and json: who manages which field");
  app.add_flag("-w,--watch", get.watch, "go on showing changes");
  app.add_flag("--watch-only", get.watch_only, "show changes only");
  app.add_flag("--ignore-not-found", get.ignore_not_found, "say nothing about what is not there");
  app.add_option("--chunk-size", get.chunk_size, "objects per request")->check(CLI::NonNegativeNumber);
}

void add_apply(CLI::App& root, apply_command& apply) {
  CLI::App& app = *root.add_subcommand("apply", "Create or change objects as files say (server-side apply)");
  add_selection(app, apply.selection);
  add_output(app, apply.output, {"yaml", "json", "name"});
  app.add_flag_callback("--server-side", [] {}, "always so");
  app.add_flag("--force-conflicts", apply.force_conflicts, "take fields that others manage");
  app.add_option("--field-manager", apply.field_manager, "name under which fields are managed");
  app.add_option("--dry-run", apply.dry_run, "none, client or server: only tell what would be done")
      ->check(CLI::IsMember({"none", "client", "server"}));
  app.add_option("--validate", apply.validation, "strict, warn or ignore unknown fields")
      ->check(CLI::IsMember({"strict", "true", "warn", "ignore", "false"}));
}

void add_delete(CLI::App& root, delete_command& remove) {
  CLI::App& app = *root.add_subcommand("delete", "Delete objects");
  add_selection(app, remove.selection);
  add_reach(app, remove.selection);
  add_output(app, remove.output, {"name"});
  app.add_flag("--all", remove.selection.all, "all objects of the type in the namespace");
  app.add_option("--grace-period", remove.grace_period_s, "seconds a pod has to end");
  app.add_flag("--now", remove.now, "give pods one second");
  app.add_flag("--force", remove.force, "with --grace-period=0: do not wait for the node");
  app.add_flag("--wait,!--no-wait", remove.wait, "wait until the objects are gone (default)");
  app.add_flag("--ignore-not-found", remove.ignore_not_found, "what is not there counts as deleted");
  app.add_option("--cascade", remove.cascade, "what becomes of dependents: background, foreground or orphan")
      ->check(CLI::IsMember({"background", "foreground", "orphan"}));
  app.add_option("--timeout", remove.timeout_s, "seconds to wait at most; 0 waits for ever")
      ->check(CLI::NonNegativeNumber);
}

void add_describe(CLI::App& root, describe_command& describe) {
  CLI::App& app = *root.add_subcommand("describe", "Show objects in detail, with their events");
  add_selection(app, describe.selection);
  add_reach(app, describe.selection);
}

void add_logs(CLI::App& root, logs_command& logs) {
  CLI::App& app = *root.add_subcommand("logs", "Show what a container wrote");
  app.add_option("words", logs.words, "POD [CONTAINER] or TYPE/NAME");
  app.add_option("-c,--container", logs.container, "container of the pod");
  app.add_option("-l,--selector", logs.labels, "pods with these labels");
  app.add_flag("-f,--follow", logs.follow, "go on as it writes");
  app.add_flag("-p,--previous", logs.previous, "of the container's last run");
  app.add_flag("--timestamps", logs.timestamps, "put the time before each line");
  app.add_option("--tail", logs.tail_lines, "only this many lines from the end; -1 for all");
  app.add_option("--limit-bytes", logs.limit_bytes, "stop after so many bytes");
  app.add_option("--since", logs.since, "only lines younger than this, for example 5m or 1h30m");
}

/// What exec and attach have in common; `terminal` tells what -t means.
void add_remote(CLI::App& app, exec_command& command, const char* terminal) {
  app.add_option("pod", command.pod, "POD or pod/POD")->required();
  app.add_option("-c,--container", command.container, "container of the pod");
  app.add_flag("-i,--stdin", command.input, "pass standard input on");
  app.add_flag("-t,--tty", command.terminal, terminal);
  app.add_flag("-q,--quiet", command.quiet, "show only what comes from the container");
}

void add_streams(CLI::App& root, all_commands& all) {
  add_remote(*root.add_subcommand("exec", "Run a command in a container: exec POD [-it] -- COMMAND..."),
             all.exec, "give it a terminal");
  add_remote(*root.add_subcommand("attach", "Join the streams of a running container"), all.attach,
             "the container has a terminal");
  CLI::App& copy =
      *root.add_subcommand("cp", "Copy files and folders to and from containers (which need tar)");
  copy.add_option("from", all.copy.from, "PATH here, or [NAMESPACE/]POD:PATH")->required();
  copy.add_option("to", all.copy.to, "PATH here, or [NAMESPACE/]POD:PATH")->required();
  copy.add_option("-c,--container", all.copy.container, "container of the pod");
  copy.add_flag("--no-preserve", all.copy.no_preserve, "leave modes and owners behind");
  CLI::App& forward = *root.add_subcommand("port-forward", "Make ports of a pod reachable from here");
  forward.add_option("pod", all.port_forward.pod, "POD or pod/POD")->required();
  forward.add_option("ports", all.port_forward.ports, "LOCAL:REMOTE, PORT for both, or :REMOTE")->required();
  forward.add_option("--address", all.port_forward.address, "local address to listen on");
}

void add_scale(CLI::App& root, scale_command& scale) {
  CLI::App& app = *root.add_subcommand("scale", "Set how many replicas there should be");
  add_selection(app, scale.selection);
  app.add_option("--replicas", scale.replicas, "the number wanted")
      ->required()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--current-replicas", scale.current_replicas, "only if there are so many now");
}

void add_others(CLI::App& root, all_commands& all) {
  CLI::App& actors = *root.add_subcommand("actors", "Show the daemon's live actors");
  actors.add_option("kind", all.actors.kind, "only actors of this kind");
  add_output(actors, all.actors.output, {"json"});
  CLI::App& image = *root.add_subcommand("image", "Images of the node");
  image.fallthrough();
  CLI::App& load = *image.add_subcommand("load", "Load an OCI archive into the node");
  load.add_option("file", all.image_load.file, "archive, or - for standard input")->required();
  load.add_option("--node", all.image_load.node,
                  "the node it is for (needed where the server has none of its own and there are several)");
  CLI::App& version = *root.add_subcommand("version", "Show the versions of client and server");
  version.add_flag("--client", all.version.client_only, "of the client only");
  add_output(version, all.version.output, {"json", "yaml"});
  CLI::App& resources = *root.add_subcommand("api-resources", "Show what types the server has");
  add_output(resources, all.api_resources.output, {"wide", "name"});
  resources.add_option("--namespaced", all.api_resources.namespaced,
                       "true or false: only types in namespaces, or not");
  resources.add_option("--api-group", all.api_resources.group, "only types of this group");
  resources.add_flag("--no-headers", all.api_resources.no_headers, "leave out the line of column names");
}

void add_debug(CLI::App& root, debug_store_command& store) {
  CLI::App& debug = *root.add_subcommand("debug", "Look inside");
  debug.fallthrough();
  CLI::App& app =
      *debug.add_subcommand("store", "Show what lies in a member's store, its daemon running or not");
  app.add_option("directory", store.directory, "the store below a data directory")->required();
  app.add_option("--table", store.table, "print the rows of this table");
  app.add_option("--log", store.log_from, "print the log from this entry on");
  app.add_flag("--check", store.check, "compare objects, index rows and log with each other");
}

void add_tokens(CLI::App& root, all_commands& all) {
  CLI::App& token = *root.add_subcommand("token", "Let machines join: create, list and delete join tokens");
  token.fallthrough();
  CLI::App& create = *token.add_subcommand("create", "Make a join token, and say how to use it");
  create.add_option("--ttl", all.token_create.ttl, "how long it is good: 30m, 24h, 7d; 0 for ever");
  create
      .add_option("--roles", all.token_create.roles,
                  "what a machine may become with it: worker, server or both")
      ->delimiter(',')
      ->check(CLI::IsMember({"server", "worker"}));
  create.add_option("--description", all.token_create.description, "what it is for");
  add_output(create, all.token_create.output, {"token"});
  CLI::App& list = *token.add_subcommand("list", "Show the join tokens there are");
  list.add_flag("--no-headers", all.token_list.no_headers, "leave out the line of column names");
  CLI::App& remove = *token.add_subcommand("delete", "Delete join tokens: nobody joins with them any more");
  remove.add_option("tokens", all.token_delete.tokens, "ids, or whole tokens")->required();
}

void add_cluster(CLI::App& root, all_commands& all) {
  CLI::App& cluster = *root.add_subcommand("cluster", "The machines of the cluster: status, members, remove");
  cluster.fallthrough();
  CLI::App& status = *cluster.add_subcommand("status", "Show who leads and how the members are");
  add_output(status, all.cluster_status.output, {"json"});
  CLI::App& members = *cluster.add_subcommand("members", "Show the machines that joined");
  members.add_flag("--no-headers", all.cluster_members.no_headers, "leave out the line of column names");
  CLI::App& remove = *cluster.add_subcommand("remove", "Take a machine out of the cluster for good");
  cluster.add_subcommand("rotate-ca",
                         "Take the next step towards another certificate authority, and say which "
                         "that was and what has to be before the one after it");
  remove.add_option("node", all.cluster_remove.node, "name of its node")->required();
}

void add_snapshots(CLI::App& root, all_commands& all) {
  CLI::App& snapshot =
      *root.add_subcommand("snapshot", "The whole cluster in a file: save, inspect, restore");
  snapshot.fallthrough();
  CLI::App& save = *snapshot.add_subcommand(
      "save", "Write the state of this machine's server into a file, its daemon running or not");
  save.add_option("file", all.snapshot_save.file, "the file to make")->required();
  save.add_option("--data-dir", all.snapshot_save.data_dir, "the server's")->capture_default_str();
  save.add_flag("--with-master-key", all.snapshot_save.with_master_key,
                "put the key in that opens all others: whoever has the file then has the cluster");
  CLI::App& inspect = *snapshot.add_subcommand("inspect", "Check a snapshot, and say what is in it");
  inspect.add_option("file", all.snapshot_inspect.file, "the snapshot")->required();
  add_output(inspect, all.snapshot_inspect.output, {"json"});
  CLI::App& restore = *snapshot.add_subcommand(
      "restore", "Make the first server of a new cluster from a snapshot; start actord there afterwards");
  restore.add_option("file", all.snapshot_restore.file, "the snapshot")->required();
  restore.add_option("--data-dir", all.snapshot_restore.data_dir, "the one to make")->capture_default_str();
  restore.add_option("--master-key", all.snapshot_restore.master_key,
                     "copy of the old servers' pki/master.key, for a snapshot without it");
}

void add_globals(CLI::App& app, global_options& global) {
  app.add_option("--kubeconfig", global.kubeconfig, "file with server and credentials");
  app.add_option("--context", global.context, "context of the kubeconfig");
  app.add_option("-n,--namespace", global.space, "namespace");
}

std::vector<std::string> names_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* sub : app.get_subcommands(nullptr)) names.push_back(sub->get_name());
  return names;
}

std::vector<std::string> flags_of(const CLI::App& root, const CLI::App& app) {
  std::vector<std::string> flags;
  for (const auto* each : {&root, &app}) {
    for (const auto* option : each->get_options()) {
      for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
    }
  }
  return flags;
}

error usage_error(std::string message) {
  return error{.kind = error_kind::bad_request, .message = std::move(message)};
}

const CLI::App& chosen_of(const CLI::App& root) {
  const CLI::App* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

/// The words that led to a command: "image load".
std::string words_to(const CLI::App& root, const CLI::App& app) {
  std::string words;
  for (const CLI::App* at = &app; at != &root && at != nullptr; at = at->get_parent())
    words = at->get_name() + (words.empty() ? "" : " " + words);
  return words;
}

/// With all the words that lead to it in its usage.
help_text help_of(const CLI::App& root, const CLI::App& app) {
  if (&app == &root) return {root.help()};
  const std::string before = words_to(root, *app.get_parent());
  return {app.help("actctl" + (before.empty() ? "" : " " + before))};
}

error explain_extras(const CLI::App& root, const std::vector<std::string>& extras) {
  const CLI::App& app = chosen_of(root);
  const std::string command = &app == &root ? std::string("actctl") : "actctl " + words_to(root, app);
  const std::string& first = extras.empty() ? command : extras.front();
  if (first.size() > 1 && first.front() == '-') {
    const std::string name = first.substr(0, first.find('='));
    return usage_error((name.starts_with("--") ? "unknown flag: " : "unknown shorthand flag: ") + name +
                       suggestion(name, flags_of(root, app)) + "\nSee '" + command + " --help' for usage.");
  }
  if (!names_of(app).empty()) {
    return usage_error("unknown command \"" + first + "\" for \"" + command + "\"" +
                       suggestion(first, names_of(app)) + "\nRun '" + command + " --help' for usage.");
  }
  return usage_error("unexpected argument \"" + first + "\"\nSee '" + command + " --help' for usage.");
}

any_command take_chosen(const CLI::App& root, all_commands& all) {
  const CLI::App& app = chosen_of(root);
  const std::string name = words_to(root, app);
  if (name == "get") return std::move(all.get);
  if (name == "apply") return std::move(all.apply);
  if (name == "delete") return std::move(all.remove);
  if (name == "describe") return std::move(all.describe);
  if (name == "logs") return std::move(all.logs);
  if (name == "exec") return std::move(all.exec);
  if (name == "attach") return std::move(all.attach);
  if (name == "cp") return std::move(all.copy);
  if (name == "port-forward") return std::move(all.port_forward);
  if (name == "scale") return std::move(all.scale);
  if (name == "actors") return std::move(all.actors);
  if (name == "image load") return std::move(all.image_load);
  if (name == "version") return std::move(all.version);
  if (name == "api-resources") return std::move(all.api_resources);
  if (name == "debug store") return std::move(all.debug_store);
  if (name == "token create") return std::move(all.token_create);
  if (name == "token list") return std::move(all.token_list);
  if (name == "token delete") return std::move(all.token_delete);
  if (name == "cluster members") return std::move(all.cluster_members);
  if (name == "cluster status") return std::move(all.cluster_status);
  if (name == "cluster remove") return std::move(all.cluster_remove);
  if (name == "cluster rotate-ca") return all.cluster_rotate;
  if (name == "snapshot save") return std::move(all.snapshot_save);
  if (name == "snapshot inspect") return std::move(all.snapshot_inspect);
  if (name == "snapshot restore") return std::move(all.snapshot_restore);
  return help_of(root, app);
}

} // namespace

result<command_line> parse_command_line(const std::vector<std::string>& arguments) {
  all_commands all;
  CLI::App root("actctl drives an actord cluster; kubectl works as well.", "actctl");
  root.fallthrough();
  root.require_subcommand(0, 1);
  add_globals(root, all.global);
  add_get(root, all.get);
  add_apply(root, all.apply);
  add_delete(root, all.remove);
  add_describe(root, all.describe);
  add_logs(root, all.logs);
  add_streams(root, all);
  add_scale(root, all.scale);
  add_others(root, all);
  add_debug(root, all.debug_store);
  add_tokens(root, all);
  add_cluster(root, all);
  add_snapshots(root, all);
  for (auto* sub : root.get_subcommands(nullptr)) sub->fallthrough();
  try {
    // What follows "--" is a command's own words, whatever they look like.
    const auto mark = std::find(arguments.begin(), arguments.end(), "--");
    if (mark != arguments.end()) all.exec.command.assign(mark + 1, arguments.end());
    std::vector<std::string> reversed(std::make_reverse_iterator(mark), arguments.rend());
    root.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return command_line{.global = all.global, .command = help_of(root, chosen_of(root))};
  } catch (const CLI::ExtrasError&) {
    return explain_extras(root, root.remaining(true));
  } catch (const CLI::ParseError& failure) {
    return usage_error(failure.what());
  }
  any_command chosen = take_chosen(root, all);
  return command_line{.global = std::move(all.global), .command = std::move(chosen)};
}

} // namespace actord::cli
