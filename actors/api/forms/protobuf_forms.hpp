#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

/// Stored objects in protobuf, which client-go's typed clients ask for. What is stored is JSON, and turning
/// it into a message costs several times what sending it does: what was made is kept for who asks next.

namespace actord::schema {
struct resource_type;
}

namespace actord::actors {

struct list_metadata;

/// Messages by the version of the object they show. Bounded: each shard has two generations, of which the
/// older is dropped when the younger is full, so what is in use stays. Any thread.
class protobuf_messages {
public:
  explicit protobuf_messages(std::size_t limit_bytes) : half_bytes_(limit_bytes / 2 / shard_count) {}

  /// The message of stored bytes, as `type` shows them. Bytes that are no object are an `internal` error.
  result<shared_bytes> message_of(const schema::resource_type& type, std::string_view stored);

private:
  static constexpr std::size_t shard_count = 16;
  /// A revision is given once in the life of a cluster; the object's uid tells clusters apart.
  struct version {
    std::uint64_t revision = 0;
    std::uint64_t identity = 0;    ///< hash of the uid
    std::uint64_t schema_hash = 0; ///< of the type it is shown as
    std::uint16_t shown_as = 0;

    bool operator==(const version&) const = default;
  };
  struct version_hash {
    std::size_t operator()(const version& of) const noexcept;
  };
  using generation = std::unordered_map<version, shared_bytes, version_hash>;
  struct shard {
    std::mutex mutex;
    generation young;
    generation old;
    std::size_t young_bytes = 0;
  };

  void keep(shard& home, const version& of, const shared_bytes& message) const;

  const std::size_t half_bytes_;
  std::array<shard, shard_count> shards_;
};

/// Only for what was read from the store: what a write would have done (dryRun) has the revision of what is
/// there.
///
/// The body that shows one object.
result<std::string> protobuf_object(const schema::resource_type& type, std::string_view stored);
/// The body of a list of built-in objects.
result<std::string> protobuf_objects(const schema::resource_type& type,
                                     std::span<const std::string_view> items, const list_metadata& metadata);
/// The same in pieces that are full from `full_bytes` on; on an error none was made.
result<void> protobuf_objects_in_pieces(const schema::resource_type& type,
                                        std::span<const std::string_view> items,
                                        const list_metadata& metadata, std::size_t full_bytes,
                                        const std::function<void(std::string piece)>& take);

} // namespace actord::actors
