#include "actors/webhooks/webhook_gate.hpp"

#include "actors/webhooks/webhook_target.hpp"
#include "schema/object/stored_object.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

std::optional<schema::service_view> find_service(const storage::snapshot& reads,
                                                 const webhook_service& wanted) {
  const std::string_view bytes =
      reads.get({schema::builtin("", "services").stored_as, wanted.space, wanted.name});
  if (bytes.empty()) return {};
  const auto view = schema::object_view::open(bytes);
  if (!view) return {};
  return schema::parse_service(view->text());
}

std::vector<schema::endpoint_slice_view> find_slices(const storage::snapshot& reads,
                                                     const webhook_service& wanted) {
  std::vector<schema::endpoint_slice_view> slices;
  const auto& type = schema::builtin("discovery.k8s.io", "endpointslices");
  for (const object_key& key :
       reads.labelled(type.stored_as, wanted.space, "kubernetes.io/service-name", wanted.name)) {
    const auto view = schema::object_view::open(reads.get(key));
    if (!view) continue;
    auto slice = schema::parse_endpoint_slice(view->text());
    if (slice.service_name() == wanted.name) slices.push_back(std::move(slice));
  }
  return slices;
}

} // namespace

write_reviews::environment webhook_gate::environment(std::shared_ptr<const webhook_set> hooks) const {
  return {.hooks = std::move(hooks),
          .space_labels = [this](const std::string& space) { return space_labels(space); },
          .now = [this] { return store_.now(); },
          .random = random_,
          .may = may_};
}

std::shared_ptr<write_reviews> webhook_gate::begin(const write_command& command) const {
  auto hooks = mirror_.current();
  return hooks == nullptr ? nullptr : write_reviews::of_command(environment(std::move(hooks)), command);
}

std::shared_ptr<write_reviews> webhook_gate::begin_connection(review_subject subject) const {
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
    const auto reads = store_.read();
    auto address = service_address(*hook.service, find_service(*reads, *hook.service),
                                   find_slices(*reads, *hook.service), random_);
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
