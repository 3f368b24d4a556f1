#include "actors/webhooks/webhook_mirror.hpp"

#include "schema/codec/json_text.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

constexpr std::size_t events_at_once = 256;
constexpr const char* group = "admissionregistration.k8s.io";

} // namespace

webhook_mirror::webhook_mirror(storage::store& store)
    : store_(store), resources_{schema::builtin(group, "mutatingwebhookconfigurations").stored_as,
                                schema::builtin(group, "validatingwebhookconfigurations").stored_as} {}

std::shared_ptr<const webhook_set> webhook_mirror::current() const {
  if (seen_.load(std::memory_order_acquire) != told_.load(std::memory_order_acquire)) catch_up();
  if (!any_.load(std::memory_order_acquire)) return nullptr;
  return set_.load(std::memory_order_acquire);
}

void webhook_mirror::catch_up() const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t told = told_.load(std::memory_order_acquire);
  if (seen_.load(std::memory_order_acquire) == told) return;
  if (!read_ || !take_in_events()) {
    read_all();
    // A cursor tells of what is new only after it was found empty once.
    take_in_events();
  }
  publish();
  seen_.store(told, std::memory_order_release);
}

bool webhook_mirror::take_in_events() const {
  for (std::size_t which = 0; which < kind_count; ++which) {
    if (!cursors_[which]) return false;
    for (bool more = true; more;) {
      const auto events = cursors_[which]->next(events_at_once);
      if (!events) return false;
      more = !events->empty();
      for (const storage::store_event& event : *events) {
        if (event.kind == storage::event_kind::removed)
          hooks_[which].erase(event.key.name);
        else
          take_in(which, *event.value);
      }
    }
  }
  return true;
}

void webhook_mirror::read_all() const {
  hooks_ = {};
  const auto reads = store_.read();
  for (std::size_t which = 0; which < kind_count; ++which) {
    auto cursor = store_.watch({.resource = resources_[which], .space = {}, .name = {}}, reads->at(),
                               [this] { told_.fetch_add(1, std::memory_order_acq_rel); });
    // Without a cursor the next question would never learn of a change: keep reading all instead.
    if (!cursor) {
      spdlog::error("cannot watch webhook configurations: {}", cursor.error().message);
      told_.fetch_add(1, std::memory_order_acq_rel);
    }
    cursors_[which] = cursor ? std::move(*cursor) : nullptr;
    reads->scan(resources_[which], {}, [&](std::string_view bytes) {
      take_in(which, bytes);
      return true;
    });
  }
  read_ = true;
}

void webhook_mirror::take_in(std::size_t which, std::string_view bytes) const {
  const auto view = schema::object_view::open(bytes);
  if (!view) return spdlog::error("a damaged webhook configuration is left out: {}", view.error().message);
  const auto object = schema::parse_json(view->text());
  if (!object)
    return spdlog::error("a damaged webhook configuration is left out: {}", object.error().message);
  hooks_[which][std::string(view->name())] = read_webhooks(static_cast<webhook_kind>(which), *object);
}

void webhook_mirror::publish() const {
  auto next = std::make_shared<webhook_set>();
  for (const auto& [name, hooks] : hooks_[0])
    next->mutating.insert(next->mutating.end(), hooks.begin(), hooks.end());
  for (const auto& [name, hooks] : hooks_[1])
    next->validating.insert(next->validating.end(), hooks.begin(), hooks.end());
  const bool any = !next->empty();
  set_.store(std::move(next), std::memory_order_release);
  any_.store(any, std::memory_order_release);
}

} // namespace actord::actors
