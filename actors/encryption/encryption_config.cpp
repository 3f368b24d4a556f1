#include "actors/encryption/encryption_config.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/base64.hpp"
#include "schema/codec/decode.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <optional>

namespace actord::actors {
namespace {

constexpr std::size_t keys_max = 64;
constexpr std::size_t text_max_bytes = 1U << 20U;

using schema::key_ring;
using schema::text_key_id;

/// "secrets", "deployments.apps", "*." (the core group), "*.apps", "*.*".
struct resource_pattern {
  std::string plural;
  std::optional<std::string> group; ///< none: every group

  [[nodiscard]] bool matches(const schema::resource_type& type) const {
    return (plural == "*" || plural == type.plural) && (!group || *group == type.group);
  }
};

struct encryption_rule {
  std::vector<resource_pattern> resources;
  text_key_id writes; ///< 0: in the clear
};

/// Reads one document, remembering the first thing that is wrong with it.
class config_reader {
public:
  explicit config_reader(std::string file) : file_(std::move(file)) {}

  void read(const json& document) {
    if (!document.is_object() || document.value("kind", json()) != "EncryptionConfiguration" ||
        document.value("apiVersion", json()) != "apiserver.config.k8s.io/v1")
      return wrong("", "must be an EncryptionConfiguration of apiserver.config.k8s.io/v1");
    only(document, "", {"kind", "apiVersion", "resources"});
    const json entries = document.value("resources", json());
    if (!entries.is_array() || entries.empty()) return wrong("resources", "must list at least one entry");
    for (std::size_t at = 0; at < entries.size(); ++at)
      read_entry(entries[at], fmt::format("resources[{}]", at));
  }

  std::string file_;
  std::vector<key_ring::entry> keys;
  std::vector<encryption_rule> rules;
  std::optional<error> failure;

private:
  void wrong(const std::string& where, const std::string& what) {
    if (failure) return;
    failure = error{error_kind::bad_request,
                    fmt::format("{}: {}{}{}", file_, where, where.empty() ? "" : ": ", what)};
  }

  void only(const json& object, const std::string& where, std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : object.items())
      if (std::ranges::find(known, name) == known.end())
        wrong(where, fmt::format("unknown field \"{}\"", name));
  }

  void read_entry(const json& entry, const std::string& where) {
    if (!entry.is_object()) return wrong(where, "must be an object");
    only(entry, where, {"resources", "providers"});
    encryption_rule rule;
    const json resources = entry.value("resources", json());
    if (!resources.is_array() || resources.empty())
      return wrong(where + ".resources", "must name at least one resource");
    for (const json& name : resources) read_pattern(name, where + ".resources", rule);
    const json providers = entry.value("providers", json());
    if (!providers.is_array() || providers.empty())
      return wrong(where + ".providers", "must list at least one provider");
    for (std::size_t at = 0; at < providers.size(); ++at) {
      const text_key_id id = read_provider(providers[at], fmt::format("{}.providers[{}]", where, at));
      if (at == 0) rule.writes = id;
    }
    rules.push_back(std::move(rule));
  }

  void read_pattern(const json& name, const std::string& where, encryption_rule& rule) {
    if (!name.is_string()) return wrong(where, "must be texts");
    const auto& text = name.get_ref<const std::string&>();
    const std::size_t dot = text.find('.');
    resource_pattern pattern{text.substr(0, dot), dot == std::string::npos ? "" : text.substr(dot + 1)};
    if (pattern.plural == "*" && dot == std::string::npos)
      return wrong(where, "\"*\" is not a resource; \"*.*\" are all, \"*.\" those of the core group");
    if (pattern.group == "*") pattern.group.reset();
    const bool known = std::ranges::any_of(
        schema::resource_table(), [&](const schema::resource_type& type) { return pattern.matches(type); });
    if (!known)
      return wrong(where,
                   fmt::format("\"{}\" is no resource of this server (resources of custom definitions are "
                               "encrypted by \"*.*\")",
                               text));
    rule.resources.push_back(std::move(pattern));
  }

