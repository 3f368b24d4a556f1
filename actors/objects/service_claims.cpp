#include "actors/objects/service_claims.hpp"

#include "actors/objects/service_ranges.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr const char* book_space = "kube-system";
constexpr const char* book_name = "service-node-ports";

/// The port book as it lies in the store: a ConfigMap anybody can read, port number to "namespace/name".
struct stored_book {
  object_key key;
  revision at; ///< 0: there is none yet
  json object;
  port_book ports;
};

stored_book load_book(const write_environment& environment) {
  const schema::resource_type& maps = schema::builtin("", "configmaps");
  stored_book book{.key = {maps.stored_as, book_space, book_name}, .at = {}, .object = {}, .ports = {}};
  const std::string bytes = environment.store.head(book.key);
  if (bytes.empty()) return book;
  const auto view = schema::object_view::open(bytes);
  if (!view) return book;
  book.at = view->at();
  book.object = view->to_json(maps);
  if (const auto data = book.object.find("data"); data != book.object.end())
    for (const auto& [port, owner] : data->items())
      if (const int number = std::atoi(port.c_str()); number > 0)
        book.ports.emplace(number, owner.get<std::string>());
  return book;
}

void save_book(const write_environment& environment, stored_book book, const port_book& ports,
               const schema::write_cause& cause, write_plan& plan) {
  const schema::resource_type& maps = schema::builtin("", "configmaps");
  if (book.object.is_null())
    book.object = {{"kind", maps.kind},
                   {"apiVersion", maps.api_version()},
                   {"metadata",
                    {{"name", book_name},
                     {"namespace", book_space},
                     {"uid", new_uuid(environment.random)},
                     {"creationTimestamp", schema::format_time(environment.store.now())}}}};
  json data = json::object();
  for (const auto& [port, owner] : ports) data[std::to_string(port)] = owner;
  book.object["data"] = std::move(data);
  storage::object_change change{
      book.key, {}, storage::put_value{schema::encode_object(maps, book.object, cause)}};
  if (book.at.value == 0)
    change.require.must_be_absent = true;
  else
    change.require.at = book.at;
  plan.transaction.changes.push_back(std::move(change));
  plan.roles.push_back(change_role::allocation);
}

object_key address_key(const std::string& address) {
  return {schema::builtin("networking.k8s.io", "ipaddresses").stored_as, {}, address};
}

void claim_address(const write_environment& environment, const std::string& address, const json& service,
                   const schema::write_cause& cause, write_plan& plan) {
  const schema::resource_type& type = schema::builtin("networking.k8s.io", "ipaddresses");
  const json& metadata = service["metadata"];
  const json object = {{"kind", type.kind},
                       {"apiVersion", type.api_version()},
                       {"metadata",
                        {{"name", address},
                         {"uid", new_uuid(environment.random)},
                         {"creationTimestamp", schema::format_time(environment.store.now())},
                         {"labels",
                          {{"ipaddress.kubernetes.io/ip-family", "IPv4"},
                           {std::string(address_manager_label), address_manager}}}}},
                       {"spec",
                        {{"parentRef",
                          {{"group", ""},
                           {"resource", "services"},
                           {"namespace", metadata.value("namespace", "")},
                           {"name", metadata.value("name", "")}}}}}};
  storage::object_change change{
      address_key(address), {}, storage::put_value{schema::encode_object(type, object, cause)}};
  change.require.must_be_absent = true;
  plan.transaction.changes.push_back(std::move(change));
  plan.roles.push_back(change_role::allocation);
}

/// The range is as it was read: not deleted, in particular.
void require_range(const further_range& range, write_plan& plan) {
  storage::object_change same{range.key, {}, storage::keep_value{}};
  same.require.at = range.at;
  plan.transaction.changes.push_back(std::move(same));
  plan.roles.push_back(change_role::allocation);
}

/// Whatever holds the address now ends with the service; none there is fine.
void release_address(const std::string& address, write_plan& plan) {
  storage::object_change change{address_key(address), {}, {}};
  change.what = [](const storage::object_head& head, wall_time) -> result<storage::resolved_change> {
    if (!head.exists()) return storage::resolved_change{storage::keep_value{}};
    return storage::resolved_change{storage::remove_value{std::string(head.value)}};
  };
  plan.transaction.changes.push_back(std::move(change));
  plan.roles.push_back(change_role::companion);
}

} // namespace

bool is_service(const schema::resource_type& type) { return type.group.empty() && type.plural == "services"; }

result<void> claim_for_service(const write_environment& environment, json& service, const json* old,
                               const schema::write_cause& cause, write_plan& plan) {
  if (old != nullptr && allocation_is_settled(service, *old)) return {};
  stored_book book = load_book(environment);
  const auto is_taken = [&](const std::string& address) {
    return !environment.store.head(address_key(address)).empty();
  };
  const std::vector<further_range> further = further_ranges(*environment.store.read());
  const further_range* const range = choose_range(service, environment.network, further, is_taken);
  auto granted = allocate_service(service, old, range == nullptr ? environment.network : range->network,
                                  book.ports, is_taken, environment.random);
  if (!granted) return granted.error();
  for (const std::string& address : granted->claim) claim_address(environment, address, service, cause, plan);
  if (range != nullptr && !granted->claim.empty()) require_range(*range, plan);
  for (const std::string& address : granted->release) release_address(address, plan);
  if (granted->ports_changed) save_book(environment, std::move(book), granted->ports, cause, plan);
  return {};
}

void release_from_service(const write_environment& environment, const json& service,
                          const schema::write_cause& cause, write_plan& plan) {
  stored_book book = load_book(environment);
  const service_allocation freed = release_service(service, book.ports);
  for (const std::string& address : freed.release) release_address(address, plan);
  if (freed.ports_changed) save_book(environment, std::move(book), freed.ports, cause, plan);
}

} // namespace actord::actors
