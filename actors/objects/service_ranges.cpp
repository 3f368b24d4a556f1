#include "actors/objects/service_ranges.hpp"

#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

constexpr std::string_view first_range = "kubernetes";

/// Offset 1 of the first range alone belongs to somebody from the start.
bool has_free(const service_network& network, const std::function<bool(const std::string&)>& is_taken) {
  for (std::uint32_t offset = 2; offset + 1 < network.size(); ++offset)
    if (!is_taken(network.address(offset))) return true;
  return false;
}

std::string wanted_address(const json& service) {
  const auto spec = service.find("spec");
  if (spec == service.end()) return {};
  const auto found = spec->find("clusterIP");
  return found != spec->end() && found->is_string() ? found->get<std::string>() : std::string();
}

} // namespace

std::optional<service_network> usable_block(const schema::service_range_view& range) {
  for (const std::string& block : range.blocks)
    if (auto network = service_network::parse(block)) return std::move(network).value();
  return std::nullopt;
}

std::vector<further_range> further_ranges(const storage::snapshot& now) {
  std::vector<further_range> out;
  now.scan(schema::builtin("networking.k8s.io", "servicecidrs").stored_as, "", [&](std::string_view bytes) {
    const auto object = schema::object_view::open(bytes);
    if (!object || object->name() == first_range || object->being_deleted()) return true;
    const auto range = schema::parse_service_range(object->text());
    if (!range.meta.has_finalizer(range_finalizer)) return true;
    if (const auto block = usable_block(range)) out.push_back({*block, object->key(), object->at()});
    return true;
  });
  return out;
}

const further_range* choose_range(const json& service, const service_network& first,
                                  const std::vector<further_range>& further,
                                  const std::function<bool(const std::string&)>& is_taken) {
  if (further.empty()) return nullptr;
  if (const std::string wish = wanted_address(service); !wish.empty()) {
    const auto number = parse_ipv4(wish);
    if (!number || first.contains(*number)) return nullptr;
    const auto found = std::ranges::find_if(
        further, [&](const further_range& one) { return one.network.contains(*number); });
    return found == further.end() ? nullptr : &*found;
  }
  if (has_free(first, is_taken)) return nullptr;
  const auto found = std::ranges::find_if(
      further, [&](const further_range& one) { return has_free(one.network, is_taken); });
  return found == further.end() ? nullptr : &*found;
}

} // namespace actord::actors
