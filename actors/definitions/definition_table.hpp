#pragma once

#include "schema/custom/definition.hpp"
#include "schema/object/stored_object.hpp"
#include "storage/store.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace actord::actors {

/// Keeps the rows of custom kinds in step with the definitions in the store. One per process: the rows it
/// publishes are the process's (schema/tables/custom_rows.hpp). Not for several threads at once.
class definition_table {
public:
  definition_table() = default;
  /// Nothing custom is known any more.
  ~definition_table();
  definition_table(const definition_table&) = delete;
  definition_table& operator=(const definition_table&) = delete;

  /// Publishes the rows as of that state. A definition that did not change keeps its rows; one that changed
  /// keeps the ids of its versions.
  void follow(const storage::snapshot& now);

private:
  struct entry {
    revision at; ///< of the object that was looked at last
    std::shared_ptr<const schema::custom::definition> compiled;
  };

  /// Null when there are no ids left for its versions.
  std::shared_ptr<const schema::custom::definition> compile(const schema::object_view& object,
                                                            resource_id number, const entry* before);
  std::optional<std::vector<resource_id>> ids_for(const json& object, const entry* before);
  std::optional<resource_id> take_id();
  void publish();

  std::map<std::string, entry, std::less<>> entries_;
  std::map<resource_id, std::string> used_ids_; ///< by which definition
  std::uint16_t next_id_ = 0;
  std::uint64_t generation_ = 0;
};

} // namespace actord::actors
