#include "storage/kv/memory_kv.hpp"

#include "schema/base/always.hpp"

#include <mutex>
#include <utility>

namespace actord::storage::kv {
namespace {

/// An immutable treap: each change copies only the path to it, so that a snapshot is one pointer.
/// Invariants: keys in order left to right; a node's priority is not below its children's.
struct node;
using tree = std::shared_ptr<const node>;
struct node {
  std::string key;
  std::shared_ptr<const std::string> value;
  std::uint64_t priority;
  tree left;
  tree right;
};

std::uint64_t priority_of(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  hash ^= hash >> 32U;
  return hash * 0x9e3779b97f4a7c15ULL;
}

tree with_children(const node& from, tree left, tree right) {
  return std::make_shared<const node>(
      node{from.key, from.value, from.priority, std::move(left), std::move(right)});
}

/// Splits into keys below `key` and keys not below it.
std::pair<tree, tree> split(const tree& root, std::string_view key) {
  if (!root) return {};
  if (root->key < key) {
    auto [middle, right] = split(root->right, key);
    return {with_children(*root, root->left, std::move(middle)), std::move(right)};
  }
  auto [left, middle] = split(root->left, key);
  return {std::move(left), with_children(*root, std::move(middle), root->right)};
}

tree merge(const tree& left, const tree& right) {
  if (!left) return right;
  if (!right) return left;
  if (left->priority >= right->priority) return with_children(*left, left->left, merge(left->right, right));
  return with_children(*right, merge(left, right->left), right->right);
}

const node* find(const tree& root, std::string_view key) {
  const node* at = root.get();
  while (at != nullptr && at->key != key) at = (key < at->key ? at->left : at->right).get();
  return at;
}
const node* first_not_below(const tree& root, std::string_view key) {
  const node* best = nullptr;
  for (const node* at = root.get(); at != nullptr;) {
    if (at->key < key) {
      at = at->right.get();
    } else {
      best = at;
      at = at->left.get();
    }
  }
  return best;
}
const node* last_below(const tree& root, std::string_view key, bool unbounded) {
  const node* best = nullptr;
  for (const node* at = root.get(); at != nullptr;) {
    if (unbounded || at->key < key) {
      best = at;
      at = at->right.get();
    } else {
      at = at->left.get();
    }
  }
  return best;
}

/// The keys just above any that begin with `key`: the smallest string greater than it.
std::string just_above(std::string_view key) {
  std::string above(key);
  above.push_back('\0');
  return above;
}

struct tables_state {
  std::array<tree, table_count> roots;
  std::array<std::uint64_t, table_count> entries{};
  std::uint64_t bytes = 0;
};

class memory_cursor final : public cursor {
public:
  explicit memory_cursor(tree root) : root_(std::move(root)) {}
  bool seek(std::string_view key) override { return at(first_not_below(root_, key)); }
  bool seek_last() override { return at(last_below(root_, {}, true)); }
  bool seek_before(std::string_view key) override { return at(last_below(root_, key, false)); }
  bool next() override {
    ALWAYS(at_ != nullptr);
    return at(first_not_below(root_, just_above(at_->key)));
  }
  [[nodiscard]] std::string_view key() const override { return at_->key; }
  [[nodiscard]] std::string_view value() const override { return *at_->value; }

private:
  bool at(const node* where) {
    if (where != nullptr) at_ = where;
    return where != nullptr;
  }
  tree root_;
  const node* at_ = nullptr;
};

std::size_t slot(table where) { return static_cast<std::size_t>(where); }

std::optional<std::string_view> get_value(const tables_state& tables, table where, std::string_view key) {
  const node* const found = find(tables.roots[slot(where)], key);
  if (found == nullptr) return std::nullopt;
  return std::string_view(*found->value);
}

class memory_reader final : public read_view {
public:
  explicit memory_reader(std::shared_ptr<const tables_state> seen) : seen_(std::move(seen)) {}
  [[nodiscard]] std::optional<std::string_view> get(table where, std::string_view key) const override {
    return get_value(*seen_, where, key);
  }
  [[nodiscard]] std::unique_ptr<cursor> walk(table where) const override {
    return std::make_unique<memory_cursor>(seen_->roots[slot(where)]);
  }

private:
  std::shared_ptr<const tables_state> seen_;
};

} // namespace

struct memory_disk::state {
  mutable std::mutex mutex;
  std::shared_ptr<const tables_state> durable = std::make_shared<const tables_state>();
  /// What the running process sees; differs from `durable` only after the power failed.
  std::shared_ptr<const tables_state> visible = durable;
  fault armed = fault::none;
  std::uint64_t armed_after = 0;
  std::uint64_t commits = 0;
  std::uint64_t limit = 0;
  bool dead = false;
  /// The scratch map, and in it, who has the power. Locked before what it belongs to.
  std::shared_ptr<state> scratch;
  std::weak_ptr<state> power;

