#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "actors/definitions/definition_reconciler.hpp"
#include "actors/definitions/resource_numbers.hpp"
#include "schema/custom/definition.hpp"
#include "schema/tables/custom_rows.hpp"

namespace actord::actors {
namespace {

class definition_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "custom-resource-definition"; }
  /// Everything: the objects of a definition that is being deleted are of many kinds.
  [[nodiscard]] std::vector<resource_id> watches() const override { return {}; }
  [[nodiscard]] std::chrono::milliseconds patience() const override { return std::chrono::milliseconds(5); }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, definitions_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == definitions_) {
      keys.push_back(event.key);
      if (!frees_names(event)) return;
      // Whoever waits for them is in the same group.
      const auto group = group_of(event.key.name);
      each_object(now, definitions_, "", [&](const schema::object_view& other) {
        if (other.name() != event.key.name && group_of(other.name()) == group) keys.push_back(other.key());
      });
      return;
    }
    if (event.key.resource.value < schema::first_stored_number || event.kind != storage::event_kind::removed)
      return;
    const auto row = schema::resource_of(event.key.resource);
    if (row == nullptr || row->custom == nullptr) return;
    object_key key{definitions_, "", row->custom->definition->name()};
    const auto definition = schema::object_view::open(now.get(key));
    if (definition && definition->being_deleted()) keys.push_back(std::move(key));
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto definition = read_view(input.state, input.key, schema::parse_definition);
    if (!definition) return {};
    definition_state state;
    state.key = input.key;
    state.definition = std::move(*definition);
    if (state.definition.view.meta.being_deleted()) {
      read_instances(input.state, state);
    } else if (state.definition.view.wanted != state.definition.view.accepted) {
      each_object(input.state, definitions_, "", [&](const schema::object_view& other) {
        if (other.name() != input.key.name && group_of(other.name()) == state.definition.view.group)
          state.neighbours.push_back(schema::parse_definition(other.text()));
      });
    }
    return actors::reconcile(state, input.now);
  }

private:
  static bool frees_names(const storage::store_event& event) {
    if (event.kind == storage::event_kind::removed) return true;
    if (!event.previous) return false;
    const auto before = view_of(*event.previous, schema::parse_definition);
    const auto after = view_of(*event.value, schema::parse_definition);
    return before && after && before->view.accepted != after->view.accepted &&
           before->view.accepted != schema::definition_names{};
  }

  /// A definition is named "plural.group".
  static std::string_view group_of(std::string_view name) {
    const auto dot = name.find('.');
    return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
  }

  static void read_instances(const storage::snapshot& now, definition_state& state) {
    const number_book book = read_number_book(now.get(number_book_key()));
    const auto number = book.find(state.key.name);
    if (number == book.end()) return;
    each_object(now, number->second, "", [&](const schema::object_view& object) {
      state.instances.push_back({object.key(), std::string(object.uid()), object.being_deleted()});
    });
  }

  const resource_id definitions_ = schema::builtin("apiextensions.k8s.io", "customresourcedefinitions").id;
};

} // namespace

std::unique_ptr<controller_kind> definition_controller() { return std::make_unique<definition_kind>(); }

} // namespace actord::actors
