#include "storage/kv/lmdb_kv.hpp"

#include "schema/base/always.hpp"
#include "storage/kv/directory_lock.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <lmdb.h>
#include <mutex>
#include <optional>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace actord::storage::kv {
namespace {

constexpr unsigned max_readers = 2048;
constexpr unsigned renewals_max = 4096;
constexpr std::size_t kept_transactions = 256;

bool is_full(int code) {
  return code == MDB_MAP_FULL || code == MDB_TXN_FULL || code == ENOSPC || code == EDQUOT;
}

/// Every other failure means that the disk or our use of LMDB is broken: going on would build on sand.
void must(int code, const char* call) {
  if (code != 0) {
    always_failed(call, __FILE__, __LINE__, std::string("LMDB: ") + mdb_strerror(code));
  }
}

MDB_val to_val(std::string_view bytes) {
  return MDB_val{bytes.size(),
                 const_cast<char*>(bytes.data())}; // NOLINT(cppcoreguidelines-pro-type-const-cast)
}
std::string_view to_view(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

class lmdb_environment;

class lmdb_cursor final : public cursor {
public:
  lmdb_cursor(MDB_txn* transaction, MDB_dbi handle) {
    must(mdb_cursor_open(transaction, handle, &cursor_), "mdb_cursor_open");
  }
  ~lmdb_cursor() override { mdb_cursor_close(cursor_); }
  lmdb_cursor(const lmdb_cursor&) = delete;
  lmdb_cursor& operator=(const lmdb_cursor&) = delete;

  bool seek(std::string_view key) override {
    if (key.empty()) return move(MDB_FIRST);
    key_ = to_val(key);
    return move(MDB_SET_RANGE);
  }
  bool seek_last() override { return move(MDB_LAST); }
  bool seek_before(std::string_view key) override { return seek(key) ? move(MDB_PREV) : move(MDB_LAST); }
  bool next() override { return move(MDB_NEXT); }
  [[nodiscard]] std::string_view key() const override { return to_view(key_); }
  [[nodiscard]] std::string_view value() const override { return to_view(value_); }

private:
  bool move(MDB_cursor_op how) {
    const int code = mdb_cursor_get(cursor_, &key_, &value_, how);
    if (code == MDB_NOTFOUND) return false;
    must(code, "mdb_cursor_get");
    return true;
  }

  MDB_cursor* cursor_ = nullptr;
  MDB_val key_{};
  MDB_val value_{};
};

using handles = std::array<MDB_dbi, table_count>;

std::optional<std::string_view> get_value(MDB_txn* transaction, MDB_dbi handle, std::string_view key) {
  MDB_val name = to_val(key);
  MDB_val value{};
  const int code = mdb_get(transaction, handle, &name, &value);
  if (code == MDB_NOTFOUND) return std::nullopt;
  must(code, "mdb_get");
  return to_view(value);
}

class lmdb_reader final : public read_view {
public:
  lmdb_reader(std::shared_ptr<const lmdb_environment> owner, MDB_txn* transaction)
      : owner_(std::move(owner)), transaction_(transaction) {}
  ~lmdb_reader() override;
  lmdb_reader(const lmdb_reader&) = delete;
  lmdb_reader& operator=(const lmdb_reader&) = delete;

  [[nodiscard]] std::optional<std::string_view> get(table where, std::string_view key) const override;
  [[nodiscard]] std::unique_ptr<cursor> walk(table where) const override;

private:
  std::shared_ptr<const lmdb_environment> owner_; ///< another may have taken its place since
  MDB_txn* transaction_;
};

class lmdb_writer final : public write_batch {
public:
  lmdb_writer(MDB_env* environment, const handles& tables, std::atomic<std::uint64_t>& ended)
      : tables_(tables), ended_(ended) {
    must(mdb_txn_begin(environment, nullptr, 0, &transaction_), "mdb_txn_begin");
  }
  ~lmdb_writer() override {
    if (transaction_ != nullptr) mdb_txn_abort(transaction_);
  }
  lmdb_writer(const lmdb_writer&) = delete;
  lmdb_writer& operator=(const lmdb_writer&) = delete;

  [[nodiscard]] std::optional<std::string_view> get(table where, std::string_view key) const override {
    if (full_) return std::nullopt;
    return get_value(transaction_, handle(where), key);
  }
  [[nodiscard]] std::unique_ptr<cursor> walk(table where) const override {
    return std::make_unique<lmdb_cursor>(transaction_, handle(where));
  }

  void put(table where, std::string_view key, std::string_view value) override {
    store(where, key, value, 0);
  }
  void append(table where, std::string_view key, std::string_view value) override {
    store(where, key, value, MDB_APPEND);
  }
  std::optional<std::string_view> insert(table where, std::string_view key, std::string_view value) override {
    if (full_) return std::nullopt;
    MDB_val name = to_val(key);
    MDB_val content = to_val(value);
    const int code = mdb_put(transaction_, handle(where), &name, &content, MDB_NOOVERWRITE);
    if (code == MDB_KEYEXIST) return to_view(content);
    note(code, "mdb_put");
    return std::nullopt;
  }
  bool erase(table where, std::string_view key) override {
    if (full_) return false;
    MDB_val name = to_val(key);
    const int code = mdb_del(transaction_, handle(where), &name, nullptr);
    if (code == MDB_NOTFOUND) return false;
    note(code, "mdb_del");
    return !full_;
  }
  std::size_t erase_range(table where, std::string_view from, std::string_view to) override {
    std::size_t erased = 0;
    MDB_cursor* cursor = nullptr;
    if (full_) return 0;
    must(mdb_cursor_open(transaction_, handle(where), &cursor), "mdb_cursor_open");
    MDB_val name = to_val(from);
    MDB_val value{};
    int code = mdb_cursor_get(cursor, &name, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (code == 0 && to_view(name) < to) {
      note(mdb_cursor_del(cursor, 0), "mdb_cursor_del");
      if (full_) break;
      ++erased;
      // After a deletion the cursor stands on the entry that followed, or past the last of its page.
      code = mdb_cursor_get(cursor, &name, &value, MDB_NEXT);
    }
    if (!full_ && code != 0 && code != MDB_NOTFOUND) must(code, "mdb_cursor_get");
    mdb_cursor_close(cursor);
    return erased;
  }

  [[nodiscard]] bool full() const override { return full_; }
  result<void> commit() override {
    MDB_txn* const ending = std::exchange(transaction_, nullptr);
    ALWAYS(ending != nullptr);
    if (full_) {
      mdb_txn_abort(ending);
      return no_space();
    }
    const int code = mdb_txn_commit(ending);
    ended_.fetch_add(1);
    if (is_full(code)) return no_space();
    must(code, "mdb_txn_commit");
    return {};
  }

private:
  [[nodiscard]] MDB_dbi handle(table where) const { return tables_[static_cast<std::size_t>(where)]; }
  void store(table where, std::string_view key, std::string_view value, unsigned flags) {
    if (full_) return;
    MDB_val name = to_val(key);
    MDB_val content = to_val(value);
    note(mdb_put(transaction_, handle(where), &name, &content, flags), "mdb_put");
  }
  void note(int code, const char* call) {
    if (is_full(code)) {
      full_ = true;
      return;
    }
    must(code, call);
  }
  static error no_space() {
    return error{
        error_kind::unavailable, "the store's disk or map is full: nothing can be written", {}, {}, 0};
  }

  const handles& tables_;
  std::atomic<std::uint64_t>& ended_; ///< commits of this process
  MDB_txn* transaction_ = nullptr;
  bool full_ = false;
};

/// One open data.mdb.
class lmdb_environment final : public std::enable_shared_from_this<lmdb_environment> {
public:
  lmdb_environment(MDB_env* opened, const handles& tables, bool read_only)
      : environment_(opened), tables_(tables), read_only_(read_only) {}
  ~lmdb_environment() {
    for (MDB_txn* transaction : idle_) mdb_txn_abort(transaction);
    mdb_env_close(environment_);
  }
  lmdb_environment(const lmdb_environment&) = delete;
  lmdb_environment& operator=(const lmdb_environment&) = delete;

  [[nodiscard]] std::unique_ptr<read_view> read() const {
    MDB_txn* transaction = nullptr;
    {
      const std::scoped_lock hold(mutex_);
      if (!idle_.empty()) {
        transaction = idle_.back();
        idle_.pop_back();
      }
    }
    std::uint64_t ended = ended_.load();
    if (transaction != nullptr) {
      must(mdb_txn_renew(transaction), "mdb_txn_renew");
    } else {
      must(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &transaction), "mdb_txn_begin");
    }
    // A process that died between writing and publishing left a commit that is not published until the next.
    for (unsigned tries = 0; tries < renewals_max && overtaken(transaction, ended); ++tries) {
      if (tries > 16) ::sched_yield();
      mdb_txn_reset(transaction);
      ended = ended_.load();
      must(mdb_txn_renew(transaction), "mdb_txn_renew");
    }
    return std::make_unique<lmdb_reader>(shared_from_this(), transaction);
  }
  [[nodiscard]] std::unique_ptr<write_batch> write() {
    return std::make_unique<lmdb_writer>(environment_, tables_, ended_);
  }
  [[nodiscard]] usage space() const {
    MDB_envinfo info{};
    MDB_stat stat{};
    must(mdb_env_info(environment_, &info), "mdb_env_info");
    must(mdb_env_stat(environment_, &stat), "mdb_env_stat");
    return {(info.me_last_pgno + 1) * stat.ms_psize, info.me_mapsize};
  }
  [[nodiscard]] std::uint64_t entries(table where) const {
    MDB_txn* transaction = nullptr;
    must(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &transaction), "mdb_txn_begin");
    MDB_stat stat{};
    const int code = mdb_stat(transaction, tables_[static_cast<std::size_t>(where)], &stat);
    mdb_txn_abort(transaction);
    must(code, "mdb_stat");
    return stat.ms_entries;
  }
  void tidy_readers() {
    int dead = 0;
    must(mdb_reader_check(environment_, &dead), "mdb_reader_check");
  }

  [[nodiscard]] MDB_dbi handle(table where) const { return tables_[static_cast<std::size_t>(where)]; }
  void release(MDB_txn* transaction) const {
    mdb_txn_reset(transaction);
    {
      const std::scoped_lock hold(mutex_);
      if (idle_.size() < kept_transactions) {
        idle_.push_back(transaction);
        return;
      }
    }
    mdb_txn_abort(transaction);
  }

private:
  /// LMDB has two meta pages, which commits overwrite in turn. A reader notes the newest commit and then
  /// copies the roots from its page; when it stands still between the two for as long as two commits take, it
  /// copies the roots of a commit that is not published yet, or half of them. They are its own as long as no
  /// commit has come after: the next but one begins only then.
  ///
  /// While a commit is being synced its page can be seen already, for most of the time in which many write. A
  /// reader need not wait for it: when no commit of this process has ended between `ended` and now, at most
  /// that one has been under way, and it writes the other page than the reader's or published the reader's.
  [[nodiscard]] bool overtaken(MDB_txn* transaction, std::uint64_t ended) const {
    std::atomic_thread_fence(std::memory_order_acquire);
    if (!read_only_ && ended_.load() == ended) return false;
    MDB_envinfo info{};
    must(mdb_env_info(environment_, &info), "mdb_env_info");
    return info.me_last_txnid != mdb_txn_id(transaction);
  }

  MDB_env* environment_;
  handles tables_;
  const bool read_only_; ///< another process may write
  std::atomic<std::uint64_t> ended_{0};
  mutable std::mutex mutex_;
  mutable std::vector<MDB_txn*>
      idle_; ///< reset, their reader slots kept: renewing one costs no lock of LMDB's
};

lmdb_reader::~lmdb_reader() { owner_->release(transaction_); }
std::optional<std::string_view> lmdb_reader::get(table where, std::string_view key) const {
  return get_value(transaction_, owner_->handle(where), key);
}
std::unique_ptr<cursor> lmdb_reader::walk(table where) const {
  return std::make_unique<lmdb_cursor>(transaction_, owner_->handle(where));
}

error open_failed(const std::string& path, const char* why) {
  return error{error_kind::unavailable, "cannot open the store in " + path + ": " + why, {}, {}, 0};
}

void sync_directory(const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ALWAYS_WITH(folder >= 0, std::strerror(errno));
  const int synced = ::fsync(folder);
  ::close(folder);
  ALWAYS(synced == 0);
}

/// Makes a new directory's own entry durable; without it a power cut can lose the whole store.
result<void> make_directory(const std::string& path) {
  std::error_code code;
  const bool made = std::filesystem::create_directories(path, code);
  if (code) return open_failed(path, code.message().c_str());
  if (!made) return {};
  ::chmod(path.c_str(), S_IRWXU);
  const std::string parent = std::filesystem::path(path).parent_path().string();
  sync_directory(parent.empty() ? "." : parent);
  return {};
}

int open_tables(MDB_env* environment, bool read_only, handles& tables) {
  MDB_txn* transaction = nullptr;
  int code = mdb_txn_begin(environment, nullptr, read_only ? MDB_RDONLY : 0, &transaction);
  if (code != 0) return code;
  for (std::size_t i = 0; i < table_count; ++i) {
    code = mdb_dbi_open(transaction, table_names[i], read_only ? 0 : MDB_CREATE, &tables[i]);
    if (code != 0) {
      mdb_txn_abort(transaction);
      return code;
    }
  }
  return mdb_txn_commit(transaction);
}

result<std::shared_ptr<lmdb_environment>> open_file(const lmdb_options& options) {
  MDB_env* environment = nullptr;
  must(mdb_env_create(&environment), "mdb_env_create");
  must(mdb_env_set_maxdbs(environment, table_count + 4), "mdb_env_set_maxdbs");
  must(mdb_env_set_maxreaders(environment, max_readers), "mdb_env_set_maxreaders");
  must(mdb_env_set_mapsize(environment, options.map_bytes), "mdb_env_set_mapsize");
  const unsigned flags = MDB_NORDAHEAD | MDB_NOTLS | (options.read_only ? MDB_RDONLY : 0U);
  int code = mdb_env_open(environment, options.directory.c_str(), flags, S_IRUSR | S_IWUSR);
  handles tables{};
  if (code == 0) code = open_tables(environment, options.read_only, tables);
  if (code != 0) {
    mdb_env_close(environment);
    return open_failed(options.directory, mdb_strerror(code));
  }
  return std::make_shared<lmdb_environment>(environment, tables, options.read_only);
}

/// A directory, in which one data.mdb may take another's place.
class lmdb_directory final : public environment {
public:
  lmdb_directory(lmdb_options options, std::optional<directory_lock> lock,
                 std::shared_ptr<lmdb_environment> opened)
      : options_(std::move(options)), lock_(std::move(lock)), current_(std::move(opened)) {}

