#pragma once

#include "actors/objects/kinds_mirror.hpp"
#include "actors/webhooks/webhook.hpp"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace actord::actors {

/// The webhooks of the store's configurations, always up to date (kinds_mirror says how). Must not outlive
/// the store. Any thread.
class webhook_mirror final : private kinds_mirror {
public:
  explicit webhook_mirror(storage::store& store);

  /// Webhooks that hold every change whose write was answered before this call. Null when there are none.
  [[nodiscard]] std::shared_ptr<const webhook_set> current() const;

private:
  static constexpr std::size_t kind_count = 2;
  using hook_list = std::vector<std::shared_ptr<const webhook>>;

  void forget_all() const override;
  void take_in(std::size_t which, const object_key& key, std::string_view bytes) const override;
  void forget(std::size_t which, const object_key& key) const override;
  void publish() const override;

  /// By webhook_kind, then by name of the configuration; one at a time, as kinds_mirror calls.
  mutable std::array<std::map<std::string, hook_list>, kind_count> hooks_;
  mutable published_set<webhook_set> set_;
};

} // namespace actord::actors
