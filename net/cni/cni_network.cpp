#include "net/cni/bridge_attachment.hpp"
#include "net/cni/network_config.hpp"
#include "net/cni/network_masquerade.hpp"
#include "net/cni/pod_network.hpp"
#include "schema/base/json.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>

namespace actord::net {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto plugin_patience = 60s;

std::string read_text(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

result<void> write_text(const fs::path& path, const std::string& text) {
  const fs::path temporary = path.string() + ".new";
  std::ofstream file(temporary, std::ios::trunc);
  file << text;
  file.close();
  std::error_code failure;
  if (file) fs::rename(temporary, path, failure);
  if (!file || failure) return error{.message = "write " + path.string() + ": " + failure.message()};
  return {};
}

void set_switch(const char* path) {
  // Missing without the kernel module, read-only in some containers: services then do not reach pods of the
  // same bridge, all else works.
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  static_cast<void>(::write(file, "1", 1) == 1);
  ::close(file);
}

/// What ADD was asked and answered: DEL must be given the same again, even when the configuration has changed
/// since.
struct attachment_record {
  network_config network;
  pod_attachment pod;
  std::string plugin_result; ///< empty until ADD has succeeded
};

json record_json(const attachment_record& record) {
  json ports = json::array();
  for (const auto& port : record.pod.ports)
    ports.push_back({port.protocol, port.host_port, port.container_port, port.host_address});
  return {{"network", record.network.name},    {"version", record.network.version},
          {"plugins", record.network.plugins}, {"namespacePath", record.pod.namespace_path},
          {"space", record.pod.pod_space},     {"name", record.pod.pod_name},
          {"uid", record.pod.pod_uid},         {"ports", std::move(ports)},
          {"result", record.plugin_result}};
}

std::optional<attachment_record> record_from(const std::string& id, const std::string& text) {
  try {
    const json value = json::parse(text);
    attachment_record record;
    record.network = {value.at("network"), value.at("version"),
                      value.at("plugins").get<std::vector<std::string>>()};
    record.pod.id = id;
    record.pod.namespace_path = value.at("namespacePath");
    record.pod.pod_space = value.at("space");
    record.pod.pod_name = value.at("name");
    record.pod.pod_uid = value.at("uid");
    for (const json& port : value.at("ports"))
      record.pod.ports.push_back(
          {port.at(0), port.at(1).get<std::uint16_t>(), port.at(2).get<std::uint16_t>(), port.at(3)});
    record.plugin_result = value.at("result");
    return record;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

class cni_network final : public pod_network {
public:
  cni_network(cni_options options, program_runner& runner) : options_(std::move(options)), runner_(runner) {}

  result<pod_addresses> attach(const pod_attachment& pod) override {
    if (auto prepared = prepare_node(); !prepared) return prepared.error();
    if (const auto record = load(pod.id)) {
      if (!record->plugin_result.empty() && record->pod.namespace_path == pod.namespace_path)
        return parse_plugin_result(record->plugin_result);
      if (auto detached = detach(pod.id, record->pod.namespace_path); !detached) return detached.error();
    }
    auto network = configuration();
    if (!network) return std::move(network).error();
    attachment_record record{.network = std::move(*network), .pod = pod, .plugin_result = {}};
    // On disk before the first plugin runs: a crash in between leaves a record to undo.
    if (auto saved = save(record); !saved) return saved.error();
    auto added = run_add(record);
    if (!added) {
      if (auto undone = detach(pod.id, pod.namespace_path); !undone)
        added.error().message += "; undoing it: " + undone.error().message;
      return added.error();
    }
    if (auto saved = save(record); !saved) return saved.error();
    return added;
  }

  result<void> detach(const std::string& id, const std::string& namespace_path) override {
    auto record = load(id);
    if (!record) return {};
    if (auto prepared = prepare_node(); !prepared) return prepared;
    std::error_code ignored;
    record->pod.namespace_path = fs::exists(namespace_path, ignored) ? namespace_path : "";
    auto& plugins = record->network.plugins;
    for (auto plugin = plugins.rbegin(); plugin != plugins.rend(); ++plugin) {
      if (!is_needed(*plugin, record->pod)) continue;
      auto reply = run_plugin(*record, *plugin, cni_command::remove, record->plugin_result);
      if (!reply) return reply.error();
    }
    fs::remove(record_path(id), ignored);
    return {};
  }

  std::vector<std::string> attachments() override {
    std::vector<std::string> ids;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(records_directory(), ignored))
      if (entry.path().extension() == ".json") ids.push_back(entry.path().stem().string());
    std::sort(ids.begin(), ids.end());
    return ids;
  }

  result<void> dismantle() override {
    if (auto removed = remove_masquerade(options_, runner_); !removed) return removed;
    const auto reply = runner_.run({"/usr/sbin/ip", "link", "delete", options_.bridge}, {}, {}, 10s);
    return reply ? result<void>{} : reply.error();
  }

private:
  [[nodiscard]] fs::path records_directory() const { return fs::path(options_.state_dir) / "attachments"; }
  [[nodiscard]] fs::path record_path(const std::string& id) const {
    return records_directory() / (id + ".json");
  }

  result<void> prepare_node() {
    const std::lock_guard lock(preparing_);
    if (prepared_) return {};
    std::error_code failure;
    fs::create_directories(records_directory(), failure);
    if (failure) return error{.message = "create " + records_directory().string() + ": " + failure.message()};
    set_switch("/proc/sys/net/ipv4/ip_forward");
    // Replies between pods of one bridge must pass the address translation that their requests passed.
    set_switch("/proc/sys/net/bridge/bridge-nf-call-iptables");
    auto bridge = bridge_attachment::open(options_);
    if (!bridge) return std::move(bridge).error();
    bridge_ = std::move(*bridge);
    if (auto installed = install_masquerade(options_, runner_); !installed) return installed;
    prepared_ = true;
    return {};
  }

  /// The first configuration by name in the directory, as other container runtimes choose it, else ours.
  result<network_config> configuration() const {
    std::vector<fs::path> candidates;
    std::error_code ignored;
    if (!options_.config_dir.empty())
      for (const auto& entry : fs::directory_iterator(options_.config_dir, ignored))
        if (const auto kind = entry.path().extension();
            kind == ".conflist" || kind == ".conf" || kind == ".json")
          candidates.push_back(entry.path());
    if (candidates.empty()) return default_network_config(options_);
    return parse_network_config(read_text(*std::min_element(candidates.begin(), candidates.end())));
  }

  std::optional<attachment_record> load(const std::string& id) const {
    std::error_code ignored;
    if (!fs::exists(record_path(id), ignored)) return std::nullopt;
    return record_from(id, read_text(record_path(id)));
  }

  result<void> save(const attachment_record& record) const {
    return write_text(record_path(record.pod.id), record_json(record).dump());
  }

  result<pod_addresses> run_add(attachment_record& record) {
    std::string previous;
    for (const std::string& plugin : record.network.plugins) {
      if (!is_needed(plugin, record.pod)) continue;
      auto output = run_plugin(record, plugin, cni_command::add, previous);
      if (!output) return std::move(output).error();
      if (!output->empty()) previous = std::move(*output);
    }
    auto addresses = parse_plugin_result(previous);
    if (addresses) record.plugin_result = std::move(previous);
    return addresses;
  }

  result<std::string> run_plugin(const attachment_record& record, const std::string& plugin,
                                 cni_command command, const std::string& previous) {
    const auto type = plugin_type(plugin);
    if (!type) return type.error();
    if (*type == in_process_bridge_type) return run_in_process(record.pod, command);
    const auto input = plugin_input(record.network, plugin, record.pod, previous);
    if (!input) return input.error();
    auto reply =
        runner_.run({options_.plugin_dir + "/" + *type},
                    plugin_environment(command, record.pod, options_.plugin_dir), *input, plugin_patience);
    if (!reply) return std::move(reply).error();
    if (!reply->succeeded) return error{.message = plugin_failure(*type, *reply)};
    return std::move(reply->output);
  }

  result<std::string> run_in_process(const pod_attachment& pod, cni_command command) {
    ALWAYS(bridge_);
    if (command == cni_command::add) return bridge_->add(pod);
    if (auto removed = bridge_->remove(pod.id); !removed) return removed.error();
    return std::string{};
  }

  cni_options options_;
  program_runner& runner_;
  std::unique_ptr<bridge_attachment> bridge_; ///< of our own configuration, once prepared
  std::mutex preparing_;
  bool prepared_ = false;
};

} // namespace

std::unique_ptr<pod_network> make_cni_network(cni_options options, program_runner& runner) {
  return std::make_unique<cni_network>(std::move(options), runner);
}

} // namespace actord::net
