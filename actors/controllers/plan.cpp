#include "actors/controllers/plan.hpp"

#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {

namespace {

std::string name_of(const object_key& key) {
  const auto type = schema::resource_of(key.resource);
  std::string out(type == nullptr ? "(unknown)" : type->plural);
  out += ' ';
  if (!key.space.empty()) out += key.space + '/';
  return out + (key.name.empty() ? "(generated)" : key.name);
}

std::string note_of(const std::string& note) { return note.empty() ? std::string() : "  # " + note; }

std::string line_of(const planned_event& event) {
  return std::string(event.warning ? "warning " : "event ") + event.reason + ": " + event.message + '\n';
}

std::string line_of(const std::optional<planned_event>& event) { return event ? "  " + line_of(*event) : ""; }

} // namespace

std::string describe(const plan& what) {
  std::string out = "verdict " + what.verdict + '\n';
  for (const auto& item : what.create)
    out += "create " + name_of(item.key) + note_of(item.note) + "\n  " + item.body.dump() + '\n' +
           line_of(item.announce);
  for (const auto& item : what.patch)
    out += "patch " + name_of(item.key) + (item.subresource.empty() ? "" : ' ' + item.subresource) +
           note_of(item.note) + "\n  " + item.patch.dump() + '\n' + line_of(item.announce);
  for (const auto& item : what.remove)
    out += "remove " + name_of(item.key) + note_of(item.note) + '\n' + line_of(item.announce);
  for (const auto& item : what.events) out += line_of(item);
  if (what.requeue_at) out += "again at " + schema::format_time(*what.requeue_at) + '\n';
  return out;
}

} // namespace actord::actors
