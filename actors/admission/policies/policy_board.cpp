#include "actors/admission/policies/policy_board.hpp"

#include "actors/admission/admission_facts.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

namespace actord::actors {
namespace {

constexpr std::size_t events_per_step = 256;
constexpr std::string_view group = "admissionregistration.k8s.io";

std::unique_ptr<storage::watch_cursor> open(storage::store& store, const schema::resource_type& type,
                                            const std::shared_ptr<std::atomic<bool>>& raised) {
  // What the cursor tells is never looked at, only that there is something: from now on is enough.
  auto cursor = store.watch({type.stored_as, {}, {}}, store.status().last, [raised] { raised->store(true); });
  return cursor ? std::move(cursor).value() : nullptr;
}

} // namespace

policy_board::policy_board(storage::store& store, std::string_view policies, std::string_view bindings)
    : store_(store), policy_plural_(policies), binding_plural_(bindings) {}
policy_board::~policy_board() = default;

std::shared_ptr<const policy_set> policy_board::current() {
  if (!raised_->load(std::memory_order_acquire) && !any_.load(std::memory_order_acquire)) return nullptr;
  const std::scoped_lock hold(guard_);
  if (raised_->exchange(false)) follow();
  return set_;
}

/// Reads everything up to now, so that the next change raises the flag again; false when the cursor is behind
/// what is kept.
bool policy_board::drain(storage::watch_cursor& cursor) {
  while (true) {
    const auto events = cursor.next(events_per_step);
    if (!events) return false;
    if (events->empty()) return true;
  }
}

void policy_board::follow() {
  const schema::resource_type& policies = schema::builtin(group, policy_plural_);
  const schema::resource_type& bindings = schema::builtin(group, binding_plural_);
  if (policies_ == nullptr || !drain(*policies_)) policies_ = open(store_, policies, raised_);
  if (bindings_ == nullptr || !drain(*bindings_)) bindings_ = open(store_, bindings, raised_);
  // Whoever cannot be told of changes looks each time.
  if (policies_ == nullptr || bindings_ == nullptr) raised_->store(true);
  const admission_facts facts(store_);
  const std::vector<json> bound = facts.list(bindings, {});
  set_ = bound.empty() ? nullptr : compile_policies(facts.list(policies, {}), bound);
  if (set_ != nullptr && set_->empty()) set_ = nullptr;
  any_.store(set_ != nullptr);
}

} // namespace actord::actors
