#include "actors/objects/first_outcome.hpp"

#include "schema/tables/resource_table.hpp"

#include <limits>

namespace actord::actors {
namespace {

resource_id stored_resource(const write_command& command) {
  const auto type = schema::resource_of(command.key.resource);
  return type == nullptr ? command.key.resource : type->stored_as;
}

/// The event of exactly that revision, if it is one of the command's object.
result<std::optional<storage::store_event>> event_at(storage::store& store, const write_command& command,
                                                     revision at) {
  auto cursor = store.watch({stored_resource(command), command.key.space, command.key.name},
                            revision{at.value - 1}, [] {});
  if (!cursor) return cursor.error();
  auto events = (*cursor)->next(1);
  if (!events) return events.error();
  if (events->empty() || events->front().at != at) return std::optional<storage::store_event>();
  return std::optional(events->front());
}

} // namespace

storage::transaction earlier_try(const write_command& command) {
  storage::transaction probe;
  probe.request_id = command.request_id;
  storage::object_change never{
      {stored_resource(command), command.key.space, command.key.name.empty() ? "unnamed" : command.key.name},
      {},
      storage::keep_value{}};
  never.require.at = revision{std::numeric_limits<std::uint64_t>::max()};
  probe.changes.push_back(std::move(never));
  return probe;
}

bool is_no_earlier_try(const storage::refused& refusal) {
  const error_kind kind = refusal.why.kind;
  return kind == error_kind::conflict || kind == error_kind::not_found || kind == error_kind::already_exists;
}

result<write_answer> outcome_at(storage::store& store, const write_command& command,
                                const std::vector<revision>& revisions) {
  for (const revision at : revisions) {
    if (at.value == 0) continue;
    auto event = event_at(store, command, at);
    if (!event || !*event) continue;
    write_answer answer;
    answer.stored = (*event)->value;
    answer.created = (*event)->kind == storage::event_kind::added;
    answer.removed = (*event)->kind == storage::event_kind::removed;
    return answer;
  }
  return error{.kind = error_kind::timeout,
               .message = "the request took effect; what it made of the object is no longer kept",
               .causes = {},
               .subject = error_subject{},
               .retry_after_s = 0};
}

} // namespace actord::actors
