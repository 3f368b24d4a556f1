#pragma once

#include "actors/authorization/access_rules.hpp"
#include "actors/objects/kinds_mirror.hpp"

#include <atomic>
#include <memory>

namespace actord::actors {

/// The roles and bindings of the store as rules, always up to date (kinds_mirror says how). Must not outlive
/// the store. Any thread.
class rbac_mirror final : private kinds_mirror {
public:
  explicit rbac_mirror(storage::store& store);

  /// Rules that hold every change whose write was answered before this call.
  [[nodiscard]] std::shared_ptr<const access_rules> current() const;

private:
  void forget_all() const override;
  void take_in(std::size_t which, const object_key& key, std::string_view bytes) const override;
  void forget(std::size_t which, const object_key& key) const override;
  void publish() const override;

  mutable std::unique_ptr<access_rules_editor> editor_; ///< one at a time, as kinds_mirror calls
  mutable std::atomic<std::shared_ptr<const access_rules>> rules_;
};

} // namespace actord::actors
