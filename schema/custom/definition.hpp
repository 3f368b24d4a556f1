#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/custom/conversion.hpp"
#include "schema/custom/custom_kind.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace actord::schema::custom {

/// A custom resource definition, compiled: the rows of its versions and all they point to. Immutable; handles
/// of its rows share its life.
class definition {
public:
  struct facts {
    resource_id stored_as; ///< the number the cluster gave it
    /// Ids for the rows of versions, in the order of spec.versions; what has an id already keeps it.
    std::vector<resource_id> row_ids;
  };

  /// `object` is a CustomResourceDefinition that was accepted.
  static std::shared_ptr<const definition> compile(const json& object, const facts& given);

  ~definition();
  definition(const definition&) = delete;
  definition& operator=(const definition&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& uid() const { return uid_; }
  [[nodiscard]] bool established() const { return established_; }
  [[nodiscard]] bool terminating() const { return terminating_; }
  [[nodiscard]] resource_id number() const { return number_; }
  /// What the compiled rows depend on: an object with the same need not be compiled again.
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }
  static std::string fingerprint_of(const json& object);

  /// The row that objects are stored as.
  [[nodiscard]] const resource_type& stored_row() const { return *stored_row_; }
  /// Rows of the versions that are served, best version first; none before names are accepted.
  [[nodiscard]] const std::vector<const resource_type*>& served() const { return served_; }
  /// The id of each version's row, in the order of spec.versions.
  [[nodiscard]] std::vector<std::pair<std::string, resource_id>> version_ids() const;
  /// Null when the definition has no such version (any more).
  [[nodiscard]] const custom_kind* version(std::string_view name) const;
  /// The row of a version, also of one that is not served; null like `version`.
  [[nodiscard]] const resource_type* row(std::string_view version) const;
  /// Who converts between versions; null where they differ by name only.
  [[nodiscard]] const conversion_webhook* conversion() const { return conversion_ ? &*conversion_ : nullptr; }
  /// Every field that any version can be selected by, by name.
  [[nodiscard]] const std::vector<custom_kind::selectable>& selectables() const { return selectables_; }

private:
  definition();
  class builder;
  struct version_row;

  std::string name_;
  std::string uid_;
  std::string fingerprint_;
  std::string group_;
  std::string plural_;
  std::string singular_;
  std::string kind_;
  std::vector<std::string> names_; ///< short names, then categories
  std::vector<std::string_view> short_names_;
  std::vector<std::string_view> categories_;
  std::string storage_hash_;
  resource_id number_;
  bool established_ = false;
  bool terminating_ = false;
  std::vector<std::unique_ptr<version_row>> versions_;
  const resource_type* stored_row_ = nullptr;
  std::vector<const resource_type*> served_;
  std::vector<custom_kind::selectable> selectables_;
  std::optional<conversion_webhook> conversion_;
};

/// A handle of one of the definition's rows.
resource_handle handle_of(const std::shared_ptr<const definition>& owner, const resource_type& row);

} // namespace actord::schema::custom
