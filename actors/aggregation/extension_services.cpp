#include "actors/aggregation/extension_services.hpp"

#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

extension_handle read(const schema::api_service_view& view) {
  if (!view.service) return nullptr;
  const schema::condition_view* available = view.available();
  return std::make_shared<const extension_service>(
      extension_service{.name = view.meta.name,
                        .uid = view.meta.uid,
                        .group = view.group,
                        .version = view.version,
                        .service = *view.service,
                        .authority_pem = view.authority_pem,
                        .insecure = view.insecure,
                        .priority = {view.group_priority, view.version_priority},
                        .available = available != nullptr && available->status == "True"});
}

} // namespace

extension_handle extension_set::find(std::string_view group, std::string_view version) const {
  const auto found = std::ranges::find_if(
      all_, [&](const extension_handle& one) { return one->group == group && one->version == version; });
  return found == all_.end() ? nullptr : *found;
}

bool extension_set::has_group(std::string_view group) const {
  return std::ranges::any_of(all_, [&](const extension_handle& one) { return one->group == group; });
}

extension_services::extension_services(storage::store& store)
    : kinds_mirror(store, {schema::builtin(api_service_group, "apiservices").stored_as}, "APIServices") {}

std::shared_ptr<const extension_set> extension_services::current() const {
  catch_up();
  return set_.load();
}

void extension_services::forget_all() const { services_.clear(); }
void extension_services::forget(std::size_t, const object_key& key) const { services_.erase(key.name); }

void extension_services::take_in(std::size_t, const object_key& key, std::string_view bytes) const {
  const auto object = schema::object_view::open(bytes);
  if (!object) return spdlog::error("a damaged APIService is left out: {}", object.error().message);
  auto service = read(schema::parse_api_service(object->text()));
  if (service)
    services_.insert_or_assign(key.name, std::move(service));
  else
    services_.erase(key.name);
}

void extension_services::publish() const {
  std::vector<extension_handle> all;
  all.reserve(services_.size());
  for (const auto& [name, service] : services_) all.push_back(service);
  set_.store(all.empty() ? nullptr : std::make_shared<const extension_set>(std::move(all)));
}

} // namespace actord::actors
