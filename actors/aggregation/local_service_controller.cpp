#include "actors/aggregation/local_services.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/custom/definition_view.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

class local_service_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "api-service-registration"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {services_, definitions_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    for (const local_service& one : builtin_services()) keys.push_back(key_of(one.group, one.version));
    each_object(now, definitions_, "",
                [&](const schema::object_view& object) { keys_of(object.text(), keys); });
    all_keys_of(now, services_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == services_) return keys.push_back(event.key);
    for (const auto& bytes : {event.value, event.previous}) {
      if (!bytes) continue;
      if (const auto object = schema::object_view::open(*bytes)) keys_of(object->text(), keys);
    }
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    local_service_state state;
    state.key = input.key;
    state.stored = read_view(input.state, input.key, schema::parse_api_service);
    state.wanted = wanted(input.state, input.key.name);
    return actors::reconcile(state, input.now);
  }

private:
  [[nodiscard]] object_key key_of(std::string_view group, std::string_view version) const {
    return {services_, "", api_service_name(group, version)};
  }

  void keys_of(std::string_view definition, std::vector<object_key>& keys) const {
    const auto view = schema::parse_definition(definition);
    for (const std::string& version : view.served) keys.push_back(key_of(view.group, version));
  }

  [[nodiscard]] std::optional<local_service> wanted(const storage::snapshot& now,
                                                    const std::string& name) const {
    for (const local_service& one : builtin_services())
      if (api_service_name(one.group, one.version) == name) return one;
    const auto dot = name.find('.');
    if (dot == std::string::npos) return {};
    const std::string version = name.substr(0, dot);
    const std::string group = name.substr(dot + 1);
    bool served = false;
    each_object(now, definitions_, "", [&](const schema::object_view& object) {
      // A definition is named "plural.group".
      if (served || !object.name().ends_with(group)) return;
      const auto view = schema::parse_definition(object.text());
      served = view.group == group && std::ranges::find(view.served, version) != view.served.end();
    });
    if (!served) return {};
    return custom_service(group, version);
  }

  const resource_id services_ = schema::builtin(api_service_group, "apiservices").stored_as;
  const resource_id definitions_ =
      schema::builtin("apiextensions.k8s.io", "customresourcedefinitions").stored_as;
};

} // namespace

std::unique_ptr<controller_kind> local_service_controller() { return std::make_unique<local_service_kind>(); }

} // namespace actord::actors
