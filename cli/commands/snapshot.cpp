#include "actors/cluster/cluster_snapshot.hpp"
#include "cli/commands/command_session.hpp"
#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/base/timestamp.hpp"

#include <array>
#include <fmt/format.h>
#include <ostream>

namespace actord::cli {
namespace {

/// "3.2 MiB"
std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> units{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < units.size(); ++unit) size /= 1024;
  return fmt::format("{:.1f} {}", size, units.at(unit));
}

std::string hash_text(const storage::snapshot_facts& facts) { return fmt::format("{:016x}", facts.hash); }

void print(std::ostream& output, const actors::cluster_snapshot& saved) {
  const storage::snapshot_facts& facts = saved.facts;
  output << "Cluster:      " << facts.cluster << "\n"
         << "Revision:     " << facts.last.value << "\n"
         << "Last write:   " << schema::format_time(facts.time) << "\n"
         << "Objects:      " << facts.objects << "\n"
         << "Size:         " << size_text(facts.bytes) << "\n"
         << "State hash:   " << hash_text(facts) << "\n"
         << "Keys:         in it, sealed with the master key\n"
         << "Master key:   "
         << (saved.has_master_key ? "in it: keep the file as safe as the cluster"
                                  : "not in it: keep a copy of a server's pki/master.key apart from it")
         << "\n";
}

json as_json(const actors::cluster_snapshot& saved) {
  const storage::snapshot_facts& facts = saved.facts;
  return {{"cluster", facts.cluster},
          {"revision", facts.last.value},
          {"lastWrite", schema::format_time(facts.time)},
          {"objects", facts.objects},
          {"rows", facts.rows},
          {"bytes", facts.bytes},
          {"stateHash", hash_text(facts)},
          {"raftIndex", facts.index.value},
          {"raftTerm", facts.term.value},
          {"hasMasterKey", saved.has_master_key}};
}

} // namespace

result<void> run_snapshot_save(command_session& session, const snapshot_save_command& command) {
  const auto saved = actors::save_cluster(command.data_dir, command.file, command.with_master_key);
  if (!saved) return saved.error();
  session.context.output << "saved to " << command.file << "\n";
  print(session.context.output, *saved);
  return {};
}

result<void> run_snapshot_inspect(command_session& session, const snapshot_inspect_command& command) {
  const auto found = actors::inspect_cluster(command.file);
  if (!found) return found.error();
  if (command.output == "json")
    session.context.output << as_json(*found).dump(2) << "\n";
  else
    print(session.context.output, *found);
  return {};
}

result<void> run_snapshot_restore(command_session& session, const snapshot_restore_command& command) {
  const auto restored = actors::restore_cluster(
      {.file = command.file, .data_dir = command.data_dir, .master_key_file = command.master_key},
      system_random_source());
  if (!restored) return restored.error();
  session.context.output
      << "restored " << restored->facts.objects << " objects at revision " << restored->facts.last.value
      << " into " << command.data_dir << "\n"
      << "next: start its first server there with the flags of the old ones (not --join):\n"
      << "  actord --data-dir " << command.data_dir << "\n"
      << "Every other machine joins anew, with an empty data directory and a new token "
         "(actctl token create).\n";
  return {};
}

} // namespace actord::cli
