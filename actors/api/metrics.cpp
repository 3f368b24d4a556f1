#include "actors/api/metrics.hpp"

#include "storage/store.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr std::array<std::string_view, 10> verb_names{
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "path", "other"};

} // namespace

std::size_t api_metrics::index_of(std::string_view verb) {
  const auto* found = std::ranges::find(verb_names, verb);
  return found == verb_names.end() ? verb_names.size() - 1
                                   : static_cast<std::size_t>(found - verb_names.begin());
}

void api_metrics::count(std::string_view verb, int code) {
  const auto column = static_cast<std::size_t>(std::clamp(code, 0, static_cast<int>(code_count) - 1));
  verbs_[index_of(verb)].codes[column].fetch_add(1, std::memory_order_relaxed);
}

std::string api_metrics::text(const storage::store_status& store,
                              std::span<const storage::cluster_member> members,
                              std::size_t connections) const {
  std::string out = "# HELP actord_http_requests_total Requests answered, by verb and code.\n"
                    "# TYPE actord_http_requests_total counter\n";
  for (std::size_t verb = 0; verb < verb_names.size(); ++verb)
    for (std::size_t code = 0; code < code_count; ++code)
      if (const std::uint64_t count = verbs_[verb].codes[code].load(std::memory_order_relaxed); count > 0)
        out += fmt::format("actord_http_requests_total{{verb=\"{}\",code=\"{}\"}} {}\n", verb_names[verb],
                           code, count);
  out += requests_.text() + process_metrics_text();
  const auto gauge = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", name, help, value);
  };
  gauge("actord_http_connections", "Open connections.", connections);
  gauge("actord_store_revision", "Newest applied revision.", store.last.value);
  gauge("actord_store_compacted_revision", "History below is gone.", store.compacted.value);
  gauge("actord_store_leading", "1 while this member leads.", store.leading ? 1 : 0);
  gauge("actord_store_members", "Servers of the cluster.", members.size());
  gauge("actord_store_voters", "Servers whose word counts when one is elected.",
        static_cast<std::uint64_t>(std::ranges::count(members, true, &storage::cluster_member::voter)));
  gauge("actord_store_writable", "0 when the disk or the map is full.", store.writable ? 1 : 0);
  gauge("actord_store_term", "Raft term.", store.term.value);
  gauge("actord_store_log_last", "Index of the newest log entry.", store.log_last);
  gauge("actord_store_log_entries", "Entries of the log that are kept.",
        store.log_last >= store.log_first ? store.log_last - store.log_first : 0);
  gauge("actord_store_map_bytes", "Size of the database map.", store.map_bytes);
  out += fmt::format("# HELP {0} Size of the database map.\n# TYPE {0} gauge\n"
                     "{0}{{storage_cluster_id=\"store\"}} {1}\n",
                     "apiserver_storage_size_bytes", store.map_bytes);
  return out;
}

} // namespace actord::actors
