#include "cli/commands/command_session.hpp"

#include "cli/output/text_table.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/inspect.hpp"

#include <array>
#include <ostream>

namespace actord::cli {
namespace {

constexpr std::size_t shown_value_bytes = 160;

/// "deployments.apps hello/web"; a resource this build does not know is shown by its number.
std::string describe_key(const object_key& key) {
  std::string text;
  for (const auto& type : schema::resource_table()) {
    if (type.id != key.resource) continue;
    text = std::string(type.plural);
    if (!type.group.empty()) text += "." + std::string(type.group);
  }
  if (text.empty()) text = "resource " + std::to_string(key.resource.value);
  text += " ";
  return text + (key.space.empty() ? key.name : key.space + "/" + key.name);
}

void print_summary(std::ostream& output, const storage::store_summary& summary) {
  output << "cluster        " << summary.identity.cluster << "\n"
         << "member         " << summary.identity.member << "\n"
         << "term           " << summary.vote.term.value << ", voted for " << summary.vote.voted_for << "\n"
         << "log            " << summary.state.log_first.value << " to " << summary.log_last.value
         << ", applied " << summary.state.applied.value << "\n"
         << "revision       " << summary.state.last.value << ", history from "
         << summary.state.compacted.value + 1 << "\n"
         << "cluster time   " << schema::format_time(summary.state.time) << "\n"
         << "space          " << summary.space.used_bytes / 1024 << " KiB used of "
         << summary.space.map_bytes / (1024 * 1024) << " MiB\n\n";
  text_table tables({"TABLE", "ROWS"});
  for (const auto& table : summary.tables) tables.add({table.name, std::to_string(table.rows)});
  tables.print(output);
}

void print_log(std::ostream& output, const storage::store_inspector& store, std::uint64_t from) {
  store.entries(raft_index{from}, [&](const storage::inspected_entry& entry) {
    constexpr std::array<const char*, 4> kinds{"?", "batch", "barrier", "configuration"};
    output << "entry " << entry.index.value << "  term " << entry.term.value << "  "
           << kinds[std::min<std::size_t>(static_cast<std::size_t>(entry.kind), 3)] << "  "
           << entry.payload_bytes << " bytes";
    if (entry.kind == storage::entry_kind::command) output << "  " << schema::format_time(entry.batch.time);
    if (!entry.damage.empty()) output << "  DAMAGED: " << entry.damage;
    output << "\n";
    for (const auto& item : entry.items)
      output << "  " << item.at.value << "  "
             << (item.kind == storage::item_kind::put ? "put    " : "remove ") << describe_key(item.key)
             << "\n";
    return true;
  });
}

result<void> print_table(std::ostream& output, const storage::store_inspector& store,
                         const std::string& table) {
  const bool known = store.rows(table, {}, [&](std::string_view key, std::string_view value) {
    output << storage::printable(key) << "  " << value.size() << " bytes  "
           << storage::printable(value.substr(0, shown_value_bytes))
           << (value.size() > shown_value_bytes ? "…" : "") << "\n";
    return true;
  });
  if (known) return {};
  return error{.kind = error_kind::not_found, .message = "the store has no table \"" + table + "\""};
}

} // namespace

result<void> run_debug_store(command_session& session, const debug_store_command& command) {
  const auto store = storage::store_inspector::open(command.directory);
  if (!store) return store.error();
  std::ostream& output = session.context.output;
  if (command.check) {
    const auto faults = store->check();
    for (const auto& fault : faults) output << fault << "\n";
    if (faults.empty())
      output << "every object, index row and log entry agrees\n";
    else
      return error{.kind = error_kind::internal, .message = std::to_string(faults.size()) + " faults"};
  } else if (command.log_from) {
    print_log(output, *store, *command.log_from);
  } else if (!command.table.empty()) {
    return print_table(output, *store, command.table);
  } else {
    print_summary(output, store->summary());
  }
  return {};
}

} // namespace actord::cli
