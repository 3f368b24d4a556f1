#pragma once

#include "schema/base/json.hpp"
#include "schema/view/meta_view.hpp"
#include "storage/store.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace actord::schema {
struct resource_type;
}

namespace actord::actors {

/// What the plugins are told of the cluster besides the object they judge, all from one state of the store.
/// Lives as long as one admission.
class admission_facts {
public:
  explicit admission_facts(const storage::store& store) : store_(store) {}

  [[nodiscard]] std::optional<json> get(const schema::resource_type& type, std::string_view space,
                                        std::string_view name) const;
  /// As get, but an empty object for one whose text holds none of the words, for those who look at nothing
  /// else: most need not be parsed.
  [[nodiscard]] std::optional<json> get_holding(const schema::resource_type& type, std::string_view space,
                                                std::string_view name,
                                                std::initializer_list<std::string_view> words) const;
  /// All objects of a resource in a namespace (empty: cluster-wide), by name. With `holding`, only those
  /// whose text holds that: what is not of interest is not parsed.
  [[nodiscard]] std::vector<json> list(const schema::resource_type& type, std::string_view space,
                                       std::string_view holding = {}) const;
  /// Whether there is such an object and its text holds that.
  [[nodiscard]] bool holds(const schema::resource_type& type, std::string_view space, std::string_view name,
                           std::string_view text) const;
  /// Nothing when there is no such object.
  [[nodiscard]] std::optional<schema::text_map> labels(const schema::resource_type& type,
                                                       std::string_view space, std::string_view name) const;
  [[nodiscard]] const storage::snapshot& reads() const;

private:
  const storage::store& store_;
  mutable std::unique_ptr<storage::snapshot> reads_;
};

} // namespace actord::actors
