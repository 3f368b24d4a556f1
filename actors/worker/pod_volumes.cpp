#include "actors/worker/pod_volumes.hpp"

#include "runtime/files/file_tools.hpp"
#include "runtime/logs/log_reader.hpp"
#include "runtime/volumes/volume_mounts.hpp"

#include <filesystem>
#include <variant>

namespace actord::actors {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t message_limit_bytes = 4096;
/// A container may write more than is shown; a file beyond this is not read at all.
constexpr std::size_t message_file_limit_bytes = 1 << 20;
constexpr std::int64_t message_log_lines = 80;
constexpr std::size_t message_log_limit_bytes = 2048;

template <class... Handlers>
struct overloaded : Handlers... {
  using Handlers::operator()...;
};

error invalid(std::string message) { return {error_kind::invalid, std::move(message), {}, {}, 0}; }

result<void> prepare_content(const schema::pod_view& pod, const schema::volume_view& volume,
                             const std::string& directory, const pod_facts& facts,
                             const reference_lookup& lookup) {
  auto files = volume_content(pod, volume, facts, lookup);
  if (!files) return std::move(files).error();
  if (has_secret_content(volume))
    if (auto mounted = runtime::mount_memory_volume(directory, 0, 0755); !mounted) return mounted;
  auto written = runtime::write_content(directory, *files, pod.spec.security.fs_group);
  if (!written) return std::move(written).error();
  return {};
}

result<void> prepare_volume(const schema::pod_view& pod, const schema::volume_view& volume,
                            const pod_files& files, const pod_facts& facts, const reference_lookup& lookup) {
  const std::string directory = files.volume(pod.meta.uid, volume.name);
  return std::visit(
      overloaded{
          [&](const schema::empty_dir_volume& from) -> result<void> {
            const auto group = pod.spec.security.fs_group;
            if (from.in_memory) {
              auto mounted = runtime::mount_memory_volume(directory, from.limit_bytes.value_or(0), 0777);
              return mounted && group ? runtime::give_to_group(directory, *group, false) : mounted;
            }
            return runtime::make_scratch_volume(directory, group);
          },
          [&](const schema::host_path_volume& from) {
            return runtime::check_host_path(from.path, from.type);
          },
          [&](const schema::claim_volume& from) -> result<void> {
            return invalid("persistent volume claim \"" + from.name +
                           "\" cannot be mounted by this node yet");
          },
          [&](const schema::unsupported_volume& from) -> result<void> {
            return invalid("volume source \"" + from.source + "\" is not supported by this node");
          },
          [&](const auto&) { return prepare_content(pod, volume, directory, facts, lookup); },
      },
      volume.source);
}

const schema::volume_view* volume_named(const schema::pod_view& pod, const std::string& name) {
  for (const auto& volume : pod.spec.volumes)
    if (volume.name == name) return &volume;
  return nullptr;
}

std::string propagation_of(const schema::volume_mount_view& mount) {
  if (mount.mount_propagation == "HostToContainer") return "rslave";
  if (mount.mount_propagation == "Bidirectional") return "rshared";
  return {};
}

result<runtime::mount_spec> mount_of(const schema::pod_view& pod, const schema::container_view& container,
                                     const schema::volume_mount_view& mount, std::size_t number,
                                     const pod_files& files, const environment& variables) {
  const schema::volume_view* volume = volume_named(pod, mount.name);
  if (volume == nullptr) return invalid("volume \"" + mount.name + "\" is not among the pod's volumes");
  const auto* host = std::get_if<schema::host_path_volume>(&volume->source);
  std::string source = host != nullptr ? host->path : files.volume(pod.meta.uid, mount.name);
  const std::string sub_path =
      mount.sub_path_expr.empty() ? mount.sub_path : expand_references(mount.sub_path_expr, variables);
  if (!sub_path.empty()) {
    const std::string target = files.sub_path(pod.meta.uid, container.name, number);
    if (auto bound = runtime::bind_sub_path(source, sub_path, target); !bound)
      return std::move(bound).error();
    source = target;
  }
  const bool content = has_api_content(*volume);
  return runtime::mount_spec{source, mount.mount_path, mount.read_only || content, propagation_of(mount)};
}

/// Empty, writable by the container's user, and there before the container is.
result<runtime::mount_spec> termination_mount(const schema::pod_view& pod,
                                              const schema::container_view& container, int attempt,
                                              const pod_files& files) {
  const std::string path = files.termination_message(pod.meta.uid, container.name, attempt);
  const fs::path parent = fs::path(path).parent_path();
  if (auto made = runtime::make_directories(parent.string(), 0755); !made) return std::move(made).error();
  if (auto made = runtime::write_file_atomic(path, "", 0666); !made) return std::move(made).error();
  std::error_code ignored; // a stricter umask than ours only costs the message
  fs::permissions(path, fs::perms(0666), ignored);
  return runtime::mount_spec{path, container.termination_message_path, false, ""};
}

} // namespace

result<void> prepare_pod_volumes(const schema::pod_view& pod, const pod_files& files, const pod_facts& facts,
                                 const reference_lookup& lookup) {
  for (const auto& volume : pod.spec.volumes) {
    auto prepared = prepare_volume(pod, volume, files, facts, lookup);
    if (!prepared) {
      error failure = std::move(prepared).error();
      failure.message = "volume \"" + volume.name + "\": " + failure.message;
      return failure;
    }
  }
  return {};
}

result<std::vector<runtime::mount_spec>> container_mounts(const schema::pod_view& pod,
                                                          const schema::container_view& container,
                                                          int attempt, const pod_files& files,
                                                          const environment& variables) {
  std::vector<runtime::mount_spec> mounts;
  for (std::size_t i = 0; i < container.volume_mounts.size(); ++i) {
    auto mount = mount_of(pod, container, container.volume_mounts[i], i, files, variables);
    if (!mount) return std::move(mount).error();
    mounts.push_back(std::move(*mount));
  }
  auto message = termination_mount(pod, container, attempt, files);
  if (!message) return std::move(message).error();
  mounts.push_back(std::move(*message));
  return mounts;
}

std::string read_termination_message(const schema::pod_view& pod, const schema::container_view& container,
                                     int attempt, int exit_code, const pod_files& files) {
  auto written = runtime::read_file(files.termination_message(pod.meta.uid, container.name, attempt),
                                    message_file_limit_bytes);
  if (written && *written && !(*written)->empty()) return (*written)->substr(0, message_limit_bytes);
  if (container.termination_message_policy != "FallbackToLogsOnError" || exit_code == 0) return {};
  std::string tail;
  runtime::log_options options;
  options.tail_lines = message_log_lines;
  (void)runtime::read_log(files.log(pod.meta.space, pod.meta.name, pod.meta.uid, container.name, attempt),
                          options,
                          {[&](std::string_view piece) {
                             tail += piece;
                             return true;
                           },
                           [] { return false; }});
  if (tail.size() > message_log_limit_bytes) tail.erase(0, tail.size() - message_log_limit_bytes);
  return tail;
}

} // namespace actord::actors
