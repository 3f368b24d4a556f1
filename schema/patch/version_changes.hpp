#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/patch/field_manager.hpp"
#include "schema/patch/field_set.hpp"

#include <map>
#include <string>
#include <string_view>

namespace actord::schema {

/// What one write changed, as the versions other than the writer's see it. Internal to schema/patch. Must not
/// outlive the objects.
class version_changes {
public:
  version_changes(const field_writer& writer, const json& before, const json& after)
      : writer_(writer), before_(before), after_(after) {}

  struct changes {
    bool gone = false; ///< there is no such version any more: whoever owned fields there owns nothing
    field_set touched;
    field_set removed;
  };
  /// Whether fields tracked in that version have to be looked up here.
  [[nodiscard]] bool is_other(std::string_view api_version) const {
    return writer_.versions != nullptr && api_version != writer_.api_version;
  }
  const changes& in(std::string_view api_version);

private:
  const field_writer& writer_;
  const json& before_;
  const json& after_;
  std::map<std::string, changes, std::less<>> seen_;
};

/// An object of the writer's kind on its way through versions. Internal to schema/patch.
struct object_in_version {
  std::string api_version;
  const object_type* type;
  json object;

  /// The same in another version. False: it cannot be had.
  bool turn_into(object_versions& versions, std::string_view wanted);
};

} // namespace actord::schema
