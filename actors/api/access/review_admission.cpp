#include "actors/api/access/review_admission.hpp"

#include "actors/audit/audit_trail.hpp"
#include "actors/webhooks/webhook_gate.hpp"

#include <memory>
#include <mutex>

namespace actord::actors {
namespace {

/// One object between its webhooks.
class open_admission : public std::enable_shared_from_this<open_admission> {
public:
  open_admission(const webhook_gate& webhooks, std::function<void(std::function<void()>)> run,
                 request_handle request, std::shared_ptr<write_reviews> reviews, json object,
                 std::function<result<void>(json&)> settle, review_admission::object_taker done)
      : webhooks_(webhooks), run_(std::move(run)), request_(std::move(request)), reviews_(std::move(reviews)),
        object_(std::move(object)), settle_(std::move(settle)), done_(std::move(done)) {}

  void go_on() {
    if (refused()) return;
    json shown = object_;
    const auto mutated = reviews_->mutate(shown, nullptr, [](json&) { return result<void>{}; });
    if (!mutated && reviews_->interrupted()) return ask([self = shared_from_this()] { self->go_on(); });
    if (!mutated) return answer_error(*request_, mutated.error());
    object_ = std::move(shown);
    if (auto settled = settle_(object_); !settled) return answer_error(*request_, settled.error());
    reviews_->validate(object_, nullptr);
    ask([self = shared_from_this()] { self->finish(); });
  }

private:
  void ask(std::function<void()> then) {
    webhooks_.carry_out(
        reviews_,
        [run = run_, turn = turn_](std::function<void()> job) {
          run([turn, job = std::move(job)] {
            const std::lock_guard hold(*turn);
            job();
          });
        },
        std::move(then));
  }

  bool refused() {
    if (!reviews_->refusal()) return false;
    if (request_->audit) request_->audit->annotate(reviews_->audit_notes());
    answer_error(*request_, error_of(*reviews_->refusal(), reviews_->warnings()));
    return true;
  }

  void finish() {
    if (refused()) return;
    if (request_->audit) request_->audit->annotate(reviews_->audit_notes());
    done_(std::move(object_), reviews_->warnings());
  }

  const webhook_gate& webhooks_;
  const std::function<void(std::function<void()>)> run_;
  const request_handle request_;
  const std::shared_ptr<write_reviews> reviews_;
  /// Answers are taken one after the other, whichever thread they come on. One that is taken may ask anew.
  const std::shared_ptr<std::recursive_mutex> turn_ = std::make_shared<std::recursive_mutex>();
  json object_;
  const std::function<result<void>(json&)> settle_;
  const review_admission::object_taker done_;
};

json create_options(const write_options& options) {
  json shown = {{"kind", "CreateOptions"}, {"apiVersion", "meta.k8s.io/v1"}};
  if (options.dry_run) shown["dryRun"] = json::array({"All"});
  if (!options.field_manager.empty()) shown["fieldManager"] = options.field_manager;
  return shown;
}

} // namespace

void review_admission::admit(const request_handle& request, const write_options& options, json object,
                             std::function<result<void>(json& object)> settle, object_taker done) const {
  const std::string_view subresource =
      request->route.subresource == nullptr ? std::string_view() : request->route.subresource->name;
  auto reviews = webhooks == nullptr ? nullptr
                                     : webhooks->begin_request({.operation = "CREATE",
                                                                .type = request->route.type,
                                                                .subresource = std::string(subresource),
                                                                .space = request->route.space,
                                                                .name = request->route.name,
                                                                .dry_run = options.dry_run,
                                                                .options = create_options(options),
                                                                .caller = request->caller});
  if (reviews == nullptr) {
    if (auto settled = settle(object); !settled) return answer_error(*request, settled.error());
    return done(std::move(object), {});
  }
  std::make_shared<open_admission>(*webhooks, run, request, std::move(reviews), std::move(object),
                                   std::move(settle), std::move(done))
      ->go_on();
}

} // namespace actord::actors