  /// The key that the provider writes with.
  text_key_id read_provider(const json& provider, const std::string& where) {
    if (!provider.is_object() || provider.size() != 1) {
      wrong(where, "must be one provider");
      return {};
    }
    const std::string name = provider.begin().key();
    if (name == "identity") return {};
    if (name != "aesgcm") {
      wrong(where, fmt::format("provider \"{}\" is not served here; there are aesgcm and identity", name));
      return {};
    }
    const json keys_of = provider["aesgcm"].is_object() ? provider["aesgcm"].value("keys", json()) : json();
    if (!keys_of.is_array() || keys_of.empty()) wrong(where + ".aesgcm.keys", "must list at least one key");
    text_key_id first;
    for (std::size_t at = 0; keys_of.is_array() && at < keys_of.size(); ++at) {
      const text_key_id id = read_key(keys_of[at], fmt::format("{}.aesgcm.keys[{}]", where, at));
      if (at == 0) first = id;
    }
    return first;
  }

  text_key_id read_key(const json& key, const std::string& where) {
    const std::string name =
        key.is_object() && key.contains("name") && key["name"].is_string() ? key["name"] : "";
    if (name.empty()) {
      wrong(where + ".name", "a key needs a name");
      return {};
    }
    std::size_t wrong_at = 0;
    const auto bytes = key.contains("secret") && key["secret"].is_string()
                           ? schema::decode_base64(key["secret"].get_ref<const std::string&>(), wrong_at)
                           : std::nullopt;
    if (!bytes || bytes->size() != sizeof(schema::cipher_key)) {
      wrong(where + ".secret", "must be 32 bytes in base64 (head -c 32 /dev/urandom | base64)");
      return {};
    }
    key_ring::entry entry{{}, name, {}};
    std::memcpy(entry.key.data(), bytes->data(), entry.key.size());
    entry.id = schema::id_of_key(entry.key);
    const auto same = std::ranges::find(keys, entry.id, &key_ring::entry::id);
    if (same != keys.end() && same->key != entry.key)
      wrong(where, fmt::format("has the same id as key \"{}\"; make another", same->name));
    if (keys.size() >= keys_max) wrong(where, "is one key too many");
    if (same == keys.end()) keys.push_back(entry);
    return entry.id;
  }
};

/// The answer for every built-in resource, worked out once. Resources that are defined at run time have no
/// row here and fall under "*.*" only.
class key_choice {
public:
  explicit key_choice(const std::vector<encryption_rule>& rules) {
    for (const schema::resource_type& type : schema::resource_table()) {
      if (by_id_.size() <= type.id.value) by_id_.resize(type.id.value + std::size_t{1});
      by_id_[type.id.value] =
          first_of(rules, [&](const resource_pattern& each) { return each.matches(type); });
    }
    others_ = first_of(rules, [](const resource_pattern& each) { return each.plural == "*" && !each.group; });
  }
  text_key_id operator()(resource_id resource) const {
    return resource.value < by_id_.size() ? by_id_[resource.value] : others_;
  }

private:
  template <class Matches>
  static text_key_id first_of(const std::vector<encryption_rule>& rules, const Matches& matches) {
    for (const encryption_rule& rule : rules)
      if (std::ranges::any_of(rule.resources, matches)) return rule.writes;
    return {};
  }

  std::vector<text_key_id> by_id_;
  text_key_id others_;
};

} // namespace

result<std::shared_ptr<const key_ring>> parse_encryption_config(std::string_view text,
                                                                const std::string& file) {
  if (text.size() > text_max_bytes) return error{error_kind::bad_request, file + ": is too large"};
  const auto as_json = schema::yaml_to_json(text);
  if (!as_json) return error{error_kind::bad_request, file + ": " + as_json.error().message};
  config_reader reader(file);
  reader.read(json::parse(*as_json, nullptr, false));
  if (reader.failure) return *reader.failure;
  return std::make_shared<const key_ring>(std::move(reader.keys), key_choice(reader.rules), file);
}

std::string new_encryption_config(random_source& random, std::string_view key_name) {
  std::string bytes;
  while (bytes.size() < sizeof(schema::cipher_key)) {
    const std::uint64_t number = random.next();
    bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  return fmt::format(
      "# Keys that stored objects are encrypted with. Whoever has this file and the store can read them; "
      "without\n"
      "# it nobody can: keep a copy in a safe place. docs/operations.md says how to change keys.\n"
      "apiVersion: apiserver.config.k8s.io/v1\n"
      "kind: EncryptionConfiguration\n"
      "resources:\n"
      "  - resources:\n"
      "      - secrets\n"
      "    providers:\n"
      "      - aesgcm:\n"
      "          keys:\n"
      "            - name: {}\n"
      "              secret: {}\n"
      "      - identity: {{}}\n",
      key_name, schema::encode_base64(bytes));
}

} // namespace actord::actors
