#include "actors/cluster/server_endpoints.hpp"

#include "actors/cluster/bootstrap_objects.hpp"
#include "actors/console/actor_registry.hpp"
#include "actors/objects/object_router.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <charconv>
#include <fmt/format.h>
#include <map>

namespace actord::actors::server_endpoints_messages {

struct look {};

} // namespace actord::actors::server_endpoints_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::server_endpoints_messages::look)

namespace actord::actors {
namespace {

using server_endpoints_messages::look;

constexpr std::chrono::seconds interval{1};
constexpr const char* space = "default";
constexpr const char* service = "kubernetes";

json ports_of(std::uint16_t port) { return {{{"name", "https"}, {"port", port}, {"protocol", "TCP"}}}; }

json subsets_of(const std::vector<api_place>& places) {
  std::map<std::uint16_t, json> by_port;
  for (const api_place& one : places)
    by_port.try_emplace(one.port, json::array()).first->second.push_back({{"ip", one.ip}});
  json subsets = json::array();
  for (auto& [port, addresses] : by_port)
    subsets.push_back({{"addresses", std::move(addresses)}, {"ports", ports_of(port)}});
  return subsets;
}

json endpoints_of(const std::vector<api_place>& places) {
  json endpoints = json::array();
  for (const api_place& one : places)
    if (one.port == places.front().port)
      endpoints.push_back({{"addresses", {one.ip}}, {"conditions", {{"ready", true}}}});
  return endpoints;
}

const schema::resource_type& endpoints_type() { return schema::builtin("", "endpoints"); }
const schema::resource_type& slices_type() { return schema::builtin("discovery.k8s.io", "endpointslices"); }

json named(const schema::resource_type& type, json labels) {
  return {{"apiVersion", type.api_version()},
          {"kind", type.kind},
          {"metadata", {{"name", service}, {"labels", std::move(labels)}}}};
}

/// `stored` with these fields; nothing when it has them.
std::optional<json> with_fields(const json& stored, const json& wanted,
                                std::initializer_list<const char*> names) {
  json corrected = stored;
  for (const char* name : names) corrected[name] = wanted.at(name);
  return corrected == stored ? std::nullopt : std::optional(std::move(corrected));
}

struct actor_state {
  std::shared_ptr<actor_card> card;
};

json read(const storage::snapshot& reads, const schema::resource_type& type) {
  const std::string_view bytes = reads.get({type.stored_as, space, service});
  const auto view = bytes.empty() ? std::nullopt : std::optional(schema::object_view::open(bytes));
  return view && *view ? (*view)->to_json(type) : json();
}

void write(const server_endpoints::collaborators& with, const schema::resource_type& type,
           const std::optional<json>& object, bool exists) {
  if (!object) return;
  write_command command;
  command.verb = exists ? write_verb::update : write_verb::create;
  command.key = {type.stored_as, space, service};
  command.body = object->dump();
  command.field_manager = "actord";
  command.only_in_term = with.term;
  command.caller = {.user = "system:apiserver", .uid = {}, .groups = {"system:masters"}, .extra = {}};
  command.cause = {.actor = "servers",
                   .verb = exists ? "update" : "create",
                   .request_id = {},
                   .reacted_to = {},
                   .note = "servers came or went"};
  // What fails is looked at again in a second.
  command.done = [](const result<write_answer>&) {};
  with.router.submit(std::move(command));
}

void look_at_servers(const server_endpoints::collaborators& with, actor_state& state) {
  const std::vector<api_place> places = api_places(with.live_servers());
  state.card->summarize(fmt::format("{} servers live", places.size()));
  if (places.empty()) return;
  const auto reads = with.store.read();
  const json endpoints = read(*reads, endpoints_type());
  const json slice = read(*reads, slices_type());
  write(with, endpoints_type(), correct_endpoints(endpoints, places), !endpoints.is_null());
  write(with, slices_type(), correct_slice(slice, places), !slice.is_null());
}

caf::behavior run_endpoints(caf::stateful_actor<actor_state>* self,
                            const server_endpoints::collaborators& with) {
  self->state.card = with.registry.enroll("servers", service);
  self->send(self, look{});
  return {[self, with](look) {
    self->state.card->handled("look", 0);
    look_at_servers(with, self->state);
    self->delayed_send(self, interval, look{});
  }};
}

} // namespace

struct server_endpoints::state {
  caf::actor keeper;
};

std::vector<api_place> api_places(const std::vector<std::string>& addresses) {
  std::vector<api_place> places;
  for (const std::string& each : addresses) {
    const std::size_t colon = each.rfind(':');
    if (colon == std::string::npos) continue;
    api_place place{each.substr(0, colon), 0};
    const char* const end = each.data() + each.size();
    const auto [at, fault] = std::from_chars(each.data() + colon + 1, end, place.port);
    const bool is_ipv4 = place.ip.find_first_not_of("0123456789.") == std::string::npos;
    if (fault != std::errc{} || at != end || place.port == 0 || !is_ipv4 || is_loopback(place.ip)) continue;
    places.push_back(std::move(place));
  }
  std::ranges::sort(places);
  const auto [first, last] = std::ranges::unique(places);
  places.erase(first, last);
  return places;
}

json kubernetes_endpoints(const std::vector<api_place>& places) {
  json object = named(endpoints_type(), {{"endpointslice.kubernetes.io/skip-mirror", "true"}});
  object["subsets"] = subsets_of(places);
  return object;
}

json kubernetes_slice(const std::vector<api_place>& places) {
  json object = named(slices_type(), {{"kubernetes.io/service-name", service}});
  object["addressType"] = "IPv4";
  object["endpoints"] = endpoints_of(places);
  object["ports"] = ports_of(places.front().port);
  return object;
}

std::optional<json> correct_endpoints(const json& stored, const std::vector<api_place>& places) {
  const json wanted = kubernetes_endpoints(places);
  return stored.is_null() ? wanted : with_fields(stored, wanted, {"subsets"});
}

std::optional<json> correct_slice(const json& stored, const std::vector<api_place>& places) {
  const json wanted = kubernetes_slice(places);
  return stored.is_null() ? wanted : with_fields(stored, wanted, {"endpoints", "ports"});
}

server_endpoints::server_endpoints(collaborators with) : state_(std::make_unique<state>()) {
  state_->keeper = with.system.spawn(run_endpoints, with);
}

server_endpoints::~server_endpoints() {
  caf::anon_send_exit(state_->keeper, caf::exit_reason::user_shutdown);
}

} // namespace actord::actors
