#include "actors/api/conversion/watch_conversion.hpp"

#include "actors/webhooks/admission_review.hpp"
#include "schema/base/always.hpp"

#include <algorithm>
#include <iterator>

namespace actord::actors {

void watch_conversion::add(std::vector<storage::store_event> events) {
  std::ranges::move(events, std::back_inserter(waiting_));
}

void watch_conversion::send(const schema::resource_handle& type, bool with_previous,
                            std::function<void(forms_result)> done) {
  ALWAYS(!waiting_.empty() && sent_ == 0);
  sent_ = one_by_one_ ? 1 : waiting_.size();
  with_previous_ = with_previous;
  std::vector<shared_bytes> objects;
  for (std::size_t i = 0; i < sent_; ++i) {
    const storage::store_event& event = waiting_[i];
    if (event.value) objects.push_back(event.value);
    if (with_previous_ && event.previous) objects.push_back(event.previous);
  }
  forms_->convert(type, std::move(objects), std::move(done));
}

result<std::vector<storage::store_event>> watch_conversion::take(forms_result forms) {
  const std::size_t sent = std::exchange(sent_, 0);
  if (!forms) {
    if (sent == 1) return watch_failure(forms.error());
    one_by_one_ = true;
    return std::vector<storage::store_event>{};
  }
  std::vector<storage::store_event> shown;
  auto form = forms->begin();
  for (std::size_t i = 0; i < sent; ++i) {
    storage::store_event& event = shown.emplace_back(std::move(waiting_.front()));
    waiting_.pop_front();
    if (event.value) event.value = std::move(*form++);
    if (with_previous_ && event.previous) event.previous = std::move(*form++);
  }
  if (waiting_.empty()) one_by_one_ = false;
  return shown;
}

error watch_failure(const error& why) {
  if (!words_of(why)) return why;
  return {.kind = error_kind::internal,
          .message = "Internal error occurred: " + why.message,
          .causes = {{.reason = {}, .message = why.message, .field = {}}},
          .subject = error_subject{}};
}

} // namespace actord::actors
