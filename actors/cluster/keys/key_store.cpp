#include "actors/cluster/keys/key_store.hpp"

#include "net/pki/secret_files.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/base64.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/own_record.hpp"
#include "storage/settled.hpp"

#include <charconv>
#include <fmt/format.h>
#include <mutex>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

constexpr resource_id table_resource = schema::key_table_id;
constexpr const char* table_name = "keys";
constexpr const char* master_file = "master.key";
constexpr const char* version_file = "key-table.version";

const schema::resource_type& table_row() {
  static const schema::resource_type row = schema::own_record(table_resource, "KeyTable", "keytables");
  return row;
}

result<std::uint64_t> read_version(const std::filesystem::path& directory) {
  auto text = net::read_secret_file(directory / version_file);
  if (!text) return text.error();
  std::uint64_t version = 0;
  if (*text) std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), version);
  return version;
}

/// The files of a table, then that they are equal to it.
result<void> write_files(const std::filesystem::path& directory, const key_plan& plan,
                         std::uint64_t version) {
  for (const auto& [name, content] : plan.write)
    if (auto written = net::write_secret_file(directory / name, content); !written) return written;
  for (const std::string& name : plan.remove) {
    std::error_code ignored;
    std::filesystem::remove(directory / name, ignored);
  }
  return net::write_secret_file(directory / version_file, std::to_string(version));
}

error in_directory(const std::filesystem::path& directory, const std::string& why) {
  return {.kind = error_kind::internal, .message = fmt::format("{}: {}", directory.string(), why)};
}

/// Stores a table over the one that was read, if nobody was faster.
result<void> store_table(storage::store& store, const key_table& table, const std::string& master,
                         revision over, random_source& random) {
  auto sealed = seal_key_table(table, master, store.cluster_id(), random);
  if (!sealed) return sealed.error();
  const json object = {
      {"metadata", {{"name", table_name}, {"creationTimestamp", schema::format_time(store.now())}}},
      {"table", schema::encode_base64(*sealed)}};
  const schema::write_cause cause{.actor = "keys",
                                  .verb = "update",
                                  .request_id = {},
                                  .reacted_to = {},
                                  .note = fmt::format("version {} of the cluster's keys", table.version)};
  storage::object_change change{key_table_key(), {}, {}};
  if (over == revision{})
    change.require.must_be_absent = true;
  else
    change.require.at = over;
  change.what = storage::put_value{schema::encode_object(table_row(), object, cause)};
  storage::transaction write;
  write.changes.push_back(std::move(change));
  return storage::propose_and_wait(store, std::move(write));
}

struct stored_table {
  std::string sealed; ///< empty: there is none
  revision at;
};

stored_table read_table(const storage::snapshot& reads) {
  const std::string_view bytes = reads.get(key_table_key());
  if (bytes.empty()) return {};
  const auto view = schema::object_view::open(bytes);
  if (!view) return {};
  const json object = json::parse(view->text(), nullptr, false);
  if (!object.is_object() || !object.value("table", json()).is_string()) return {};
  std::size_t wrong_at = 0;
  return {schema::decode_base64(object["table"].get<std::string>(), wrong_at).value_or(std::string()),
          view->at()};
}

result<std::string> open_master_key(const std::filesystem::path& directory, bool may_make,
                                    random_source& random) {
  auto stored = net::read_secret_file(directory / master_file);
  if (!stored) return stored.error();
  if (*stored) return **std::move(stored);
  if (!may_make)
    return in_directory(directory,
                        "master.key is missing, without which the cluster's keys in the store cannot be "
                        "read; put it back from a backup or from another server");
  std::string made = new_master_key(random);
  if (auto written = net::write_secret_file(directory / master_file, made); !written) return written.error();
  return made;
}

} // namespace

object_key key_table_key() { return {table_resource, {}, table_name}; }

std::string read_sealed_table(const storage::snapshot& reads) { return read_table(reads).sealed; }

result<key_files> read_key_files(const std::filesystem::path& directory) {
  key_files files;
  for (const std::string& name : shared_key_files()) {
    auto content = net::read_secret_file(directory / name);
    if (!content) return content.error();
    if (*content) files.emplace(name, **std::move(content));
  }
  return files;
}

