#include "actors/api/forms/protobuf_forms.hpp"

#include "actors/api/forms/object_forms.hpp"
#include "schema/base/prefetch.hpp"
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
constexpr std::size_t told_apart_bytes = 256;     ///< what of a stored object says which message is its own

/// Of the process: what a message says depends on nothing but what its key names.
protobuf_messages& messages() {
  static protobuf_messages kept(kept_bytes);
  return kept;
}

/// Of the envelope's root struct, whose data the frame describes: its third text. Read where it lies, without
/// opening the envelope; empty when it lies somewhere unusual (schema/storage.capnp; the encoding of pointers
/// to lists is Cap'n Proto's).
std::string_view uid_in(std::string_view stored) {
  constexpr std::size_t word = 8;
  constexpr std::size_t uid_pointer = 2;
  constexpr std::uint32_t list_of_bytes = 2;
  namespace frame = schema::frame;
  const std::size_t data_words = frame::read_u16(stored, frame::revision_at - 4);
  const std::size_t pointers = frame::read_u16(stored, frame::revision_at - 2);
  const std::size_t at = frame::revision_at + (data_words + uid_pointer) * word;
  const std::size_t end = frame::head_bytes + frame::read_u32(stored, 0);
  if (pointers <= uid_pointer || at + word > end) return {};
  const std::uint32_t place = frame::read_u32(stored, at);
  const std::uint32_t size = frame::read_u32(stored, at + 4);
  if ((place & 3U) != 1 || (size & 7U) != list_of_bytes) return {};
  const std::size_t begin =
      at + word + std::size_t{place >> 2U} * word; // of what is written later: never before
  const std::size_t count = size >> 3U;
  if (begin > end || count > end - begin) return {};
  return stored.substr(begin, count);
}

/// What tells objects of the same revision apart, which are of different clusters.
std::uint64_t identity_of(std::string_view stored) {
  const std::string_view uid = uid_in(stored);
  return std::hash<std::string_view>()(uid.size() > 1 ? uid : *schema::frame::envelope_of(stored));
}

result<shared_bytes> made_message(const schema::resource_type& type, std::string_view stored) {
  std::string text;
  if (auto appended = schema::append_stored(text, stored, type, false); !appended) return appended.error();
  return share_bytes(schema::protobuf_message(*type.type, text));
}

} // namespace

std::size_t protobuf_messages::version_hash::operator()(const version& of) const noexcept {
  return (of.revision * 0x9e3779b97f4a7c15ULL) ^ of.identity ^ of.shown_as;
}

result<shared_bytes> protobuf_messages::message_of(const schema::resource_type& type,
                                                   std::string_view stored) {
  const auto facts = schema::frame::text_facts_of(stored);
  // What lies encrypted in the store is not left in memory; without a revision it is no version.
  if (!facts || facts->key_id != 0 || facts->revision == 0) return made_message(type, stored);
  const version of{facts->revision, identity_of(stored), type.schema_hash, type.id.value};
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

result<void> protobuf_objects_in_pieces(const schema::resource_type& type,
                                        std::span<const std::string_view> items,
                                        const list_metadata& metadata, std::size_t full_bytes,
                                        const std::function<void(std::string piece)>& take) {
  std::vector<shared_bytes> parts;
  parts.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i + objects_prefetched < items.size())
      prefetch(items[i + objects_prefetched].substr(0, told_apart_bytes));
    auto message = messages().message_of(type, items[i]);
    if (!message) return message.error();
    parts.push_back(std::move(*message));
  }
  schema::protobuf_list(type.api_version(), std::string(type.kind) + "List",
                        {std::to_string(metadata.at.value), metadata.continue_token, metadata.remaining},
                        parts, full_bytes, take);
  return {};
}

result<std::string> protobuf_objects(const schema::resource_type& type,
                                     std::span<const std::string_view> items, const list_metadata& metadata) {
  std::string whole;
  auto written = protobuf_objects_in_pieces(type, items, metadata, 0,
                                            [&whole](std::string all) { whole = std::move(all); });
  if (!written) return written.error();
  return whole;
}

} // namespace actord::actors
