#include "actors/cluster/reset.hpp"

#include "actors/worker/node/node_drivers.hpp"
#include "actors/worker/worker.hpp"
#include "runtime/files/file_tools.hpp"
#include "schema/base/clock.hpp"
#include "storage/kv/directory_lock.hpp"

#include <array>
#include <filesystem>
#include <optional>

namespace actord::actors {
namespace {

/// All that a daemon makes in its data directory (README, "Inside a data directory").
constexpr std::array<const char*, 10> own_entries{"admin.kubeconfig", "containers", "images", "logs",
                                                  "network",          "pods",       "pki",    "store",
                                                  "replica",          "restoring"};

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

} // namespace

result<void> reset_member(const daemon_options& options) {
  // A server's store, and a worker's.
  std::string store = options.data_dir + "/store";
  if (!exists(store)) store = options.data_dir + "/replica";
  if (!exists(store) && !exists(options.data_dir + "/pki"))
    return error{.kind = error_kind::not_found,
                 .message = options.data_dir + " is not the data directory of an actord"};
  std::optional<storage::kv::directory_lock> alone;
  if (exists(store)) {
    auto taken = storage::kv::directory_lock::take(store);
    if (!taken) return std::move(taken).error();
    alone.emplace(std::move(*taken));
  }
  if (options.works) {
    worker_options node;
    node.node_name = options.node_name;
    node.data_dir = options.data_dir;
    node.cluster_cidr = options.cluster_cidr;
    node.runtime = options.runtime;
    if (auto removed = remove_node(node, system_clock_source()); !removed) return removed;
  }
  for (const char* entry : own_entries)
    if (auto removed = runtime::remove_tree(options.data_dir + "/" + entry); !removed) return removed;
  std::error_code others_remain;
  std::filesystem::remove(options.data_dir, others_remain);
  return {};
}

} // namespace actord::actors
