#include "storage/inspect.hpp"

#include "storage/encoding/bytes.hpp"
#include "storage/kv/lmdb_kv.hpp"
#include "storage/layout.hpp"
#include "storage/value_codec.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <utility>

namespace actord::storage {
namespace {

using kv::table;

inspected_entry inspect_entry(const kv::read_view& view, raft_index index) {
  const log_reader log(view);
  inspected_entry out;
  out.index = index;
  const auto entry = log.entry(index);
  if (!entry) {
    out.damage = "the entry is missing";
    return out;
  }
  out.term = entry->term;
  out.kind = entry->kind;
  out.payload_bytes = entry->payload->size();
  if (entry->kind != entry_kind::command) return out;
  const auto batch = batch_view::open(*entry->payload, false);
  if (!batch) {
    out.damage = batch.error().message;
    return out;
  }
  out.batch = batch->header();
  for (std::uint32_t i = 0; i < batch->header().items; ++i) {
    log_item item = batch->item(i);
    out.items.push_back({item.kind, std::move(item.key), revision{batch->header().base.value + i},
                         item.previous, std::string(item.value)});
  }
  for (const logged_request& request : batch->requests()) out.requests.emplace_back(request.id);
  return out;
}

/// Index rows that the objects call for, against those there are.
class index_check {
public:
  explicit index_check(const kv::read_view& view) : view_(view) {}

  std::vector<std::string> run() {
    const value_codec& codec = stored_object_codec();
    const auto cursor = view_.walk(table::objects);
    for (bool more = cursor->seek({}); more; more = cursor->next()) {
      const auto facts = codec.facts(cursor->value());
      if (!facts) {
        problems_.push_back("object " + printable(cursor->key()) + ": " + facts.error().message);
        continue;
      }
      expect_rows(*facts, std::string(cursor->key()));
    }
    for (const table where : {table::by_owner, table::by_label, table::by_node, table::by_deadline})
      compare(where);
    return std::move(problems_);
  }

private:
  void expect_rows(const value_facts& facts, const std::string& address) {
    const resource_id resource{load_big<std::uint16_t>(address)};
    for (const std::string& uid : facts.owner_uids)
      expect(table::by_owner, layout::owner_prefix(uid) + address);
    for (const auto& [label, value] : facts.labels) {
      expect(table::by_label, layout::label_row(resource, label, value, address));
    }
    if (!facts.node.empty()) expect(table::by_node, layout::node_prefix(facts.node) + address);
    if (facts.deadline.time_since_epoch().count() > 0) {
      expect(table::by_deadline, layout::deadline_prefix(facts.deadline) + address);
    }
  }
  void expect(table where, std::string key) {
    expected_[static_cast<std::size_t>(where)].insert(std::move(key));
  }
  void compare(table where) {
    std::set<std::string>& expected = expected_[static_cast<std::size_t>(where)];
    const std::string name = kv::table_names[static_cast<std::size_t>(where)];
    const auto cursor = view_.walk(where);
    for (bool more = cursor->seek({}); more; more = cursor->next()) {
      if (expected.erase(std::string(cursor->key())) == 0) {
        problems_.push_back(name + ": row without an object: " + printable(cursor->key()));
      }
    }
    for (const std::string& key : expected) problems_.push_back(name + ": missing row " + printable(key));
  }

  const kv::read_view& view_;
  std::array<std::set<std::string>, kv::table_count> expected_;
  std::vector<std::string> problems_;
};

} // namespace

result<store_inspector> store_inspector::open(const std::string& directory) {
  auto disk = kv::open_lmdb({directory, 64ULL << 30U, true});
  if (!disk) return std::move(disk).error();
  return store_inspector(std::move(disk).value());
}

store_summary store_inspector::summary() const {
  const auto view = disk_->read();
  store_summary out;
  out.identity = load_identity(*view);
  out.vote = load_vote(*view);
  out.state = load_state(*view);
  out.configuration = load_configuration(*view);
  out.marks = load_marks(*view);
  out.log_last = log_reader(*view).bounds().second;
  out.space = disk_->space();
  for (std::size_t i = 0; i < kv::table_count; ++i) {
    out.tables.push_back({kv::table_names[i], disk_->entries(static_cast<table>(i))});
  }
  return out;
}

void store_inspector::entries(raft_index from,
                              const std::function<bool(const inspected_entry&)>& visit) const {
  const auto view = disk_->read();
  const auto [first, last] = log_reader(*view).bounds();
  if (last.value == 0) return;
  for (raft_index index = std::max(first, from); index <= last; ++index.value) {
    if (!visit(inspect_entry(*view, index))) return;
  }
}

bool store_inspector::rows(
    std::string_view name, std::string_view prefix,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  const auto* const found = std::ranges::find(kv::table_names, name);
  if (found == kv::table_names.end()) return false;
  const auto view = disk_->read();
  const auto cursor = view->walk(static_cast<table>(found - kv::table_names.begin()));
  bool more = cursor->seek(prefix) && cursor->key().starts_with(prefix);
  while (more && visit(cursor->key(), cursor->value()))
    more = cursor->next() && cursor->key().starts_with(prefix);
  return true;
}

std::vector<std::string> store_inspector::check() const {
  const auto view = disk_->read();
  std::vector<std::string> problems = index_check(*view).run();
  const member_state state = load_state(*view);
  revision expected;
  entries(state.log_begin(), [&](const inspected_entry& entry) {
    if (!entry.damage.empty()) {
      problems.push_back(fmt::format("log {}: {}", entry.index.value, entry.damage));
      expected = {};
      return true;
    }
    if (entry.kind != entry_kind::command) return true;
    if (expected.value != 0 && entry.batch.base != expected) {
      problems.push_back(fmt::format("log {}: begins at revision {}, expected {}", entry.index.value,
                                     entry.batch.base.value, expected.value));
    }
    expected = revision{entry.batch.last().value + 1};
    return true;
  });
  return problems;
}

std::string printable(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    if (c >= ' ' && c <= '~') {
      out.push_back(c);
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

} // namespace actord::storage
