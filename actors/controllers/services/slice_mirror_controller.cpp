#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "actors/controllers/services/slice_mirror.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/service_view.hpp"

namespace actord::actors {
namespace {

constexpr std::string_view service_label = "kubernetes.io/service-name";
constexpr std::string_view manager_label = "endpointslice.kubernetes.io/managed-by";
constexpr std::string_view manager = "endpointslicemirroring-controller.k8s.io";

class slice_mirror_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "endpointslicemirroring"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {endpoints_, services_, slices_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, endpoints_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    if (event.key.resource != slices_) {
      keys.push_back({endpoints_, event.key.space, event.key.name});
      return;
    }
    const auto slice = schema::object_view::open(*event.value);
    if (slice && is_ours(*slice)) keys.push_back({endpoints_, event.key.space, service_of(*slice)});
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    mirror_state state;
    state.key = input.key;
    if (const auto endpoints = schema::object_view::open(input.state.get(input.key)))
      state.endpoints = json::parse(endpoints->text(), nullptr, false);
    const auto service =
        read_view(input.state, {services_, input.key.space, input.key.name}, schema::parse_service);
    state.mirrors = state.endpoints && !refuses_mirror(*state.endpoints) && service &&
                    service->view.selector.empty() && !service->view.meta.being_deleted();
    for (const object_key& key :
         input.state.labelled(slices_, input.key.space, service_label, input.key.name))
      if (const auto slice = schema::object_view::open(input.state.get(key));
          slice && is_ours(*slice) && !slice->being_deleted())
        state.slices.push_back({json::parse(slice->text(), nullptr, false), slice->at()});
    return actors::reconcile(state);
  }

private:
  static bool is_ours(const schema::object_view& slice) {
    bool found = false;
    return slice.label(manager_label, found) == manager && found;
  }

  static std::string service_of(const schema::object_view& slice) {
    bool found = false;
    return std::string(slice.label(service_label, found));
  }

  const resource_id endpoints_ = schema::builtin("", "endpoints").id;
  const resource_id services_ = schema::builtin("", "services").id;
  const resource_id slices_ = schema::builtin("discovery.k8s.io", "endpointslices").id;
};

} // namespace

std::unique_ptr<controller_kind> slice_mirror_controller() { return std::make_unique<slice_mirror_kind>(); }

} // namespace actord::actors
