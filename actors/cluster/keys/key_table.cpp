#include "actors/cluster/keys/key_table.hpp"

#include "schema/base/json.hpp"
#include "schema/crypt/key_derivation.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr std::string_view magic = "AKT1";
constexpr std::string_view purpose = "actord key table";
constexpr std::size_t sealed_bytes_max = 1U << 20U;

result<schema::cipher_key> key_of(std::string_view master_key, std::string_view cluster) {
  if (master_key.size() != master_key_bytes)
    return error{.kind = error_kind::bad_request,
                 .message = fmt::format("a master key has {} bytes, this one {}", master_key_bytes,
                                        master_key.size())};
  return schema::derive_cipher_key(master_key, cluster, purpose);
}

error damaged() {
  return {.kind = error_kind::internal,
          .message =
              "the cluster's key table does not open: it was sealed with another master key or for another "
              "cluster, or is damaged"};
}

} // namespace

const std::vector<std::string>& shared_key_files() {
  static const std::vector<std::string> names{
      "admin.token",     "ca-next.crt",        "ca-next.key",        "ca-previous.crt", "ca.crt", "ca.key",
      "encryption.yaml", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.key",          "sa.pub"};
  return names;
}

std::string new_master_key(random_source& random) {
  std::string key;
  while (key.size() < master_key_bytes) {
    const std::uint64_t number = random.next();
    for (unsigned shift = 0; shift < 64; shift += 8) key += static_cast<char>(number >> shift & 0xffU);
  }
  return key;
}

result<std::string> seal_key_table(const key_table& table, std::string_view master_key,
                                   std::string_view cluster, random_source& random) {
  const auto key = key_of(master_key, cluster);
  if (!key) return key.error();
  const json plain = {{"version", table.version}, {"files", table.files}};
  auto sealed = schema::seal_text(*key, plain.dump(), cluster, random);
  if (!sealed) return sealed.error();
  return std::string(magic) + *sealed;
}

result<key_table> open_key_table(std::string_view sealed, std::string_view master_key,
                                 std::string_view cluster) {
  if (!sealed.starts_with(magic) || sealed.size() > sealed_bytes_max) return damaged();
  const auto key = key_of(master_key, cluster);
  if (!key) return key.error();
  const auto plain = schema::open_text(*key, sealed.substr(magic.size()), cluster);
  if (!plain) return damaged();
  const json document = json::parse(*plain, nullptr, false);
  if (!document.is_object() || !document.value("version", json()).is_number_unsigned() ||
      !document.value("files", json()).is_object())
    return damaged();
  key_table table;
  table.version = document["version"].get<std::uint64_t>();
  for (const auto& [name, content] : document["files"].items()) {
    // Names come from a file of this program's own making, but they become paths.
    if (!content.is_string() || !std::ranges::binary_search(shared_key_files(), name)) continue;
    table.files.emplace(name, content.get<std::string>());
  }
  return table;
}

key_plan plan_keys(const key_files& here, std::uint64_t version, const key_table& cluster, bool leads) {
  key_plan plan;
  if (cluster.version == 0) {
    plan.publish = leads;
    return plan;
  }
  // Files that are as old as the table, and differ, were changed here.
  const bool same_age = version == cluster.version;
  for (const auto& [name, content] : cluster.files) {
    const auto own = here.find(name);
    if (own != here.end() && own->second == content) continue;
    const bool edited = same_age && own != here.end();
    if (edited && leads) {
      plan.publish = true;
      continue;
    }
    if (edited) plan.overruled.push_back(name);
    // What is missing was lost, not taken out: a server cannot do without its keys.
    plan.write.emplace(name, content);
  }
  for (const auto& [name, content] : here) {
    if (cluster.files.contains(name)) continue;
    if (same_age && leads)
      plan.publish = true;
    else
      plan.remove.push_back(name);
  }
  return plan;
}

} // namespace actord::actors
