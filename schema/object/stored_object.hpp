#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// The form in which an object lies in the store, travels in the log and reaches every watcher.
/// schema/storage.capnp is its specification.

namespace actord::schema {

struct resource_type;

/// Why a revision exists; `actctl why` walks these back to a person.
struct write_cause {
  std::string actor;
  std::string verb;
  std::string request_id;
  revision reacted_to;
  std::string note;
};

struct owner_reference {
  std::string uid;
  resource_id resource; ///< unknown_resource when the owner's kind is not served here
  std::string name;
  bool controller = false;
  bool blocks_deletion = false;

  bool operator==(const owner_reference&) const = default;
};

inline constexpr resource_id unknown_resource{0xffff};

/// A read-only look at stored bytes. Views the bytes it was given: they must outlive it and what it returns.
/// A text that was encrypted lives in the view itself. Cheap to construct (no parsing beyond the envelope's
/// header), cheap to move, not to copy.
class object_view {
public:
  /// Checks the frame and decrypts the text where it must; bytes that are not a stored object (a damaged
  /// page) or a text that does not decrypt are an `internal` error.
  static result<object_view> open(std::string_view bytes);
  /// The same without its text, where only the envelope is asked: needs no key. `text` must not be called.
  static result<object_view> open_envelope(std::string_view bytes);

  object_view(object_view&&) noexcept;
  object_view& operator=(object_view&&) noexcept;
  ~object_view();

  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  /// Canonical JSON without kind, apiVersion and resourceVersion.
  [[nodiscard]] std::string_view text() const;

  [[nodiscard]] revision at() const;
  [[nodiscard]] resource_id resource() const;
  [[nodiscard]] std::string_view space() const;
  [[nodiscard]] std::string_view name() const;
  [[nodiscard]] std::string_view uid() const;
  [[nodiscard]] object_key key() const;

  [[nodiscard]] std::string_view label(std::string_view key, bool& found) const;
  [[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> labels() const;
  /// Value of a selectable field; metadata.name and metadata.namespace included. Empty when the kind has
  /// none.
  [[nodiscard]] std::string_view selectable(std::string_view path) const;
  [[nodiscard]] std::vector<owner_reference> owners() const;
  /// uid of the owner with controller=true, else empty.
  [[nodiscard]] std::string_view controller_uid() const;

  [[nodiscard]] std::uint16_t finalizer_count() const;
  [[nodiscard]] bool being_deleted() const;
  [[nodiscard]] wall_time deletion_time() const;
  [[nodiscard]] wall_time creation_time() const;
  /// Zero for none.
  [[nodiscard]] wall_time deadline() const;
  [[nodiscard]] std::int64_t generation() const;

  [[nodiscard]] std::string_view pod_phase() const;
  [[nodiscard]] bool pod_ready() const;
  [[nodiscard]] std::string_view pod_address() const;
  [[nodiscard]] std::string_view node_name() const;

  [[nodiscard]] std::uint64_t schema_hash() const;
  /// Of the key the text is encrypted with where it lies; 0 for plain text (schema/crypt/key_ring.hpp).
  [[nodiscard]] std::uint32_t key_id() const;
  [[nodiscard]] write_cause cause() const;

  /// Appends the object as one JSON value with resourceVersion spliced in (none while the revision is 0).
  /// `api_version` and `kind` come first unless `kind` is empty (items of built-in lists omit both).
  void append_json(std::string& out, std::string_view api_version, std::string_view kind) const;
  /// The same for whatever `type` shows it as: copied when that is how it is stored and its schema is
  /// today's, else through the engine. Without kind and apiVersion for items of built-in lists.
  void append_as(std::string& out, const resource_type& type, bool with_kind) const;
  /// The object as a tree, resourceVersion, kind and apiVersion included, in the version of `type`.
  [[nodiscard]] json to_json(const resource_type& type) const;

private:
  struct state;
  explicit object_view(std::string_view bytes);
  [[nodiscard]] std::string_view custom_selectable(std::string_view path) const;

  std::string_view bytes_;
  std::unique_ptr<state> state_;
};

/// Encodes a complete, valid object of `type`, in the version in which it is stored (type.stored_as). kind,
/// apiVersion and metadata.resourceVersion of `object` are left out. The revision is 0 until
/// `stamp_revision`.
std::string encode_object(const resource_type& type, const json& object, const write_cause& cause);

/// Writes the revision into encoded bytes in place: the one change the proposer makes.
void stamp_revision(std::string& bytes, revision at);

} // namespace actord::schema
