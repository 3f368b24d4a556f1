#pragma once

#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"
#include "schema/crypt/key_ring.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace actord::storage {
class snapshot;
} // namespace actord::storage

namespace actord::actors {

/// Where the cluster writes down which keys its stored bytes need: a ConfigMap, readable by people and
/// replicated like everything. It holds ids, no keys; without it everything is looked through.
inline constexpr const char* key_record_space = "kube-system";
inline constexpr const char* key_record_name = "actord-encryption";

/// What the record says.
struct key_record {
  std::vector<schema::text_key_id> needed; ///< by objects or by history; sorted
  std::string policy;                      ///< of the ring that objects were last rewritten for
  revision rewritten;                      ///< every object had its current key at this revision; 0: not yet

  bool operator==(const key_record&) const = default;
};

/// Stands for what a ring encrypts with which key.
std::string policy_of(const schema::key_ring& ring);
/// The keys a ring encrypts with.
std::vector<schema::text_key_id> current_keys(const schema::key_ring& ring);

/// None when there is no record, or none that makes sense. An error when it is itself encrypted and does not
/// open.
result<std::optional<key_record>> read_key_record(const storage::snapshot& reads);
/// The record as ConfigMap data, with what it means in words.
std::map<std::string, std::string> record_data(const key_record& record, const schema::key_ring& ring);

/// An object whose text is not encrypted as it would be if it were written now.
struct outdated_object {
  object_key key;
  revision at;
};
/// Up to `limit` of them, over all built-in resources.
std::vector<outdated_object> outdated_objects(const storage::snapshot& reads, const schema::key_ring& ring,
                                              std::size_t limit);
/// How often each key occurs, over all built-in resources, and the first object that has it.
struct key_use {
  std::size_t objects = 0;
  std::string first;
};
std::map<schema::text_key_id, key_use> keys_in_use(const storage::snapshot& reads);

/// Refuses to go on when something stored could not be read. `record` spares the look at every object.
result<void> check_stored_keys(const storage::snapshot& reads, const std::optional<key_record>& record,
                               const schema::key_ring& ring, bool file_is_new);

} // namespace actord::actors
