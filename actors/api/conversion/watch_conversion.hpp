#pragma once

#include "actors/conversion/form_source.hpp"
#include "storage/store.hpp"

#include <deque>
#include <functional>
#include <vector>

namespace actord::actors {

/// The events of one watch on their way through a conversion webhook: in order, a stretch at a time. The
/// stream goes on reading once all are out.
class watch_conversion {
public:
  explicit watch_conversion(form_source_handle forms) : forms_(std::move(forms)) {}

  using forms_result = result<std::vector<shared_bytes>>;
  void add(std::vector<storage::store_event> events);
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  /// Whether a webhook has a stretch of them.
  [[nodiscard]] bool under_way() const { return sent_ > 0; }

  /// Sends the next stretch. `with_previous`: what objects were before is looked at too. `done` gets what
  /// `take` wants, maybe before this returns, and must only hand it on.
  void send(const schema::resource_handle& type, bool with_previous, std::function<void(forms_result)> done);
  /// The stretch with its objects converted. After a failure of several nothing, and the first of them goes
  /// alone next time: what comes before the one that cannot be converted is still shown.
  result<std::vector<storage::store_event>> take(forms_result forms);

private:
  form_source_handle forms_;
  std::deque<storage::store_event> waiting_;
  std::size_t sent_ = 0; ///< of `waiting_`, from its front
  bool with_previous_ = false;
  bool one_by_one_ = false;
};

/// How a watch tells that an object could not be converted.
error watch_failure(const error& why);

} // namespace actord::actors
