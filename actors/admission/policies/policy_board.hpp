#pragma once

#include "actors/admission/policies/compiled_policy.hpp"
#include "actors/objects/kinds_mirror.hpp"
#include "schema/base/json.hpp"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace actord::actors {

/// The policies in force, compiled, always up to date (kinds_mirror says how). Must not outlive the store.
/// Any thread.
class policy_board final : private kinds_mirror {
public:
  /// Of one kind of policies and their bindings, by plural. Nothing is read before somebody asks. The names
  /// must outlive the board.
  policy_board(storage::store& store, std::string_view policies, std::string_view bindings);

  /// Null when there are none. Holds every change whose write was answered before this call.
  [[nodiscard]] std::shared_ptr<const policy_set> current() const;

private:
  void forget_all() const override;
  void take_in(std::size_t which, const object_key& key, std::string_view bytes) const override;
  void forget(std::size_t which, const object_key& key) const override;
  void publish() const override;

  const std::array<std::string_view, 2> plurals_; ///< policies, bindings
  /// By name, as stored; one at a time, as kinds_mirror calls.
  mutable std::array<std::map<std::string, json>, 2> objects_;
  mutable published_set<policy_set> set_;
};

} // namespace actord::actors
