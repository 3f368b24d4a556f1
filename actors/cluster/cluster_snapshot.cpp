#include "actors/cluster/cluster_snapshot.hpp"

#include "actors/cluster/joining/node_register.hpp"
#include "actors/cluster/keys/key_store.hpp"
#include "net/pki/secret_files.hpp"
#include "runtime/files/file_tools.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/json.hpp"
#include "schema/codec/base64.hpp"
#include "storage/open_store.hpp"
#include "storage/settled.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <system_error>
#include <utility>

namespace actord::actors {
namespace {

constexpr const char* master_key_member = "masterKey";

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string note_with(const std::string& master_key) {
  return json{{master_key_member, schema::encode_base64(master_key)}}.dump();
}

/// The master key in a snapshot's note, if it is there.
std::optional<std::string> master_key_of(const storage::snapshot_facts& facts) {
  const json note = json::parse(facts.note, nullptr, false);
  if (!note.is_object() || !note.value(master_key_member, json()).is_string()) return {};
  std::size_t wrong_at = 0;
  return schema::decode_base64(note[master_key_member].get<std::string>(), wrong_at);
}

cluster_snapshot snapshot_of(storage::snapshot_facts facts) {
  const bool has_key = master_key_of(facts).has_value();
  return {.facts = std::move(facts), .has_master_key = has_key};
}

result<std::string> master_key_for(const cluster_restore& order, const storage::snapshot_facts& facts) {
  if (order.master_key_file.empty()) {
    if (auto inside = master_key_of(facts)) return *std::move(inside);
    return error{.kind = error_kind::bad_request,
                 .message =
                     order.file +
                     " was saved without the master key, which its keys are sealed with: name a copy of "
                     "the old servers' pki/master.key (--master-key FILE)"};
  }
  auto key = net::read_secret_file(order.master_key_file);
  if (!key) return key.error();
  if (!*key) return error{.kind = error_kind::not_found, .message = order.master_key_file + ": no such file"};
  return **std::move(key);
}

/// The store of the new cluster is open, and nobody serves it yet.
result<void> begin_anew(storage::store& store, const std::string& pki, const std::string& master_key,
                        std::string_view from, random_source& random) {
  if (auto adopted = adopt_keys(store, pki, master_key, from, random); !adopted) return adopted;
  return storage::propose_and_wait(
      store, forget_all_nodes(node_records(*store.read()), {.actor = "cluster",
                                                            .verb = "update",
                                                            .request_id = {},
                                                            .reacted_to = {},
                                                            .note = "restored from a snapshot"}));
}

result<storage::snapshot_facts> make_server(const cluster_restore& order, const std::string& directory,
                                            const std::string& master_key, random_source& random) {
  const std::string store_path = directory + "/store";
  const std::string pki = directory + "/pki";
  for (const std::string& each : {order.data_dir, directory, pki})
    if (auto made = net::make_secret_directory(each); !made) return made.error();
  auto facts = storage::restore_snapshot(
      {.file = order.file, .directory = store_path, .random = random, .self = 1, .address = {}});
  if (!facts) return facts;
  auto store =
      storage::open_store({.directory = store_path, .clock = system_clock_source(), .random = random});
  if (!store) return store.error();
  if (auto begun = begin_anew(**store, pki, master_key, facts->cluster, random); !begun) return begun.error();
  return facts;
}

result<void> move(const std::string& from, const std::string& to) {
  std::error_code failed;
  std::filesystem::rename(from, to, failed);
  if (!failed) return {};
  return error{.kind = error_kind::unavailable,
               .message = fmt::format("cannot move {} to {}: {}", from, to, failed.message())};
}

} // namespace

result<cluster_snapshot> save_cluster(const std::string& data_dir, const std::string& file,
                                      bool with_master_key) {
  if (!exists(data_dir + "/store"))
    return error{.kind = error_kind::not_found,
                 .message = data_dir + " is not the data directory of a server (--data-dir)"};
  std::string note;
  if (with_master_key) {
    const auto key = read_master_key(data_dir + "/pki");
    if (!key) return key.error();
    if (!*key)
      return error{.kind = error_kind::not_found, .message = data_dir + "/pki/master.key is missing"};
    note = note_with(**key);
  }
  auto facts = storage::save_snapshot(data_dir + "/store", file, note);
  if (!facts) return facts.error();
  return snapshot_of(*std::move(facts));
}

result<cluster_snapshot> inspect_cluster(const std::string& file) {
  auto facts = storage::inspect_snapshot(file);
  if (!facts) return facts.error();
  return snapshot_of(*std::move(facts));
}

result<cluster_snapshot> restore_cluster(const cluster_restore& order, random_source& random) {
  for (const char* taken : {"/store", "/replica", "/pki"})
    if (exists(order.data_dir + taken))
      return error{.kind = error_kind::already_exists,
                   .message =
                       fmt::format("{} is a daemon's data directory already: name another (--data-dir), or "
                                   "give that one up first (actord reset --data-dir {})",
                                   order.data_dir, order.data_dir)};
  const auto before = storage::inspect_snapshot(order.file);
  if (!before) return before.error();
  const auto master_key = master_key_for(order, *before);
  if (!master_key) return master_key.error();
  // Under other names until all is there; the store comes last, for it is what makes a server.
  const std::string unfinished = order.data_dir + "/restoring";
  if (auto cleared = runtime::remove_tree(unfinished); !cleared) return cleared.error();
  auto facts = make_server(order, unfinished, *master_key, random);
  result<void> moved = facts ? move(unfinished + "/pki", order.data_dir + "/pki") : facts.error();
  if (moved) moved = move(unfinished + "/store", order.data_dir + "/store");
  const auto cleared = runtime::remove_tree(unfinished);
  if (!moved) return moved.error();
  if (!cleared) return cleared.error();
  return snapshot_of(*std::move(facts));
}

} // namespace actord::actors
