#include "schema/write/finish_write.hpp"

#include "schema/patch/field_manager.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/write/complete_object.hpp"
#include "schema/write/object_metadata.hpp"
#include "schema/write/untouchable_fields.hpp"

#include <map>
#include <mutex>
#include <shared_mutex>

namespace actord::schema {
namespace {

void add_warning(std::vector<std::string>& warnings, std::string text) {
  if (!text.empty()) warnings.push_back(std::move(text));
}

result<void> run(const admission_step* step, json& object, const json* old) {
  return step == nullptr || !*step ? result<void>{} : (*step)(object, old);
}

/// "apps/v1" of a resource, kept: the writer only looks at it.
std::string_view api_version_of(const resource_type& type) {
  static std::shared_mutex guard;
  static std::map<std::pair<std::string, std::string>, std::string, std::less<>> known;
  const std::pair<std::string, std::string> key(type.group, type.version);
  {
    const std::shared_lock reading(guard);
    const auto found = known.find(key);
    if (found != known.end()) return found->second;
  }
  const std::unique_lock writing(guard);
  return known.emplace(key, type.api_version()).first->second;
}

} // namespace

field_writer writer_of(const versioned_context& context) {
  return {*context.type.type,  context.field_manager, api_version_of(context.type),
          context.subresource, context.now,           untouchable_fields(context.type, context.subresource),
          context.versions};
}

result<prepared_write> finish_create(const versioned_context& context, json object,
                                     std::vector<std::string> warnings, ownership_state owned) {
  const kind_rules& rules = rules_of(context.type);
  const rule_context rule{context.type, context.subresource, context.now, context.random};
  if (owned == ownership_state::to_track) {
    clear_system_metadata(object);
    if (auto settled = settle_namespace(context.type, context.space, object); !settled)
      return std::move(settled).error();
    add_warning(warnings, drop_repeated_owners(object, false));
    track_update(writer_of(context), nullptr, object);
  }
  if (auto done = run(context.mutate, object, nullptr); !done) return std::move(done).error();
  add_warning(warnings, drop_repeated_owners(object, true));

  // Reviews and bindings are answered, not kept.
  if (context.type.has(verb::get)) fill_system_metadata(object, context.now, context.random);
  if (rules.prepare_create != nullptr) rules.prepare_create(object, rule);
  if (auto refused = check_create(object, rule)) return std::move(*refused);
  if (rules.warn != nullptr) rules.warn(object, nullptr, warnings);
  if (auto done = run(context.admit, object, nullptr); !done) return std::move(done).error();

  const std::string revision = metadata_text(object, "resourceVersion");
  if (!revision.empty() && revision != "0")
    return error{
        error_kind::internal, "resourceVersion should not be set on objects to be created", {}, {}, 0};
  object["metadata"].erase("resourceVersion");
  complete_object(*context.type.type, object);
  return prepared_write{std::move(object), true, std::move(warnings), {}, {}};
}

result<prepared_write> finish_update(const versioned_context& context, json object, const json& current,
                                     std::vector<std::string> warnings, ownership_state owned) {
  const kind_rules& rules = rules_of(context.type);
  const rule_context rule{context.type, context.subresource, context.now, context.random};
  prepared_write prepared;
  prepared.expected_revision = metadata_text(object, "resourceVersion");
  if (prepared.expected_revision == "0") prepared.expected_revision.clear();
  prepared.expected_uid = metadata_text(object, "uid");
  if (owned == ownership_state::to_track) track_update(writer_of(context), &current, object);
  if (auto done = run(context.mutate, object, &current); !done) return std::move(done).error();
  add_warning(warnings, drop_repeated_owners(object, true));
  if (auto fits = check_update_preconditions(context.type, object, current); !fits)
    return std::move(fits).error();

  if (rules.prepare_update != nullptr) rules.prepare_update(object, current, rule);
  keep_system_metadata(object, current);
  const std::string stored_revision = metadata_text(current, "resourceVersion");
  if (!stored_revision.empty()) object["metadata"]["resourceVersion"] = stored_revision;
  if (auto refused = check_update(object, current, rule)) return std::move(*refused);
  if (rules.warn != nullptr) rules.warn(object, &current, warnings);
  if (auto done = run(context.admit, object, &current); !done) return std::move(done).error();

  complete_object(*context.type.type, object);
  prepared.changed = differ_beyond_times(current, object);
  if (!prepared.changed) object = current;
  object["metadata"].erase("resourceVersion");
  prepared.object = std::move(object);
  prepared.warnings = std::move(warnings);
  return prepared;
}

} // namespace actord::schema
