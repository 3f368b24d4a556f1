#pragma once

#include "schema/tables/custom_rows.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

/// What is served at one moment. Only for sources of schema/discovery.

namespace actord::schema::discovery {

/// Views the rows it was made from; `custom` keeps those of custom kinds.
struct served_group {
  std::string_view name; ///< empty for the core group, which is the first
  std::string_view preferred;
  std::vector<std::string_view> versions; ///< best first
};

struct served_state {
  std::shared_ptr<const custom_rows> custom;
  std::vector<served_group> groups; ///< built-in ones in their order, then custom ones by name
  std::vector<const resource_type*> rows;

  static served_state now();
  /// Rows of a group version, in the order of discovery.
  [[nodiscard]] std::vector<const resource_type*> rows_of(std::string_view group,
                                                          std::string_view version) const;
};

/// Documents by name, each made once for each generation of the tables.
class document_cache {
public:
  using maker = std::function<std::string(const served_state& state)>;
  std::string get(const std::string& name, const maker& make);

private:
  std::mutex guard_;
  std::uint64_t generation_ = 0;
  std::map<std::string, std::string> documents_;
};

} // namespace actord::schema::discovery
