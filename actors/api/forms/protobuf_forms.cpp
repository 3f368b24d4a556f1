#include "actors/api/forms/protobuf_forms.hpp"

#include "actors/api/forms/object_forms.hpp"
#include "schema/codec/protobuf.hpp"
#include "schema/object/append_stored.hpp"
#include "schema/object/frame.hpp"
#include "schema/tables/resource_table.hpp"

#include <utility>
#include <vector>

namespace actord::actors {
namespace {

constexpr std::size_t kept_bytes = std::size_t{32} << 20U;
constexpr std::size_t entry_overhead_bytes = 200; ///< key, table, handle

/// Of the process: what a message says depends on nothing but what its key names.
protobuf_messages& messages() {
  static protobuf_messages kept(kept_bytes);
  return kept;
}

result<shared_bytes> made_message(const schema::resource_type& type, std::string_view stored) {
  std::string text;
  if (auto appended = schema::append_stored(text, stored, type, false); !appended) return appended.error();
  return share_bytes(schema::protobuf_message(*type.type, text));
}

} // namespace

std::size_t protobuf_messages::version_hash::operator()(const version& of) const noexcept {
  return (of.revision * 0x9e3779b97f4a7c15ULL) ^ of.envelope_hash ^ of.shown_as;
}

result<shared_bytes> protobuf_messages::message_of(const schema::resource_type& type,
                                                   std::string_view stored) {
  const auto facts = schema::frame::text_facts_of(stored);
  // What lies encrypted in the store is not left in memory; without a revision it is no version.
  if (!facts || facts->key_id != 0 || facts->revision == 0) return made_message(type, stored);
  const version of{facts->revision, std::hash<std::string_view>()(*schema::frame::envelope_of(stored)),
                   type.schema_hash, type.id.value};
  shard& home = shards_[version_hash()(of) % shard_count];
  {
    const std::scoped_lock lock(home.mutex);
    if (const auto found = home.young.find(of); found != home.young.end()) return found->second;
    if (const auto found = home.old.find(of); found != home.old.end()) {
      shared_bytes message = found->second;
      keep(home, of, message);
      return message;
    }
  }
  auto message = made_message(type, stored);
  if (!message) return message;
  const std::scoped_lock lock(home.mutex);
  keep(home, of, *message);
  return message;
}

void protobuf_messages::keep(shard& home, const version& of, const shared_bytes& message) const {
  if (home.young_bytes >= half_bytes_) {
    home.old = std::exchange(home.young, {});
    home.young_bytes = 0;
  }
  home.young_bytes += message->size() + entry_overhead_bytes;
  home.young.insert_or_assign(of, message);
}

result<std::string> protobuf_object(const schema::resource_type& type, std::string_view stored) {
  const auto message = messages().message_of(type, stored);
  if (!message) return message.error();
  return schema::protobuf_envelope(type.api_version(), type.kind, **message);
}

result<std::string> protobuf_objects(const schema::resource_type& type,
                                     std::span<const std::string_view> items, const list_metadata& metadata) {
  std::vector<shared_bytes> parts;
  parts.reserve(items.size());
  for (const std::string_view item : items) {
    auto message = messages().message_of(type, item);
    if (!message) return message.error();
    parts.push_back(std::move(*message));
  }
  return schema::protobuf_list(
      type.api_version(), std::string(type.kind) + "List",
      {std::to_string(metadata.at.value), metadata.continue_token, metadata.remaining}, parts);
}

} // namespace actord::actors
