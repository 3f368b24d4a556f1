#include "actors/admission/resource_quota.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/policy/quota_reconciler.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/tables/custom_rows.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <set>

namespace actord::actors {

namespace {

using schema::rules::field;

/// Everything of a quota but status.used, which comes last in its text and is all that charges change.
std::string_view but_used(std::string_view text) {
  const std::size_t at = text.rfind(",\"used\":{");
  return at == std::string_view::npos ? text : text.substr(0, at);
}

bool only_charged(const storage::store_event& event) {
  if (event.kind != storage::event_kind::modified || !event.previous) return false;
  const auto now = schema::object_view::open(*event.value);
  const auto before = schema::object_view::open(*event.previous);
  return now && before && but_used(now->text()) == but_used(before->text());
}

/// Keys are quotas.
class quota_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "resourcequota"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {quotas_.id}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, quotas_.id, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    if (event.kind != storage::event_kind::removed && !only_charged(event)) keys.push_back(event.key);
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    const auto object = schema::object_view::open(input.state.get(input.key));
    if (!object || object->being_deleted()) return {};
    const json quota = object->to_json(quotas_);
    const field status = field(quota).at("status");
    quota_state state{.key = input.key,
                      .uid = std::string(object->uid()),
                      .hard = field(quota).at("spec").at("hard").value(),
                      .noted_hard = status.at("hard").value(),
                      .noted_used = status.at("used").value(),
                      .counted = {}};
    if (state.hard.is_null()) state.hard = json::object();
    if (state.noted_hard.is_null()) state.noted_hard = json::object();
    if (state.noted_used.is_null()) state.noted_used = json::object();
    count(input, quota, state);
    return actors::reconcile(state, input.now);
  }

private:
  void count(const reconcile_input& input, const json& quota, quota_state& state) const {
    std::set<std::uint16_t> seen; // some resources are views of the same objects
    std::set<std::string> spoken_of;
    const auto look_at = [&](const schema::resource_type& type) {
      if (!quotas_count(type)) return;
      const counted_kind kind = counted_kind::of(type);
      bool limited = false;
      for (const auto& [name, limit] : state.hard.items())
        if (speaks_of(name, kind)) {
          limited = true;
          spoken_of.insert(name);
        }
      if (limited && seen.insert(type.stored_as.value).second) add(input, quota, type, state);
    };
    for (const schema::resource_type& type : schema::resource_table()) look_at(type);
    const auto custom = schema::custom_rows::current();
    for (const schema::resource_handle& type : custom->served()) look_at(*type);
    // Of kinds unknown here only what was charged is known.
    for (const auto& [name, limit] : state.hard.items())
      if (const field noted = field(state.noted_used).entry(name);
          !spoken_of.contains(name) && noted.is_text())
        if (const auto amount = schema::quantity::parse(noted.text())) state.counted[name] = *amount;
  }

  static void add(const reconcile_input& input, const json& quota, const schema::resource_type& type,
                  quota_state& state) {
    const bool plain = !type.group.empty() || (type.plural != "pods" && type.plural != "services" &&
                                               type.plural != "persistentvolumeclaims");
    if (plain) {
      const counted_object one = count_object(counted_kind::of(type), json::object());
      if (!in_scope(quota, one)) return;
      const auto all = static_cast<std::int64_t>(input.state.count(type.stored_as, state.key.space));
      for (const auto& [name, amount] : one.usage) state.counted[name] = schema::quantity::of_units(all);
      return;
    }
    const counted_kind kind = counted_kind::of(type);
    each_object(input.state, type.stored_as, state.key.space, [&](const schema::object_view& object) {
      const counted_object one = count_object(kind, object.to_json(type));
      if (!in_scope(quota, one)) return;
      for (const auto& [name, amount] : one.usage) state.counted[name] += amount_of(one, name, input.now);
      if (!one.released_at || *one.released_at < input.now) return;
      if (!state.next_release || *one.released_at < *state.next_release) state.next_release = one.released_at;
    });
  }

  const schema::resource_type& quotas_ = schema::builtin("", "resourcequotas");
};

} // namespace

std::unique_ptr<controller_kind> quota_controller() { return std::make_unique<quota_kind>(); }

} // namespace actord::actors
