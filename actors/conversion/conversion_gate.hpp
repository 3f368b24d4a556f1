#pragma once

#include "actors/conversion/conversion_review.hpp"
#include "actors/conversion/converted_forms.hpp"
#include "net/calls/https_caller.hpp"
#include "schema/base/bytes.hpp"
#include "schema/base/rng.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace actord::actors {

/// Where objects of custom kinds meet the webhooks that convert them: asks, checks the answers, remembers
/// what was converted. Must outlive the store's readers that ask it, and not the store. Any thread.
///
/// Objects go out in pieces of one version each, a few pieces at a time; who asks for what is being converted
/// just now waits for that.
class conversion_gate {
public:
  conversion_gate(const storage::store& store, random_source& random,
                  std::unique_ptr<net::https_caller> caller,
                  const clock_source& clock = system_clock_source());
  ~conversion_gate();
  conversion_gate(const conversion_gate&) = delete;
  conversion_gate& operator=(const conversion_gate&) = delete;

  /// Objects as if they were stored in the version that was asked for, in the order they were given. All or
  /// none. Called once, on the thread of the calls or before `convert` returns; must not block.
  using forms_taker = std::function<void(result<std::vector<shared_bytes>>)>;
  /// Objects that need no conversion to `type` come back as they are. Errors are conversion_failed and its
  /// like.
  void convert(schema::resource_handle type, std::vector<shared_bytes> objects, forms_taker done) const;

  /// An object that is not stored, of `from`, wanted as `to`: versions of one kind.
  struct tree_conversion {
    schema::resource_handle from;
    schema::resource_handle to;
    json object;
  };
  using tree_taker = std::function<void(result<json>)>;
  void convert_tree(const tree_conversion& what, tree_taker done) const;

  /// Ends all calls; what waits for them is answered.
  void stop() const { caller_->stop(); }

private:
  class batch;
  using trees_taker = std::function<void(result<std::vector<json>>)>;
  /// Hands over the form, or why there is none and whether others asked about at once may be to blame.
  using form_waiter = std::function<void(const result<shared_bytes>& form, bool alone)>;

  void ask(const schema::resource_handle& from, const schema::resource_handle& to, std::vector<json> objects,
           std::chrono::milliseconds timeout, trees_taker done) const;
  [[nodiscard]] shared_bytes find_form(const converted_forms::key& key) const;
  /// False: nobody is at it, and now the caller is.
  bool join(const converted_forms::key& key, form_waiter waiter) const;
  void settle(const converted_forms::key& key, const result<shared_bytes>& form, bool alone) const;

  const storage::store& store_;
  random_source& random_;
  const clock_source& clock_;
  mutable std::mutex mutex_;
  mutable converted_forms forms_;
  mutable std::unordered_map<converted_forms::key, std::vector<form_waiter>> under_way_;
  std::unique_ptr<net::https_caller> caller_; ///< last: its thread uses the others
};

} // namespace actord::actors