  [[nodiscard]] std::unique_ptr<read_view> read() const override { return current()->read(); }
  [[nodiscard]] std::unique_ptr<write_batch> write() override { return current()->write(); }
  [[nodiscard]] usage space() const override { return current()->space(); }
  [[nodiscard]] std::uint64_t entries(table where) const override { return current()->entries(where); }
  void tidy_readers() override { current()->tidy_readers(); }

  [[nodiscard]] result<std::unique_ptr<environment>> scratch(bool fresh) override {
    lmdb_options inner = options_;
    inner.directory = scratch_path();
    std::error_code code;
    if (fresh) std::filesystem::remove_all(inner.directory, code);
    if (auto made = make_directory(inner.directory); !made) return std::move(made).error();
    auto opened = open_file(inner);
    if (!opened) return std::move(opened).error();
    return std::unique_ptr<environment>(
        std::make_unique<lmdb_directory>(std::move(inner), std::nullopt, std::move(*opened)));
  }

  result<void> adopt(std::unique_ptr<environment> scratch) override {
    scratch.reset();
    // The readers' table of the file that goes stays with those who have it open.
    std::error_code code;
    std::filesystem::remove(options_.directory + "/lock.mdb", code);
    if (code) return open_failed(options_.directory, code.message().c_str());
    std::filesystem::rename(scratch_path() + "/data.mdb", options_.directory + "/data.mdb", code);
    if (code) return open_failed(options_.directory, code.message().c_str());
    sync_directory(options_.directory);
    auto opened = open_file(options_);
    ALWAYS_WITH(opened.has_value(), opened ? "" : opened.error().message);
    {
      const std::scoped_lock hold(mutex_);
      current_ = std::move(*opened);
    }
    std::filesystem::remove_all(scratch_path(), code);
    return {};
  }

private:
  [[nodiscard]] std::shared_ptr<lmdb_environment> current() const {
    const std::scoped_lock hold(mutex_);
    return current_;
  }
  [[nodiscard]] std::string scratch_path() const { return options_.directory + "/incoming"; }

  lmdb_options options_;
  std::optional<directory_lock> lock_; ///< none for a reader or a scratch map
  mutable std::mutex mutex_;
  std::shared_ptr<lmdb_environment> current_; ///< a view keeps the one it reads
};

} // namespace

result<std::unique_ptr<environment>> open_lmdb(const lmdb_options& options) {
  std::optional<directory_lock> lock;
  if (!options.read_only) {
    if (auto made = make_directory(options.directory); !made) return std::move(made).error();
    auto taken = directory_lock::take(options.directory);
    if (!taken) return std::move(taken).error();
    lock.emplace(std::move(*taken));
  }
  auto opened = open_file(options);
  if (!opened) return std::move(opened).error();
  if (!options.read_only) (*opened)->tidy_readers();
  return std::unique_ptr<environment>(
      std::make_unique<lmdb_directory>(options, std::move(lock), std::move(*opened)));
}

} // namespace actord::storage::kv
