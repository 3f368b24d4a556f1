#include "runtime/oci/runtime_program.hpp"

#include "runtime/files/file_tools.hpp"
#include "schema/base/json.hpp"

namespace actord::runtime {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string>& plain_environment() {
  static const std::vector<std::string> environment{
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  return environment;
}

json trial_config(const oci_runtime_options& options, const std::string& root) {
  return {{"ociVersion", "1.0.2"},
          {"process",
           {{"terminal", false},
            {"user", {{"uid", 0}, {"gid", 0}}},
            {"args", {"/actord-pause", "version"}},
            {"env", {"PATH=/"}},
            {"cwd", "/"},
            {"noNewPrivileges", true}}},
          {"root", {{"path", root}, {"readonly", false}}},
          {"mounts", json::array({{{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}},
                                  {{"destination", "/dev"},
                                   {"type", "tmpfs"},
                                   {"source", "tmpfs"},
                                   {"options", {"nosuid", "mode=755", "size=64k"}}},
                                  {{"destination", "/actord-pause"},
                                   {"type", "bind"},
                                   {"source", options.pause_path},
                                   {"options", {"bind", "ro"}}}})},
          {"linux",
           {{"cgroupsPath", options.cgroup_parent + "/trial"},
            {"namespaces", json::array({{{"type", "pid"}}, {{"type", "mount"}}, {{"type", "ipc"}}})}}}};
}

runtime_program describe(runtime_flavour flavour, const oci_runtime_options& options,
                         const cgroup_layout& layout, const std::string& runtime_root) {
  runtime_program program{.flavour = flavour, .prefix = {}, .version = {}};
  if (flavour == runtime_flavour::crun && layout.hybrid)
    program.prefix = {options.pause_path, "hide-unified"};
  program.prefix.push_back(flavour == runtime_flavour::crun ? options.crun_path : options.runc_path);
  program.prefix.push_back("--root=" + runtime_root);
  return program;
}

/// "crun version 1.8.1\n..." → "crun 1.8.1".
std::string short_version(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  if (const std::size_t word = line.find(" version "); word != std::string::npos) line.erase(word, 8);
  return line;
}

result<void> try_out(runtime_program& program, const oci_runtime_options& options, process_launcher& launcher,
                     const std::string& scratch) {
  const command ask = runtime_command(program, {"--version"});
  const auto version = launcher.run(ask);
  if (!version) return version.error();
  if (!version->succeeded()) return describe_failure(ask, *version);
  program.version = short_version(version->output);
  if (auto made = make_directories(scratch + "/rootfs"); !made) return made;
  if (auto written =
          write_file_atomic(scratch + "/config.json", trial_config(options, scratch + "/rootfs").dump());
      !written)
    return written;
  const std::string id = "actord-trial-" + std::to_string(::getpid());
  const command trial = runtime_command(program, {"run", "--bundle", scratch, id});
  const auto tried = launcher.run(trial);
  result<void> verdict;
  if (!tried)
    verdict = tried.error();
  else if (!tried->succeeded())
    verdict = describe_failure(trial, *tried);
  if (!verdict) static_cast<void>(launcher.run(runtime_command(program, {"delete", "--force", id})));
  static_cast<void>(remove_tree(scratch));
  return verdict;
}

} // namespace

command runtime_command(const runtime_program& program, const std::vector<std::string>& arguments) {
  command what;
  what.argv = program.prefix;
  what.argv.insert(what.argv.end(), arguments.begin(), arguments.end());
  what.environment = plain_environment();
  what.timeout = 60s;
  return what;
}

result<runtime_program> choose_runtime(const oci_runtime_options& options, const cgroup_layout& layout,
                                       process_launcher& launcher, const std::string& runtime_root,
                                       const std::string& scratch) {
  std::vector<runtime_flavour> candidates{options.flavour};
  if (options.flavour == runtime_flavour::automatic)
    candidates = {runtime_flavour::crun, runtime_flavour::runc};
  std::string failures;
  for (const runtime_flavour flavour : candidates) {
    runtime_program program = describe(flavour, options, layout, runtime_root);
    const auto tried = try_out(program, options, launcher, scratch);
    if (tried) return program;
    failures += (failures.empty() ? "" : "; ") + tried.error().message;
  }
  return error{.kind = error_kind::unavailable, .message = "no OCI runtime works here: " + failures};
}

command monitor_command(const std::string& conmon_path, const runtime_program& program,
                        const monitor_request& request) {
  command what;
  what.argv = {conmon_path,
               "--cid",
               request.id,
               "--cuuid",
               request.id,
               "--name",
               request.name,
               "--bundle",
               request.bundle,
               "--persist-dir",
               request.bundle,
               "--exit-dir",
               request.exit_directory,
               "--container-pidfile",
               request.bundle + "/pid",
               "--conmon-pidfile",
               request.bundle + "/conmon.pid",
               "--log-path",
               "k8s-file:" + request.log_path,
               "--log-size-max",
               std::to_string(request.log_size_limit_bytes),
               "--log-level",
               "error",
               "--full-attach",
               "--no-sync-log",
               "--runtime",
               program.prefix.front()};
  for (std::size_t at = 1; at < program.prefix.size(); ++at) {
    what.argv.emplace_back("--runtime-arg");
    what.argv.push_back(program.prefix[at]);
  }
  if (request.terminal) what.argv.emplace_back("--terminal");
  if (request.reads_input) what.argv.emplace_back("--stdin");
  if (request.keeps_input_open) what.argv.emplace_back("--leave-stdin-open");
  what.environment = plain_environment();
  what.report_variable = "_OCI_SYNCPIPE";
  what.directory =
      request.bundle; // it leaves a file where it works when the kernel ends its container for want of memory
  what.timeout = 240s;
  return what;
}

result<int> parse_monitor_report(const std::string& report) {
  const json said = json::parse(report, nullptr, false);
  if (!said.is_object()) return error{.message = "conmon reported nothing"};
  const auto pid = said.find("pid");
  if (pid != said.end() && pid->is_number_integer() && pid->get<int>() > 0) return pid->get<int>();
  const auto message = said.find("message");
  std::string why =
      message != said.end() && message->is_string() ? message->get<std::string>() : "no reason given";
  while (!why.empty() && why.back() == '\n') why.pop_back();
  return error{.message = std::move(why)};
}

} // namespace actord::runtime
