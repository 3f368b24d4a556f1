#include "actors/controllers/event_recorder.hpp"

#include "actors/objects/object_router.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

namespace actord::actors {

namespace {

constexpr std::size_t most_under_way = 256;
constexpr std::size_t most_remembered = 4096;
constexpr std::size_t most_messages = 10;
constexpr auto combine_window = std::chrono::minutes(10);
constexpr auto forget_after = std::chrono::minutes(30);

using source_id = std::tuple<std::string, std::string, std::string, std::string, bool>;
using entry_id = std::pair<source_id, std::string>;

source_id source_of(const object_event& what) {
  return {what.uid + '/' + what.regarding.name + '/' + what.field_path, what.reason, what.component,
          what.host, what.warning};
}

struct entry {
  object_event what;
  std::string name;
  wall_time first, last;
  std::uint64_t count = 0;
  std::uint64_t written = 0; ///< count as the API knows it, 0 while it does not exist
  bool under_way = false;
};

/// Messages of one source within the window.
struct message_window {
  wall_time begin;
  std::set<std::string> messages;
};

json event_body(const entry& of, const std::string& space) {
  const object_event& what = of.what;
  json regarding{{"name", what.regarding.name}};
  if (const auto type = schema::resource_of(what.regarding.resource))
    regarding.update({{"apiVersion", type->api_version()}, {"kind", type->kind}});
  if (!what.regarding.space.empty()) regarding["namespace"] = what.regarding.space;
  if (!what.uid.empty()) regarding["uid"] = what.uid;
  if (!what.field_path.empty()) regarding["fieldPath"] = what.field_path;
  json source{{"component", what.component}};
  if (!what.host.empty()) source["host"] = what.host;
  return {{"apiVersion", "v1"},
          {"kind", "Event"},
          {"metadata", {{"name", of.name}, {"namespace", space}}},
          {"involvedObject", std::move(regarding)},
          {"type", what.warning ? "Warning" : "Normal"},
          {"reason", what.reason},
          {"message", what.message},
          {"source", std::move(source)},
          {"reportingComponent", what.component},
          {"reportingInstance", what.host},
          {"firstTimestamp", schema::format_time(of.first)},
          {"lastTimestamp", schema::format_time(of.last)},
          {"count", of.count}};
}

json count_patch(const entry& of) {
  return {{"count", of.count}, {"lastTimestamp", schema::format_time(of.last)}, {"message", of.what.message}};
}

/// As in Kubernetes: lists of an object's Events come in the order in which they were recorded.
std::string event_name(const std::string& object, std::uint64_t nanoseconds) {
  return fmt::format("{}.{:016x}", object, nanoseconds);
}

} // namespace

struct event_recorder::state : std::enable_shared_from_this<state> {
  explicit state(collaborators given) : with(given) {}

  void record(object_event what) {
    std::unique_lock lock(mutex);
    const wall_time now = with.clock.wall_now();
    combine(what, now);
    if (entries.size() >= most_remembered) forget(now);
    entry_id id{source_of(what), what.message};
    if (!entries.contains(id) && (entries.size() >= most_remembered || under_way >= most_under_way)) {
      ++shed_count;
      return;
    }
    entry& found = entries[id];
    if (found.count == 0) {
      named_at = std::max(named_at + 1, static_cast<std::uint64_t>(now.time_since_epoch().count()));
      found.name = event_name(what.regarding.name, named_at);
      found.first = now;
    }
    found.what = std::move(what);
    found.last = now;
    ++found.count;
    write(id, found, lock);
  }

  /// From the eleventh different message on, one event stands for all.
  void combine(object_event& what, wall_time now) {
    message_window& window = windows[source_of(what)];
    if (now - window.begin > combine_window) window = {now, {}};
    if (window.messages.size() >= most_messages && !window.messages.contains(what.message))
      what.message = "(combined from similar events)";
    window.messages.insert(what.message);
  }

  void forget(wall_time now) {
    std::erase_if(entries, [&](const auto& item) {
      return !item.second.under_way && now - item.second.last > forget_after;
    });
    std::erase_if(windows, [&](const auto& item) { return now - item.second.begin > combine_window; });
  }

  /// One write of an entry at a time: what happens meanwhile is written when it is answered. Unlocks.
  void write(const entry_id& id, entry& of, std::unique_lock<std::mutex>& lock) {
    if (stopped || of.under_way || of.written == of.count) return;
    of.under_way = true;
    ++under_way;
    const std::string space = of.what.regarding.space.empty() ? "default" : of.what.regarding.space;
    write_command command;
    command.verb = of.written == 0 ? write_verb::create : write_verb::patch;
    command.key = {schema::builtin("", "events").id, space, of.name};
    command.body = (of.written == 0 ? event_body(of, space) : count_patch(of)).dump();
    command.patch = schema::patch_format::merge_patch;
    command.field_manager = of.what.component;
    command.only_in_term = with.term;
    command.caller = {
        .user = "system:" + of.what.component, .uid = {}, .groups = {"system:masters"}, .extra = {}};
    command.cause = {of.what.component, "event", "", revision(), of.what.reason};
    command.done = [self = shared_from_this(), id, count = of.count](const result<write_answer>& answer) {
      self->answered(id, count, answer);
    };
    lock.unlock();
    with.router.submit(std::move(command));
  }

  void answered(const entry_id& id, std::uint64_t count, const result<write_answer>& answer) {
    std::unique_lock lock(mutex);
    --under_way;
    const auto found = entries.find(id);
    if (found == entries.end()) return;
    found->second.under_way = false;
    if (answer) {
      found->second.written = count;
      write(id, found->second, lock);
    } else {
      // Its hour is over, or its namespace is: the next time begins a new one.
      if (answer.error().kind != error_kind::not_found) ++shed_count;
      entries.erase(found);
    }
  }

  const collaborators with;
  mutable std::mutex mutex;
  std::map<entry_id, entry> entries;
  std::map<source_id, message_window> windows;
  std::size_t under_way = 0;
  bool stopped = false;       ///< the router may be gone: answers still come
  std::uint64_t named_at = 0; ///< what the last name was made of: no two are equal
  std::uint64_t shed_count = 0;
};

event_recorder::event_recorder(collaborators with) : state_(std::make_shared<state>(with)) {}

event_recorder::~event_recorder() {
  const std::lock_guard lock(state_->mutex);
  state_->stopped = true;
}

void event_recorder::record(object_event what) { state_->record(std::move(what)); }

std::uint64_t event_recorder::shed() const {
  const std::lock_guard lock(state_->mutex);
  return state_->shed_count;
}

} // namespace actord::actors
