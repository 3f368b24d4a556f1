#pragma once

#include "actors/aggregation/extension_board.hpp"
#include "actors/aggregation/extension_services.hpp"
#include "actors/controllers/core/foreign_contents.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How a namespace is emptied of the objects of extension servers. Pure.

namespace actord::actors {

/// A kind whose objects are to go.
struct swept_kind {
  extension_handle service;
  std::string plural;
  bool at_once = false; ///< by deletecollection; otherwise one by one

  [[nodiscard]] std::string name() const { return plural + "." + service->group; }
  /// "/apis/G/V/namespaces/SPACE/PLURAL"
  [[nodiscard]] std::string path(std::string_view space) const;
};

struct sweep_plan {
  std::vector<swept_kind> kinds;
  std::string discovery_failure; ///< see foreign_content
};
/// What the extension servers there are have by their reports, in namespaces, that can be listed and deleted.
sweep_plan plan_sweep(const extension_set& services, const extension_reports& reports);

/// What a list of objects says is left.
struct left_over {
  std::vector<std::string> names;
  std::size_t count = 0; ///< also of those the list does not name
  std::map<std::string, std::size_t> finalizers;
};
/// None for what is no list.
std::optional<left_over> read_left_over(std::string_view list);

} // namespace actord::actors
