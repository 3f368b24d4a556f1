#pragma once

#include "schema/tables/resource_table.hpp"

#include <atomic>
#include <map>

namespace actord::schema {

/// Numbers that keys in the store may hold for custom resources: the cluster gives each definition one.
inline constexpr std::uint16_t first_stored_number = 0x1000;
inline constexpr std::uint16_t last_stored_number = 0xbfff;
/// Ids of the rows of custom kinds' versions; they mean nothing outside this process.
inline constexpr std::uint16_t first_row_id = 0xc000;
inline constexpr std::uint16_t last_row_id = 0xfffe;

/// The rows that custom resource definitions have added to the resource table: an immutable value. Readers
/// take the current one and keep it as long as they like; a change makes a new one and swaps it in, so that
/// nobody waits and nobody sees half of it. A row that is in no table any more goes with its last handle.
///
/// Invariants: `served` rows have distinct names; every row of `served` and `stored` has `custom` set; one
/// row of `stored` for each number.
class custom_rows {
public:
  custom_rows() = default;
  /// `stored` are the rows that objects are stored as, also of kinds that are not served (yet).
  custom_rows(std::uint64_t generation, std::vector<resource_handle> served,
              std::vector<resource_handle> stored);

  static std::shared_ptr<const custom_rows> current();
  static void publish(std::shared_ptr<const custom_rows> next);

  /// Grows with every change: documents made from the tables are kept by it.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] const std::vector<resource_handle>& served() const { return served_; }
  [[nodiscard]] const std::vector<resource_handle>& stored() const { return stored_; }

  [[nodiscard]] resource_handle find_plural(std::string_view group, std::string_view version,
                                            std::string_view plural) const;
  [[nodiscard]] resource_handle find_kind(std::string_view group, std::string_view version,
                                          std::string_view kind) const;
  [[nodiscard]] resource_handle find_id(resource_id id) const;

private:
  using name = std::tuple<std::string_view, std::string_view, std::string_view>;

  std::uint64_t generation_ = 0;
  std::vector<resource_handle> served_;
  std::vector<resource_handle> stored_;
  std::map<name, std::size_t> by_plural_; ///< positions in served_; the names are the rows' own
  std::map<name, std::size_t> by_kind_;
  std::map<resource_id, resource_handle> by_id_;
};

} // namespace actord::schema
