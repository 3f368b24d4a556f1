#include "cli/commands/copy_paths.hpp"
#include "cli/commands/remote_command.hpp"
#include "runtime/files/tree_archive.hpp"

#include <sys/stat.h>

#include <ostream>

namespace actord::cli {
namespace {

error usage(std::string message) { return {.kind = error_kind::bad_request, .message = std::move(message)}; }

std::string_view without_end_slashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

bool is_folder_here(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string joined(const std::string& folder, const std::string& name) {
  return name.empty() ? folder : folder.ends_with('/') ? folder + name : folder + "/" + name;
}

remote_terms terms_for(const command_session& session, const copy_command& command, const copy_end& there,
                       std::vector<std::string> words, bool input) {
  return {.space = there.space.empty() ? session.space : there.space,
          .pod = there.pod,
          .container = command.container,
          .command = std::move(words),
          .input = input,
          .terminal = false};
}

/// Container runtimes tell it in different words.
bool names_missing_program(const std::string& message) {
  return message.find("not found") != std::string::npos || message.find("o such file") != std::string::npos;
}

/// How the command ended, as an error unless well.
result<void> settled(remote_command& command) {
  const auto code = command.finish();
  if (!code)
    return names_missing_program(code.error().message)
               ? error{.message = copy_failure(code.error().message, 127)}
               : code.error();
  if (*code == 0) return {};
  return error{.message = copy_failure(command.complaints(), *code)};
}

void tell_skipped(command_session& session, const runtime::archived_tree& tree) {
  for (const std::string& each : tree.skipped) session.context.errors << "warning: left out " << each << '\n';
}

/// A path that no program takes for a flag.
std::string as_word(const std::string& path) { return path.starts_with('-') ? "./" + path : path; }

result<bool> is_folder_there(command_session& session, const copy_command& command, const copy_end& there) {
  auto test = remote_command::start(
      session, terms_for(session, command, there, {"test", "-d", as_word(there.path)}, false));
  if (!test) return test.error();
  const auto code = test->finish();
  return code && *code == 0; // without the program nobody knows, and the path is taken as it is
}

result<void> copy_there(command_session& session, const copy_command& command, const copy_end& here,
                        const copy_end& there) {
  struct stat info{};
  if (::lstat(here.path.c_str(), &info) != 0) return usage(here.path + " doesn't exist in local filesystem");
  std::string path(without_end_slashes(there.path));
  const auto folder = is_folder_there(session, command, there);
  if (!folder) return folder.error();
  if (*folder) path = joined(path, base_name(here.path));
  const std::string name = base_name(path);
  if (name.empty()) return usage("\"" + there.path + "\" names no file or folder in the container");
  std::vector<std::string> words{"tar"};
  if (command.no_preserve) words.insert(words.end(), {"--no-same-permissions", "--no-same-owner"});
  words.insert(words.end(), {"-xmf", "-"});
  if (const std::string into = folder_name(path); !into.empty())
    words.insert(words.end(), {"-C", as_word(into)});
  auto tar = remote_command::start(session, terms_for(session, command, there, std::move(words), true));
  if (!tar) return tar.error();
  std::optional<error> ended;
  const auto packed = runtime::write_tree_archive(std::string(without_end_slashes(here.path)), name,
                                                  [&](std::string_view piece) -> result<void> {
                                                    auto written = tar->write(piece);
                                                    if (!written) ended = written.error();
                                                    return written;
                                                  });
  if (ended) {
    auto how = settled(*tar); // it knows better why
    return how ? *ended : how;
  }
  if (!packed) return packed.error();
  tell_skipped(session, *packed);
  tar->end_input();
  return settled(*tar);
}

result<void> copy_here(command_session& session, const copy_command& command, const copy_end& there,
                       const copy_end& here) {
  std::string target(without_end_slashes(here.path));
  if (is_folder_here(target)) target = joined(target, base_name(there.path));
  auto tar = remote_command::start(
      session, terms_for(session, command, there, {"tar", "cf", "-", as_word(there.path)}, false));
  if (!tar) return tar.error();
  const auto unpacked =
      runtime::read_tree_archive([&] { return tar->read(); }, runtime::archived_name(there.path), target);
  // What is no archive is mostly a command that failed.
  if (auto how = settled(*tar); !how) return how;
  if (!unpacked) return unpacked.error();
  tell_skipped(session, *unpacked);
  if (unpacked->entries == 0) return error{.message = "nothing of " + there.path + " could be copied"};
  return {};
}

} // namespace

result<copy_end> parse_copy_end(const std::string& word) {
  const std::size_t colon = word.find(':');
  if (word.empty()) return usage("filepath can not be empty");
  if (colon == std::string::npos) return copy_end{.space = {}, .pod = {}, .path = word};
  copy_end end{.space = {}, .pod = word.substr(0, colon), .path = word.substr(colon + 1)};
  if (const std::size_t slash = end.pod.find('/'); slash != std::string::npos) {
    end.space = end.pod.substr(0, slash);
    end.pod.erase(0, slash + 1);
    if (end.space.empty()) end.pod.clear();
  }
  if (end.pod.empty() || end.pod.find('/') != std::string::npos)
    return usage("filespec must match the canonical format: [[namespace/]pod:]file/path");
  if (end.path.empty()) return usage("filepath can not be empty");
  return end;
}

std::string base_name(std::string_view path) {
  path = without_end_slashes(path);
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name == "." || name == ".." ? std::string() : std::string(name);
}

std::string folder_name(std::string_view path) {
  path = without_end_slashes(path);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {};
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string copy_failure(const std::string& complaint, int exit_code) {
  std::string text = complaint.substr(0, complaint.find_last_not_of(" \n\r") + 1);
  const bool missing = exit_code == 126 || exit_code == 127;
  if (missing)
    return "the container has no program tar, which 'cp' needs there" + (text.empty() ? "" : ": " + text);
  if (text.empty()) text = "tar failed in the container";
  return text + "\ncommand terminated with exit code " + std::to_string(exit_code);
}

result<void> run_copy(command_session& session, const copy_command& command) {
  const auto from = parse_copy_end(command.from);
  if (!from) return from.error();
  const auto to = parse_copy_end(command.to);
  if (!to) return to.error();
  if (from->is_remote() && to->is_remote())
    return usage("one of src or dest must be a local file specification");
  if (!from->is_remote() && !to->is_remote())
    return usage("one of src or dest must be a remote file specification");
  return from->is_remote() ? copy_here(session, command, *from, *to)
                           : copy_there(session, command, *from, *to);
}

} // namespace actord::cli
