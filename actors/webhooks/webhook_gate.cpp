#include "actors/webhooks/webhook_gate.hpp"

#include "actors/webhooks/service_lookup.hpp"
#include "schema/object/stored_object.hpp"

#include <fmt/format.h>

namespace actord::actors {

write_reviews::environment webhook_gate::environment(std::shared_ptr<const webhook_set> hooks) const {
  return {.hooks = std::move(hooks),
          .space_labels = [this](const std::string& space) { return space_labels(space); },
          .now = [this] { return store_.now(); },
          .random = random_,
          .may = may_,
          .conversions = conversions_};
}

std::shared_ptr<write_reviews> webhook_gate::begin(const write_command& command) const {
  auto hooks = mirror_.current();
  return hooks == nullptr ? nullptr : write_reviews::of_command(environment(std::move(hooks)), command);
}

std::shared_ptr<write_reviews> webhook_gate::begin_request(review_subject subject) const {
  auto hooks = mirror_.current();
  if (hooks == nullptr) return nullptr;
  if (concerned_webhooks(hooks->mutating, subject.resource()).empty() &&
      concerned_webhooks(hooks->validating, subject.resource()).empty())
    return nullptr;
  return std::make_shared<write_reviews>(environment(std::move(hooks)), std::move(subject), json());
}

std::optional<schema::text_map> webhook_gate::space_labels(const std::string& space) const {
  // What is being made may not be applied yet.
  const std::string bytes = store_.head({schema::builtin("", "namespaces").stored_as, {}, space});
  if (bytes.empty()) return {};
  const auto view = schema::object_view::open_envelope(bytes);
  if (!view) return {};
  schema::text_map labels;
  for (const auto& [key, value] : view->labels()) labels.emplace(key, value);
  return labels;
}

void webhook_gate::ask(const review_call& call, std::function<void(result<std::string>)> answer) const {
  const webhook& hook = *call.hook;
  net::https_call what{.url = call_url(hook),
                       .connect_to = {},
                       .authority_pem = hook.authority_pem,
                       .body = call.text,
                       .timeout = call.timeout};
  if (hook.service) {
    auto address = find_service_address(*store_.read(), *hook.service, random_);
    if (!address) {
      error why = address.error();
      why.message = fmt::format("Post \"{}\": {}", what.url, why.message);
      return answer(std::move(why));
    }
    what.connect_to = std::move(*address);
  }
  caller_->call(std::move(what), [answer = std::move(answer)](result<net::https_answer> got) {
    answer(got ? body_of(std::move(*got)) : result<std::string>(got.error()));
  });
}

void webhook_gate::carry_out(std::shared_ptr<write_reviews> reviews, runner run,
                             std::function<void()> done) const {
  const auto calls = reviews->due();
  if (reviews->wants_conversion())
    return reviews->conversions().fetch(
        run, [this, reviews, run, done = std::move(done)] { carry_out(reviews, run, done); });
  if (calls.empty()) return run(std::move(done));
  const auto outstanding = std::make_shared<std::size_t>(calls.size());
  for (const review_call& call : calls)
    ask(call, [this, reviews, run, done, outstanding, number = call.number](result<std::string> answer) {
      run([this, reviews, run, done, outstanding, number, answer = std::move(answer)]() mutable {
        reviews->take(number, std::move(answer));
        if (--*outstanding == 0) carry_out(std::move(reviews), std::move(run), std::move(done));
      });
    });
}

} // namespace actord::actors
