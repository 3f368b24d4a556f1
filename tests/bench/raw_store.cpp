#include "schema/base/always.hpp"
#include "schema/base/json.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/kv/lmdb_kv.hpp"
#include "storage/layout.hpp"
#include "storage/value_codec.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

/// The yardstick of creates: a loop that does nothing but put the rows of such creates through LMDB (log,
/// object, labels, state), a synced transaction for each batch. Prints how many a second.
///   bench_raw_store DIRECTORY OBJECT.json BATCH SECONDS      the object as GET gives it; renamed for each
///   create

using namespace actord;
using namespace actord::storage;

namespace {

constexpr std::size_t prepared = 20'000; ///< objects encoded beforehand; their names are made unique by round

struct row {
  object_key key;
  std::string value;
  std::vector<std::pair<std::string, std::string>> labels;
};

std::vector<row> prepare(json object) {
  const auto type = schema::find_kind("", "v1", object["kind"].get<std::string>());
  ALWAYS(type != nullptr);
  object["metadata"].erase("resourceVersion");
  std::vector<row> rows;
  for (std::size_t i = 0; i < prepared; ++i) {
    std::string name = "b1-0-" + std::to_string(i + 1);
    object["metadata"]["name"] = name;
    row made{{type->stored_as, "default", std::move(name)},
             schema::encode_object(*type, object, {"bench", "create", {}, {}, {}}),
             {}};
    const auto facts = stored_object_codec().facts(made.value);
    ALWAYS(facts.has_value());
    for (const auto& [label, value] : facts->labels) made.labels.emplace_back(label, value);
    rows.push_back(std::move(made));
  }
  return rows;
}

/// Returns creates a second.
double run(kv::environment& disk, const std::vector<row>& rows, std::size_t batch, double seconds) {
  using clock = std::chrono::steady_clock;
  const auto began = clock::now();
  std::size_t done = 0;
  double took = 0;
  for (std::uint64_t index = 1; took < seconds; ++index) {
    const auto out = disk.write();
    std::string log;
    for (std::size_t i = 0; i < batch; ++i, ++done) {
      const row& one = rows[done % rows.size()];
      object_key key = one.key;
      if (done >= rows.size()) key.name += "-" + std::to_string(done / rows.size());
      log.append(key.name).append(one.value);
      const std::string address = layout::address(key);
      ALWAYS(!out->insert(kv::table::objects, address, one.value));
      for (const auto& [label, value] : one.labels)
        out->put(kv::table::by_label, layout::label_row(key.resource, label, value, address), {});
    }
    for (std::uint32_t chunk = 0; chunk * layout::log_chunk_bytes < log.size(); ++chunk) {
      out->append(kv::table::log, layout::log_row(raft_index{index}, chunk),
                  std::string_view(log).substr(chunk * layout::log_chunk_bytes, layout::log_chunk_bytes));
    }
    out->put(kv::table::meta, layout::meta_state, std::string(64, 's'));
    ALWAYS(out->commit().has_value());
    took = std::chrono::duration<double>(clock::now() - began).count();
  }
  return static_cast<double>(done) / took;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: bench_raw_store DIRECTORY OBJECT.json BATCH SECONDS\n");
    return 2;
  }
  std::ifstream file(argv[2]);
  const auto rows = prepare(json::parse(file));
  std::filesystem::remove_all(argv[1]);
  const auto disk = kv::open_lmdb({argv[1], 64ULL << 30U, false}).value();
  std::printf("%.0f\n", run(*disk, rows, std::strtoull(argv[3], nullptr, 10), std::strtod(argv[4], nullptr)));
  std::filesystem::remove_all(argv[1]);
  return 0;
}
