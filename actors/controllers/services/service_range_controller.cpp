#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "actors/controllers/services/service_range_reconciler.hpp"
#include "actors/objects/service_ranges.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

class service_range_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "service-cidr"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {ranges_, addresses_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, ranges_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == ranges_) {
      keys.push_back(event.key);
      // One more range may take the addresses of one that waits for them.
      if (event.kind == storage::event_kind::added) leaving(now, "", keys);
    } else if (event.kind == storage::event_kind::removed) {
      leaving(now, event.key.name, keys);
    }
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto range = read_view(input.state, input.key, schema::parse_service_range);
    if (!range) return {};
    service_range_state state{input.key, std::move(*range), {}};
    if (state.range.view.meta.being_deleted()) state.orphan = orphan_of(input.state, state.range.view);
    return actors::reconcile(state, input.now);
  }

private:
  /// Those that are being deleted and have the address, all of them when it is empty.
  void leaving(const storage::snapshot& now, const std::string& address,
               std::vector<object_key>& keys) const {
    each_object(now, ranges_, "", [&](const schema::object_view& range) {
      if (range.being_deleted() &&
          (address.empty() || holds(schema::parse_service_range(range.text()), address)))
        keys.push_back(range.key());
    });
  }

  [[nodiscard]] std::string orphan_of(const storage::snapshot& now,
                                      const schema::service_range_view& leaving_one) const {
    std::vector<schema::service_range_view> staying;
    each_object(now, ranges_, "", [&](const schema::object_view& range) {
      if (!range.being_deleted()) staying.push_back(schema::parse_service_range(range.text()));
    });
    std::string out;
    now.scan(addresses_, "", [&](std::string_view bytes) {
      const auto object = schema::object_view::open(bytes);
      bool is_labelled = false;
      if (!object || object->label(address_manager_label, is_labelled) != address_manager) return true;
      const std::string name(object->name());
      const auto has_it = [&](const schema::service_range_view& range) { return holds(range, name); };
      if (!has_it(leaving_one) || std::ranges::any_of(staying, has_it)) return true;
      out = name;
      return false;
    });
    return out;
  }

  const resource_id ranges_ = schema::builtin("networking.k8s.io", "servicecidrs").id;
  const resource_id addresses_ = schema::builtin("networking.k8s.io", "ipaddresses").id;
};

} // namespace

std::unique_ptr<controller_kind> service_range_controller() { return std::make_unique<service_range_kind>(); }

} // namespace actord::actors