  /// What happens to the commit that is being made; the mutex is held.
  fault next_fault() {
    const bool fires = armed != fault::none && armed_after-- == 0;
    return fires ? std::exchange(armed, fault::none) : fault::none;
  }
};

namespace {

class memory_writer final : public write_batch {
public:
  explicit memory_writer(std::shared_ptr<memory_disk::state> disk) : disk_(std::move(disk)) {
    const std::scoped_lock hold(disk_->mutex);
    tables_ = *disk_->visible;
    limit_ = disk_->limit;
  }
  [[nodiscard]] std::optional<std::string_view> get(table where, std::string_view key) const override {
    return get_value(tables_, where, key);
  }
  [[nodiscard]] std::unique_ptr<cursor> walk(table where) const override {
    return std::make_unique<memory_cursor>(tables_.roots[slot(where)]);
  }

  void put(table where, std::string_view key, std::string_view value) override {
    ALWAYS(!key.empty() && key.size() <= max_key_bytes);
    if (full_) return;
    erase(where, key);
    if (limit_ != 0 && tables_.bytes + key.size() + value.size() > limit_) {
      full_ = true;
      return;
    }
    auto [left, right] = split(tables_.roots[slot(where)], key);
    const tree added = std::make_shared<const node>(node{
        std::string(key), std::make_shared<const std::string>(value), priority_of(key), nullptr, nullptr});
    tables_.roots[slot(where)] = merge(merge(left, added), right);
    tables_.entries[slot(where)] += 1;
    tables_.bytes += key.size() + value.size();
  }
  void append(table where, std::string_view key, std::string_view value) override {
    const node* const last = last_below(tables_.roots[slot(where)], {}, true);
    ALWAYS(last == nullptr || last->key < key);
    put(where, key, value);
  }
  std::optional<std::string_view> insert(table where, std::string_view key, std::string_view value) override {
    if (auto there = get(where, key)) return there;
    put(where, key, value);
    return std::nullopt;
  }
  bool erase(table where, std::string_view key) override {
    return erase_range(where, key, just_above(key)) == 1;
  }
  std::size_t erase_range(table where, std::string_view from, std::string_view to) override {
    if (full_ || !(from < to)) return 0;
    auto [left, rest] = split(tables_.roots[slot(where)], from);
    auto [middle, right] = split(rest, to);
    const std::size_t erased = forget(middle);
    if (erased == 0) return 0;
    tables_.roots[slot(where)] = merge(left, right);
    tables_.entries[slot(where)] -= erased;
    return erased;
  }
  [[nodiscard]] bool full() const override { return full_; }

  result<void> commit() override {
    ALWAYS(!ended_);
    ended_ = true;
    const auto owner = disk_->power.lock();
    if (owner == nullptr) {
      const std::scoped_lock hold(disk_->mutex);
      return commit_on(*disk_);
    }
    const std::scoped_lock hold(disk_->mutex, owner->mutex);
    return commit_on(*owner);
  }

private:
  result<void> commit_on(memory_disk::state& power) {
    using fault = memory_disk::fault;
    const fault now = power.next_fault();
    if (full_ || now == fault::full) {
      return error{error_kind::unavailable, "the memory disk is full: nothing can be written", {}, {}, 0};
    }
    ++power.commits;
    if (now == fault::power_dropped) power.dead = true;
    disk_->visible = std::make_shared<const tables_state>(std::move(tables_));
    if (!power.dead) disk_->durable = disk_->visible;
    if (now == fault::power_torn) power.dead = true;
    return {};
  }

