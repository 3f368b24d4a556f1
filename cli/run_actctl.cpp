#include "cli/client/kubeconfig.hpp"
#include "cli/command_context.hpp"
#include "cli/commands/command_session.hpp"

#include <fstream>
#include <iterator>
#include <ostream>

namespace actord::cli {

namespace {

result<std::string> read_text_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    return error{.kind = error_kind::bad_request, .message = "the file \"" + path + "\" cannot be read"};
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

/// --kubeconfig, else the first entry of KUBECONFIG, else the one the local daemon wrote.
std::string kubeconfig_path(const command_context& context, const global_options& global) {
  if (!global.kubeconfig.empty()) return global.kubeconfig;
  const std::string listed = context.environment("KUBECONFIG").value_or("");
  const std::string first = listed.substr(0, listed.find(':'));
  return first.empty() ? default_kubeconfig : first;
}

result<cluster_access> find_cluster(const command_context& context, const global_options& global) {
  const std::string path = kubeconfig_path(context, global);
  const auto text = read_text_file(path);
  if (!text) {
    return error{.kind = error_kind::bad_request,
                 .message = "there is no kubeconfig at " + path +
                            "; start actord, or name one with --kubeconfig or KUBECONFIG"};
  }
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  return parse_kubeconfig(*text, global.context, folder, read_text_file);
}

/// Runs whichever command was given.
struct command_runner {
  command_session& session;

  result<void> operator()(const get_command& command) const { return run_get(session, command); }
  result<void> operator()(const apply_command& command) const { return run_apply(session, command); }
  result<void> operator()(const delete_command& command) const { return run_delete(session, command); }
  result<void> operator()(const describe_command& command) const { return run_describe(session, command); }
  result<void> operator()(const logs_command& command) const { return run_logs(session, command); }
  result<void> operator()(const exec_command& command) const { return run_exec(session, command); }
  result<void> operator()(const attach_command& command) const { return run_attach(session, command); }
  result<void> operator()(const copy_command& command) const { return run_copy(session, command); }
  result<void> operator()(const port_forward_command& command) const {
    return run_port_forward(session, command);
  }
  result<void> operator()(const scale_command& command) const { return run_scale(session, command); }
  result<void> operator()(const actors_command& command) const { return run_actors(session, command); }
  result<void> operator()(const image_load_command& command) const {
    return run_image_load(session, command);
  }
  result<void> operator()(const version_command& command) const { return run_version(session, command); }
  result<void> operator()(const api_resources_command& command) const {
    return run_api_resources(session, command);
  }
  result<void> operator()(const debug_store_command& command) const {
    return run_debug_store(session, command);
  }
  result<void> operator()(const token_create_command& command) const {
    return run_token_create(session, command);
  }
  result<void> operator()(const token_list_command& command) const {
    return run_token_list(session, command);
  }
  result<void> operator()(const token_delete_command& command) const {
    return run_token_delete(session, command);
  }
  result<void> operator()(const cluster_members_command& command) const {
    return run_cluster_members(session, command);
  }
  result<void> operator()(const cluster_status_command& command) const {
    return run_cluster_status(session, command);
  }
  result<void> operator()(const cluster_rotate_command&) const { return run_cluster_rotate(session); }
  result<void> operator()(const cluster_remove_command& command) const {
    return run_cluster_remove(session, command);
  }
  result<void> operator()(const snapshot_save_command& command) const {
    return run_snapshot_save(session, command);
  }
  result<void> operator()(const snapshot_inspect_command& command) const {
    return run_snapshot_inspect(session, command);
  }
  result<void> operator()(const snapshot_restore_command& command) const {
    return run_snapshot_restore(session, command);
  }
  result<void> operator()(const help_text& help) const {
    session.context.output << help.text;
    return {};
  }
};

/// Stands in when no server is needed.
class no_server final : public net::http_client {
  result<net::client_answer> send(const net::client_request&) override { return none(); }
  result<net::client_answer> stream(const net::client_request&,
                                    const std::function<bool(std::string_view)>&) override {
    return none();
  }
  static error none() { return {.kind = error_kind::internal, .message = "this command has no server"}; }
};

template <class... Commands>
bool is_one_of(const any_command& command) {
  return (std::holds_alternative<Commands>(command) || ...);
}

bool needs_server(const any_command& command) {
  if (is_one_of<help_text, debug_store_command, snapshot_save_command, snapshot_inspect_command,
                snapshot_restore_command>(command))
    return false;
  const auto* version = std::get_if<version_command>(&command);
  return version == nullptr || !version->client_only;
}

/// The exit code, when all went well.
result<int> run(const command_context& context, const command_line& line) {
  net::http_client_options connection;
  std::unique_ptr<net::http_client> transport = std::make_unique<no_server>();
  std::string space = line.global.space.value_or("default");
  if (needs_server(line.command)) {
    const auto access = find_cluster(context, line.global);
    if (!access) return access.error();
    auto connected = context.connect(access->connection);
    if (!connected) return connected.error();
    transport = *std::move(connected);
    connection = access->connection;
    if (!line.global.space) space = access->space;
  }
  api_client client(std::move(transport));
  resource_names names(client);
  command_session session{.context = context,
                          .client = client,
                          .names = names,
                          .space = space,
                          .space_was_given = line.global.space.has_value(),
                          .connection = std::move(connection),
                          .exit_code = 0};
  if (const auto done = std::visit(command_runner{session}, line.command); !done) return done.error();
  return session.exit_code;
}

} // namespace

int run_actctl(const command_context& context) {
  const auto line = parse_command_line(context.arguments);
  const result<int> outcome = line ? run(context, *line) : result<int>(line.error());
  context.output.flush();
  if (outcome) return *outcome;
  context.errors << describe_error(outcome.error()) << '\n';
  return 1;
}

} // namespace actord::cli