namespace {

/// Whoever begins to lead, renews certificates or changes keys does so alone: all write the same files.
std::mutex& one_at_a_time() {
  static std::mutex mutex;
  return mutex;
}

result<bool> settle_alone(storage::store& store, const std::filesystem::path& directory, bool leads,
                          random_source& random) {
  const stored_table stored = read_table(*store.read());
  if (stored.sealed.empty() && !leads) return false;
  const auto master = open_master_key(directory, stored.sealed.empty(), random);
  if (!master) return master.error();
  key_table cluster;
  if (!stored.sealed.empty()) {
    auto opened = open_key_table(stored.sealed, *master, store.cluster_id());
    if (!opened) return in_directory(directory, "with master.key " + opened.error().message);
    cluster = *std::move(opened);
  }
  const auto here = read_key_files(directory);
  if (!here) return here.error();
  const auto version = read_version(directory);
  if (!version) return version.error();
  const key_plan plan = plan_keys(*here, *version, cluster, leads);
  for (const std::string& name : plan.overruled)
    spdlog::warn(
        "{}/{} was changed here and gets the cluster's content again: change keys on the server that leads",
        directory.string(), name);
  if (!plan.write.empty() || !plan.remove.empty() || *version != cluster.version)
    if (auto written = write_files(directory, plan, cluster.version); !written) return written.error();
  const bool changed = !plan.write.empty() || !plan.remove.empty();
  if (!plan.publish) return changed;
  key_table next{.version = cluster.version + 1, .files = *here};
  next.files.insert(plan.write.begin(), plan.write.end());
  if (auto done = store_table(store, next, *master, stored.at, random); !done) return done.error();
  if (auto noted = net::write_secret_file(directory / version_file, std::to_string(next.version)); !noted)
    return noted.error();
  return changed;
}

} // namespace

result<bool> settle_keys(storage::store& store, const std::filesystem::path& directory, bool leads,
                         random_source& random) {
  const std::scoped_lock hold(one_at_a_time());
  return settle_alone(store, directory, leads, random);
}

result<bool> restore_keys(storage::store& store, const std::filesystem::path& directory,
                          random_source& random) {
  const bool has_table = !read_sealed_table(*store.read()).empty();
  return settle_keys(store, directory, has_table && store.status().leading, random);
}

result<key_handover> hand_over_keys(const storage::store& store, const std::filesystem::path& directory) {
  auto master = net::read_secret_file(directory / master_file);
  if (!master) return master.error();
  std::string sealed = read_sealed_table(*store.read());
  if (!*master || sealed.empty())
    return error{.kind = error_kind::unavailable,
                 .message = "this server has no key table to hand over yet: try again",
                 .retry_after_s = 1};
  return key_handover{.master_key = **std::move(master), .sealed_table = std::move(sealed)};
}

result<void> receive_keys(const std::filesystem::path& directory, const key_handover& handed,
                          std::string_view cluster) {
  const auto table = open_key_table(handed.sealed_table, handed.master_key, cluster);
  if (!table) return table.error();
  if (auto written = net::write_secret_file(directory / master_file, handed.master_key); !written)
    return written;
  return write_files(directory, {.write = table->files}, table->version);
}

result<std::optional<std::string>> read_master_key(const std::filesystem::path& directory) {
  return net::read_secret_file(directory / master_file);
}

result<void> adopt_keys(storage::store& store, const std::filesystem::path& directory,
                        const std::string& master_key, std::string_view from, random_source& random) {
  const stored_table stored = read_table(*store.read());
  if (stored.sealed.empty())
    return error{.kind = error_kind::not_found, .message = "the snapshot holds no keys of a cluster"};
  auto table = open_key_table(stored.sealed, master_key, from);
  if (!table) return table.error();
  ++table->version;
  if (auto written = net::write_secret_file(directory / master_file, master_key); !written) return written;
  if (auto written = write_files(directory, {.write = table->files}, table->version); !written)
    return written;
  return store_table(store, *table, master_key, stored.at, random);
}

result<void> change_keys(storage::store& store, const std::filesystem::path& directory,
                         const key_files& files, random_source& random) {
  const std::scoped_lock hold(one_at_a_time());
  const auto settled = settle_alone(store, directory, true, random);
  if (!settled) return settled.error();
  const stored_table stored = read_table(*store.read());
  const auto master = open_master_key(directory, false, random);
  if (!master) return master.error();
  auto table = open_key_table(stored.sealed, *master, store.cluster_id());
  if (!table) return table.error();
  key_plan plan;
  for (const auto& [name, content] : files) {
    table->files.erase(name);
    if (content.empty())
      plan.remove.push_back(name);
    else
      table->files.emplace(name, content);
    if (!content.empty()) plan.write.emplace(name, content);
  }
  ++table->version;
  if (auto done = store_table(store, *table, *master, stored.at, random); !done) return done.error();
  return write_files(directory, plan, table->version);
}

} // namespace actord::actors
