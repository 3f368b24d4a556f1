#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace actord::storage {

/// What the store needs to know of a value to index it. Views the value's bytes.
struct value_facts {
  std::string_view uid;
  revision at;
  std::vector<std::pair<std::string_view, std::string_view>> labels;
  std::vector<std::string> owner_uids;
  std::string_view node;
  wall_time deadline{}; ///< zero for none
};

/// How values are read, stamped and protected: the store's only knowledge of what it stores. Stateless, any
/// thread.
class value_codec {
public:
  virtual ~value_codec() = default;
  [[nodiscard]] virtual result<value_facts> facts(std::string_view value) const = 0;
  [[nodiscard]] virtual revision revision_of(std::string_view value) const = 0;
  [[nodiscard]] virtual std::string_view uid_of(std::string_view value) const = 0;
  [[nodiscard]] virtual object_key key_of(std::string_view value) const = 0;
  /// Writes the revision into the bytes in place; their length never changes.
  virtual void stamp(std::string& value, revision at) const = 0;
  /// Encrypts what must not lie in the clear; called once, on the stamped value, by the proposer that seals
  /// it. True when the bytes changed; their facts never do.
  [[nodiscard]] virtual result<bool> protect(std::string& value) const {
    static_cast<void>(value);
    return false;
  }
};

/// Stored objects: schema/object/stored_object.hpp.
const value_codec& stored_object_codec();

} // namespace actord::storage
