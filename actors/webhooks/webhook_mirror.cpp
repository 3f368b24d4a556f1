#include "actors/webhooks/webhook_mirror.hpp"

#include "schema/codec/json_text.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

constexpr const char* group = "admissionregistration.k8s.io";

} // namespace

webhook_mirror::webhook_mirror(storage::store& store)
    : kinds_mirror(store,
                   {schema::builtin(group, "mutatingwebhookconfigurations").stored_as,
                    schema::builtin(group, "validatingwebhookconfigurations").stored_as},
                   "webhook configurations") {}

std::shared_ptr<const webhook_set> webhook_mirror::current() const {
  catch_up();
  return set_.load();
}

void webhook_mirror::forget_all() const { hooks_ = {}; }
void webhook_mirror::forget(std::size_t which, const object_key& key) const { hooks_[which].erase(key.name); }

void webhook_mirror::take_in(std::size_t which, const object_key& key, std::string_view bytes) const {
  const auto view = schema::object_view::open(bytes);
  if (!view) return spdlog::error("a damaged webhook configuration is left out: {}", view.error().message);
  const auto object = schema::parse_json(view->text());
  if (!object)
    return spdlog::error("a damaged webhook configuration is left out: {}", object.error().message);
  hooks_[which][key.name] = read_webhooks(static_cast<webhook_kind>(which), *object);
}

void webhook_mirror::publish() const {
  auto next = std::make_shared<webhook_set>();
  for (const auto& [name, hooks] : hooks_[0])
    next->mutating.insert(next->mutating.end(), hooks.begin(), hooks.end());
  for (const auto& [name, hooks] : hooks_[1])
    next->validating.insert(next->validating.end(), hooks.begin(), hooks.end());
  set_.store(next->empty() ? nullptr : std::move(next));
}

} // namespace actord::actors
