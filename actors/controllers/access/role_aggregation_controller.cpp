#include "actors/controllers/access/role_aggregation.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

/// Most roles gather nothing: the text tells without a parse.
bool may_aggregate(const schema::object_view& role) {
  return role.text().find("\"aggregationRule\"") != std::string_view::npos;
}

bool selects(const schema::role_view& role, const schema::text_map& labels) {
  return std::ranges::any_of(role.aggregates, [&](const auto& selector) { return selector.matches(labels); });
}

class role_aggregation_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "clusterrole-aggregation"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {roles_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    each_object(now, roles_, {}, [&](const schema::object_view& role) {
      if (may_aggregate(role)) keys.push_back(role.key());
    });
  }

  /// A role that comes, goes or changes matters to those that select it as it was or as it is.
  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    std::vector<schema::text_map> labels;
    for (const shared_bytes& side : {event.value, event.previous})
      if (side)
        if (const auto view = schema::object_view::open(*side)) labels.push_back(labels_of(*view));
    each_object(now, roles_, {}, [&](const schema::object_view& role) {
      if (!may_aggregate(role)) return;
      const schema::role_view parsed = schema::parse_role(role.text());
      if (role.key() == event.key ||
          std::ranges::any_of(labels, [&](const schema::text_map& each) { return selects(parsed, each); }))
        keys.push_back(role.key());
    });
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto role = read_view(input.state, input.key, schema::parse_role);
    if (!role || role->view.aggregates.empty() || role->view.meta.being_deleted()) return {};
    aggregation_view view{input.key, std::move(*role), {}};
    each_object(input.state, roles_, {}, [&](const schema::object_view& other) {
      if (other.key() != input.key && selects(view.role.view, labels_of(other)))
        view.selected.push_back(schema::parse_role(other.text()));
    });
    return reconcile_aggregation(view);
  }

private:
  const resource_id roles_ = schema::builtin("rbac.authorization.k8s.io", "clusterroles").stored_as;
};

} // namespace

std::unique_ptr<controller_kind> role_aggregation_controller() {
  return std::make_unique<role_aggregation_kind>();
}

} // namespace actord::actors