  /// Takes the bytes of a cut-out tree off the account; returns its size.
  std::size_t forget(const tree& root) {
    if (!root) return 0;
    tables_.bytes -= root->key.size() + root->value->size();
    return 1 + forget(root->left) + forget(root->right);
  }

  std::shared_ptr<memory_disk::state> disk_;
  tables_state tables_;
  std::uint64_t limit_ = 0;
  bool full_ = false;
  bool ended_ = false;
};

class memory_environment final : public environment {
public:
  explicit memory_environment(std::shared_ptr<memory_disk::state> disk) : disk_(std::move(disk)) {}
  [[nodiscard]] std::unique_ptr<read_view> read() const override {
    const std::scoped_lock hold(disk_->mutex);
    return std::make_unique<memory_reader>(disk_->visible);
  }
  [[nodiscard]] std::unique_ptr<write_batch> write() override {
    return std::make_unique<memory_writer>(disk_);
  }
  [[nodiscard]] usage space() const override {
    const std::scoped_lock hold(disk_->mutex);
    return {disk_->visible->bytes, disk_->limit};
  }
  [[nodiscard]] std::uint64_t entries(table where) const override {
    const std::scoped_lock hold(disk_->mutex);
    return disk_->visible->entries[slot(where)];
  }
  void tidy_readers() override {}
  [[nodiscard]] result<std::unique_ptr<environment>> scratch(bool fresh) override {
    const std::scoped_lock hold(disk_->mutex);
    if (disk_->scratch == nullptr || fresh) {
      disk_->scratch = std::make_shared<memory_disk::state>();
      disk_->scratch->power = disk_;
    }
    return std::unique_ptr<environment>(std::make_unique<memory_environment>(disk_->scratch));
  }
  result<void> adopt(std::unique_ptr<environment> scratch) override {
    using fault = memory_disk::fault;
    scratch.reset();
    const std::scoped_lock hold(disk_->mutex);
    ALWAYS(disk_->scratch != nullptr);
    const fault now = disk_->next_fault();
    if (now == fault::full) return error{error_kind::unavailable, "the memory disk is full", {}, {}, 0};
    ++disk_->commits;
    if (now == fault::power_dropped) disk_->dead = true;
    disk_->visible = disk_->scratch->visible;
    if (!disk_->dead) disk_->durable = disk_->visible;
    if (now == fault::power_torn) disk_->dead = true;
    if (!disk_->dead) disk_->scratch.reset();
    return {};
  }

private:
  std::shared_ptr<memory_disk::state> disk_;
};

} // namespace

memory_disk::memory_disk() : state_(std::make_shared<state>()) {}
memory_disk::~memory_disk() = default;

void memory_disk::arm(fault what, std::uint64_t commits) {
  const std::scoped_lock hold(state_->mutex);
  state_->armed = what;
  state_->armed_after = commits;
}
bool memory_disk::dead() const {
  const std::scoped_lock hold(state_->mutex);
  return state_->dead;
}
void memory_disk::restore_power() {
  const std::scoped_lock hold(state_->mutex);
  state_->dead = false;
  state_->armed = fault::none;
  state_->visible = state_->durable;
  if (state_->scratch != nullptr) state_->scratch->visible = state_->scratch->durable;
}
std::uint64_t memory_disk::commits() const {
  const std::scoped_lock hold(state_->mutex);
  return state_->commits;
}
void memory_disk::limit_bytes(std::uint64_t bytes) {
  const std::scoped_lock hold(state_->mutex);
  state_->limit = bytes;
}

std::unique_ptr<environment> open_memory(const memory_disk& disk) {
  return std::make_unique<memory_environment>(disk.shared());
}

} // namespace actord::storage::kv
