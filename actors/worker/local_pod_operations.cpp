#include "actors/worker/local_pod_operations.hpp"

#include "actors/worker/container_spec.hpp"
#include "actors/worker/pod_volumes.hpp"
#include "runtime/files/file_tools.hpp"
#include "runtime/volumes/volume_mounts.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/config_map_view.hpp"
#include "schema/view/service_view.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <set>

namespace actord::actors {
namespace {

constexpr std::size_t resolver_limit_bytes = 64 * 1024;
constexpr std::size_t amounts_limit_bytes = 1024 * 1024;

/// Parsed content of one object of the store, or none.
template <class View, View (*parse)(std::string_view)>
std::optional<View> read_object(const storage::snapshot& snapshot, std::string_view plural,
                                const std::string& space, std::string_view name) {
  const std::string_view value = snapshot.get({schema::builtin("", plural).id, space, std::string(name)});
  if (value.empty()) return std::nullopt;
  const auto view = schema::object_view::open(value);
  if (!view) return std::nullopt;
  return parse(view->text());
}

object_content read_config_map(const storage::store& store, const std::string& space, std::string_view name) {
  const auto snapshot = store.read();
  auto found =
      read_object<schema::config_map_view, schema::parse_config_map>(*snapshot, "configmaps", space, name);
  if (!found) return std::nullopt;
  for (auto& [key, value] : found->binary_data) found->data.emplace(key, std::move(value));
  return std::move(found->data);
}

object_content read_secret(const storage::store& store, const std::string& space, std::string_view name) {
  const auto snapshot = store.read();
  auto found = read_object<schema::secret_view, schema::parse_secret>(*snapshot, "secrets", space, name);
  if (!found) return std::nullopt;
  return std::move(found->data);
}

/// Headless services and those without an address yet have no variables.
void add_link(std::vector<service_link>& links, const schema::service_view& service) {
  if (service.cluster_ip.empty() || service.headless()) return;
  service_link link{service.meta.name, service.cluster_ip, {}};
  for (const auto& port : service.ports) link.ports.push_back({port.name, port.protocol, port.port});
  links.push_back(std::move(link));
}

} // namespace

void local_pod_operations::remember(const std::vector<runtime::sandbox>& sandboxes) {
  const std::lock_guard lock(mutex_);
  for (const auto& each : sandboxes) pods_by_sandbox_[each.id] = each.pod_uid;
}

std::optional<std::string> local_pod_operations::pod_of_sandbox(const std::string& sandbox_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = pods_by_sandbox_.find(sandbox_id);
  if (found == pods_by_sandbox_.end()) return std::nullopt;
  return found->second;
}

std::vector<runtime::sandbox> local_pod_operations::sandboxes_of(const std::string& uid) {
  std::vector<runtime::sandbox> own = with_.runtime.list_sandboxes();
  std::erase_if(own, [&](const auto& each) { return each.pod_uid != uid; });
  std::sort(own.begin(), own.end(),
            [](const auto& left, const auto& right) { return left.attempt < right.attempt; });
  remember(own);
  return own;
}

pod_inventory local_pod_operations::inspect(const schema::pod_view& pod) {
  pod_inventory found;
  found.sandboxes = sandboxes_of(pod.meta.uid);
  if (found.sandboxes.empty()) return found;
  for (auto& status : with_.runtime.list_containers(found.sandboxes.back().id)) {
    pod_inventory::container container{std::move(status), "", ""};
    container.image_id = container.status.image;
    const schema::container_view* spec = referred_container(pod, container.status.name, nullptr);
    if (spec != nullptr && container.status.state == runtime::container_state::exited)
      container.termination_message = read_termination_message(pod, *spec, container.status.attempt,
                                                               container.status.exit_code, with_.files);
    found.containers.push_back(std::move(container));
  }
  found.amounts = saved_amounts(pod.meta.uid);
  found.measured = with_.runtime.measure_sandbox(found.sandboxes.back().id);
  return found;
}

reference_lookup local_pod_operations::lookup_for(const schema::pod_view& pod) const {
  return {
      [this, space = pod.meta.space](std::string_view name) {
        return read_config_map(with_.store, space, name);
      },
      [this, space = pod.meta.space](std::string_view name) { return read_secret(with_.store, space, name); },
      [this, &pod](std::string_view audience, std::int64_t expiration_s) -> result<std::string> {
        return with_.sign_token(pod.meta.space, pod.spec.service_account, pod.meta.name, pod.meta.uid,
                                audience, expiration_s);
      },
  };
}

/// Of the pod's namespace when it wants links; the API itself always.
std::vector<service_link> local_pod_operations::services_for(const schema::pod_view& pod) const {
  std::vector<service_link> links;
  const auto snapshot = with_.store.read();
  if (auto api = read_object<schema::service_view, schema::parse_service>(*snapshot, "services", "default",
                                                                          "kubernetes"))
    add_link(links, *api);
  if (!pod.spec.enable_service_links) return links;
  snapshot->scan(schema::builtin("", "services").id, pod.meta.space, [&](std::string_view value) {
    if (const auto view = schema::object_view::open(value))
      add_link(links, schema::parse_service(view->text()));
    return true;
  });
  return links;
}

result<void> local_pod_operations::prepare_volumes(const schema::pod_view& pod, const pod_facts& facts) {
  return prepare_pod_volumes(pod, with_.files, facts, lookup_for(pod));
}

result<runtime::sandbox> local_pod_operations::run_sandbox(const schema::pod_view& pod, int attempt) {
  auto text = runtime::read_file("/etc/resolv.conf", resolver_limit_bytes);
  const resolver_settings machine = parse_resolver(text && *text ? **text : std::string());
  auto made = with_.runtime.run_sandbox(sandbox_spec_of(pod, attempt, machine));
  if (made) remember({*made});
  return made;
}

std::variant<runtime::image_info, start_failure>
local_pod_operations::image_for(const schema::container_view& container) {
  if (auto image = with_.images.find(container.image)) return std::move(*image);
  if (container.image_pull_policy == "Never")
    return start_failure{"ErrImageNeverPull", "Container image \"" + container.image +
                                                  "\" is not present with pull policy of Never"};
  return start_failure{"ErrImagePull",
                       "image \"" + container.image +
                           "\" is not on this node; load it with `actctl image load FILE.tar`"};
}

std::variant<started_container, start_failure>
local_pod_operations::start_container(const schema::pod_view& pod, const runtime::sandbox& sandbox,
                                      const schema::container_view& container, int attempt,
                                      const pod_facts& facts) {
  auto image = image_for(container);
  if (auto* failure = std::get_if<start_failure>(&image)) return std::move(*failure);
  const std::string& image_id = std::get<runtime::image_info>(image).id;
  auto variables = build_environment(pod, container, facts, lookup_for(pod), services_for(pod));
  if (!variables) return start_failure{"CreateContainerConfigError", variables.error().message};
  auto mounts = container_mounts(pod, container, attempt, with_.files, *variables);
  if (!mounts) return start_failure{"CreateContainerConfigError", mounts.error().message};
  runtime::container_spec spec = container_spec_of(pod, container, attempt, sandbox.id, image_id,
                                                   std::move(*variables), facts, with_.files);
  spec.mounts = std::move(*mounts);
  auto created = with_.runtime.create_container(spec);
  if (!created) return start_failure{"CreateContainerError", created.error().message};
  if (auto started = with_.runtime.start_container(created->id); !started)
    return start_failure{"RunContainerError", started.error().message};
  if (container.lifecycle.post_start) {
    const std::string failure = run_hook(*container.lifecycle.post_start, container, created->id,
                                         sandbox.address, std::chrono::seconds{pod.spec.termination_grace_s});
    if (!failure.empty()) {
      kill_container(created->id);
      return start_failure{"PostStartHookError", failure};
    }
  }
  auto status = with_.runtime.status(created->id);
  return started_container{status ? *status : *created, image_id};
}

std::optional<resize_record> local_pod_operations::saved_amounts(const std::string& uid) const {
  const auto text = runtime::read_file(with_.files.amounts(uid), amounts_limit_bytes);
  return text && *text ? parse_resize_record(**text) : std::nullopt;
}

result<void> local_pod_operations::save_amounts(const schema::pod_view& pod, const resize_record& record) {
  if (auto made = runtime::make_directories(with_.files.pod(pod.meta.uid)); !made) return made;
  return runtime::write_file_atomic(with_.files.amounts(pod.meta.uid), record_text(record));
}

resize_outcome local_pod_operations::resize(const std::string& sandbox_id,
                                            const std::map<std::string, std::string>& ids,
                                            const resize_job& job) {
  resize_outcome outcome;
  const auto measure = [&] {
    outcome.pod = with_.runtime.measure_sandbox(sandbox_id);
    for (const auto& [name, id] : ids)
      if (const auto status = with_.runtime.status(id); status && status->measured)
        outcome.containers[name] = *status->measured;
  };
  measure();
  std::map<std::string, std::int64_t> usage;
  for (const auto& [name, measured] : outcome.containers) usage[name] = measured.memory_usage_bytes;
  if (outcome.pod) usage[""] = outcome.pod->memory_usage_bytes;
  if (auto refused = refuse_limits(job.plan, usage)) {
    outcome.trouble = std::move(*refused);
    return outcome;
  }
  for (const auto& step : job.plan.steps) {
    const auto id = ids.find(step.container);
    result<void> done;
    if (step.container.empty())
      done = with_.runtime.update_sandbox(sandbox_id, step.limits);
    else if (id != ids.end())
      done = with_.runtime.update_container(id->second, step.limits);
    if (!done) {
      outcome.trouble = done.error().message;
      break;
    }
    ++outcome.steps_done;
  }
  measure();
  return outcome;
}

void local_pod_operations::stop_container(const schema::pod_view&, const schema::container_view& container,
                                          const std::string& id, const pod_facts& facts,
                                          std::chrono::seconds grace) {
  if (container.lifecycle.pre_stop)
    (void)run_hook(*container.lifecycle.pre_stop, container, id, facts.pod_ip, grace);
  const std::string& wanted = container.lifecycle.stop_signal;
  std::string signal = wanted.empty() ? "" : wanted;
  if (signal.empty())
    if (auto status = with_.runtime.status(id); status)
      if (auto image = with_.images.find(status->image)) signal = image->config.stop_signal;
  (void)with_.runtime.signal_container(id, signal.empty() ? "TERM" : signal);
}

void local_pod_operations::kill_container(const std::string& id) {
  (void)with_.runtime.signal_container(id, "KILL");
}

result<void> local_pod_operations::stop_sandbox(const std::string& id) {
  return with_.runtime.stop_sandbox(id);
}

result<void> local_pod_operations::remove_sandboxes(const std::string& uid) {
  for (const auto& each : sandboxes_of(uid)) {
    if (auto removed = with_.runtime.remove_sandbox(each.id); !removed) return removed;
    const std::lock_guard lock(mutex_);
    pods_by_sandbox_.erase(each.id);
  }
  return {};
}

result<void> local_pod_operations::remove_pod(const schema::pod_view& pod, bool keep_volumes) {
  if (auto removed = remove_sandboxes(pod.meta.uid); !removed) return removed;
  if (keep_volumes) return {};
  if (auto removed = runtime::remove_volumes(with_.files.pod(pod.meta.uid)); !removed) return removed;
  return runtime::remove_tree(with_.files.logs(pod.meta.space, pod.meta.name, pod.meta.uid));
}

std::vector<std::string> local_pod_operations::pods_on_disk() {
  std::set<std::string> uids;
  for (const auto& each : with_.runtime.list_sandboxes()) uids.insert(each.pod_uid);
  for (const auto& name : runtime::directory_entries(with_.files.all_pods())) uids.insert(name);
  return {uids.begin(), uids.end()};
}

result<void> local_pod_operations::remove_leftovers(const std::string& uid) {
  const std::vector<runtime::sandbox> sandboxes = sandboxes_of(uid);
  if (auto removed = remove_sandboxes(uid); !removed) return removed;
  for (const auto& each : sandboxes)
    if (auto removed = runtime::remove_tree(with_.files.logs(each.space, each.name, uid)); !removed)
      return removed;
  return runtime::remove_volumes(with_.files.pod(uid));
}

} // namespace actord::actors
