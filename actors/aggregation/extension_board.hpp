#pragma once

#include "schema/discovery/openapi_added.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace actord::actors {

/// What this server last heard of an extension server.
struct extension_report {
  /// What its version has, as the list `resources` of apidiscovery.k8s.io/v2, in JSON; empty: never heard.
  std::string resources;
  bool fresh = false; ///< heard the last time it was asked
  /// Where it lists the OpenAPI v3 document of its version, with the hash of its content; empty: nowhere.
  std::string openapi_v3;
  /// What it adds to the OpenAPI v2 document; null: nothing.
  std::shared_ptr<const schema::discovery::openapi_v2_addition> openapi_v2 = nullptr;

  bool operator==(const extension_report&) const = default;
};
using extension_reports = std::map<std::string, extension_report>; ///< by APIService

/// The reports, for all who read them. Any thread.
class extension_board {
public:
  /// Never null.
  [[nodiscard]] std::shared_ptr<const extension_reports> current() const {
    const std::lock_guard lock(mutex_);
    return reports_;
  }
  void replace(extension_reports reports) {
    auto next = std::make_shared<const extension_reports>(std::move(reports));
    const std::lock_guard lock(mutex_);
    reports_ = std::move(next);
  }

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const extension_reports> reports_ = std::make_shared<const extension_reports>();
};

} // namespace actord::actors
