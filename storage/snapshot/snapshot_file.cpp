#include "storage/snapshot/snapshot_file.hpp"

#include "schema/base/always.hpp"
#include "storage/encoding/bytes.hpp"
#include "storage/encoding/checksum.hpp"
#include "storage/kv/lmdb_kv.hpp"
#include "storage/layout.hpp"
#include "storage/log/log_table.hpp"
#include "storage/snapshot/snapshot_rows.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace actord::storage {
namespace {

constexpr std::string_view heading = "actord snapshot 1\n";
constexpr std::size_t record_front_bytes = 9;
constexpr std::size_t rows_at_once = 1U << 20U;
constexpr std::uint32_t max_record_bytes = 64U << 20U;
constexpr std::uint64_t map_bytes = 64ULL << 30U;

error failed(error_kind kind, std::string what) {
  error out;
  out.kind = kind;
  out.message = std::move(what);
  return out;
}
error system_error(const std::string& path) {
  return failed(error_kind::unavailable, path + ": " + std::strerror(errno));
}
error bad_file(const std::string& path, const char* why) {
  return failed(error_kind::invalid, path + " is no whole snapshot: " + why);
}

class open_file {
public:
  open_file(const std::string& path, int flags)
      : handle_(::open(path.c_str(), flags | O_CLOEXEC, S_IRUSR | S_IWUSR)) {}
  ~open_file() {
    if (handle_ >= 0) ::close(handle_);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;

  [[nodiscard]] bool ok() const { return handle_ >= 0; }
  [[nodiscard]] bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(handle_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }
  /// Fewer bytes only at the end of the file; nothing when it cannot be read.
  [[nodiscard]] std::optional<std::string> read(std::size_t size) const {
    std::string out(size, '\0');
    std::size_t got = 0;
    while (got < size) {
      const ssize_t part = ::read(handle_, out.data() + got, size - got);
      if (part < 0 && errno == EINTR) continue;
      if (part < 0) return std::nullopt;
      if (part == 0) break;
      got += static_cast<std::size_t>(part);
    }
    out.resize(got);
    return out;
  }
  [[nodiscard]] bool sync() const { return ::fsync(handle_) == 0; }

private:
  int handle_;
};

std::string record(char kind, std::string_view body) {
  std::string out;
  append_little(out, static_cast<std::uint32_t>(body.size()));
  append_little(out, crc32c(body));
  return out.append(1, kind).append(body);
}

struct file_content {
  snapshot_summary summary;
  std::string cluster;
  snapshot_facts facts;
};

std::string encode_end(const snapshot_summary& summary, const std::string& cluster) {
  const std::string text = encode_summary(summary);
  std::string out;
  append_little(out, static_cast<std::uint32_t>(text.size()));
  return out.append(text).append(cluster);
}

snapshot_facts facts_of(const snapshot_summary& summary, const std::string& cluster) {
  snapshot_facts facts;
  facts.cluster = cluster;
  facts.last = summary.state.last;
  facts.index = summary.state.applied;
  facts.term = summary.state.applied_term;
  facts.time = summary.state.time;
  facts.rows = summary.rows;
  facts.hash = summary.state.hash;
  return facts;
}

/// Counts rows and sums up what must be equal to what the summary says.
struct row_count {
  std::uint64_t rows = 0;
  std::uint64_t objects = 0;
  std::uint64_t hash = 0;
  std::string position;

  bool take(kv::table where, std::string_view key, std::string_view value) {
    std::string next = std::string(1, static_cast<char>(where)).append(key);
    if (next <= position) return false; // in order, none twice
    position = std::move(next);
    ++rows;
    if (where != kv::table::objects) return true;
    ++objects;
    hash += row_hash(key, value);
    return true;
  }
};

/// Reads a file to its end; `rows` is called for each record of rows that is sound.
result<file_content> read_file(const std::string& path,
                               const std::function<result<void>(std::string_view rows)>& rows) {
  const open_file file(path, O_RDONLY);
  if (!file.ok()) return system_error(path);
  const auto begins = file.read(heading.size());
  if (!begins) return system_error(path);
  if (*begins != heading) return bad_file(path, "it begins as another kind of file");
  row_count count;
  std::string note;
  std::uint64_t bytes = heading.size();
  while (true) {
    const auto front = file.read(record_front_bytes);
    if (!front) return system_error(path);
    if (front->size() < record_front_bytes) return bad_file(path, "it is torn");
    byte_reader reader(*front);
    const auto size = reader.take<std::uint32_t>();
    const auto checksum = reader.take<std::uint32_t>();
    const auto kind = static_cast<char>(reader.take<std::uint8_t>());
    if (size > max_record_bytes) return bad_file(path, "a record is too long");
    const auto body = file.read(size);
    if (!body) return system_error(path);
    if (body->size() < size) return bad_file(path, "it is torn");
    if (crc32c(*body) != checksum) return bad_file(path, "a record has the wrong checksum");
    bytes += record_front_bytes + size;
    if (kind == 'r') {
      const auto take = [&count](kv::table where, std::string_view key, std::string_view value) {
        return count.take(where, key, value);
      };
      if (!read_rows(*body, take)) return bad_file(path, "its rows make no sense");
      if (auto taken = rows(*body); !taken) return std::move(taken).error();
      continue;
    }
    if (kind == 'n') {
      if (!note.empty() || body->empty() || body->size() > snapshot_note_bytes)
        return bad_file(path, "its note makes no sense");
      note = *body;
      continue;
    }
    byte_reader end(*body);
    auto summary = parse_summary(end.take_bytes(end.take<std::uint32_t>()));
    if (kind != 's' || !end.ok() || !summary || end.rest().empty())
      return bad_file(path, "its summary makes no sense");
    if (summary->rows != count.rows || summary->state.hash != count.hash)
      return bad_file(path, "it does not hold what it says it holds");
    const auto more = file.read(1);
    if (!more || !more->empty()) return bad_file(path, "something follows its end");
    file_content out{*std::move(summary), std::string(end.rest()), {}};
    out.facts = facts_of(out.summary, out.cluster);
    out.facts.objects = count.objects;
    out.facts.bytes = bytes;
    out.facts.note = std::move(note);
    return out;
  }
}

result<snapshot_facts> write_file(const kv::read_view& view, const open_file& file, const std::string& path,
                                  std::string_view note) {
  snapshot_summary summary = summarise(view);
  const member_identity identity = load_identity(view);
  if (identity.member == 0 || summary.state.applied.value == 0)
    return failed(error_kind::not_found, "the directory holds no store");
  row_count count;
  std::uint64_t bytes = heading.size();
  if (!file.write(heading)) return system_error(path);
  snapshot_chunk chunk;
  while (!chunk.last) {
    chunk = *copy_rows(view, chunk.position, rows_at_once);
    const auto take = [&count](kv::table where, std::string_view key, std::string_view value) {
      return count.take(where, key, value);
    };
    ALWAYS(read_rows(chunk.rows, take));
    const std::string part = record('r', chunk.rows);
    if (!file.write(part)) return system_error(path);
    bytes += part.size();
  }
  if (summary.state.hashed && summary.state.hash != count.hash)
    return failed(error_kind::internal, "the store does not hold what it says it holds: it is damaged");
  summary.state.hash = count.hash;
  summary.state.hashed = true;
  summary.rows = count.rows;
  std::string end = note.empty() ? std::string() : record('n', note);
  end += record('s', encode_end(summary, identity.cluster));
  if (!file.write(end) || !file.sync()) return system_error(path);
  snapshot_facts facts = facts_of(summary, identity.cluster);
  facts.objects = count.objects;
  facts.bytes = bytes + end.size();
  facts.note = note;
  return facts;
}

/// A store of its own: the state of the old one, a log that begins now, and one member.
void begin_again(kv::write_batch& out, const snapshot_summary& from, const restore_options& options) {
  member_state state = from.state;
  state.last = revision{state.last.value + restored_revision_gap};
  state.compacted = state.floor = state.last;
  state.floor_index = state.applied;
  state.log_first = raft_index{state.applied.value + 1};
  const member_id self = options.self != 0 ? options.self : options.random.next() >> 1U | 1U;
  save_identity(out, {self, new_uuid(options.random)});
  save_vote(out, {state.applied_term, 0});
  save_state(out, state);
  save_marks(out, {});
  save_configuration(out, {state.applied, {{self, true, options.address}}});
  note_term(out, state.applied, state.applied_term);
}

} // namespace

result<snapshot_facts> save_snapshot(const std::string& directory, const std::string& file,
                                     std::string_view note) {
  ALWAYS(note.size() <= snapshot_note_bytes);
  if (!std::filesystem::exists(directory + "/data.mdb"))
    return failed(error_kind::not_found, directory + " holds no store");
  if (std::filesystem::exists(file)) return failed(error_kind::already_exists, file + " is there already");
  auto disk = kv::open_lmdb({directory, map_bytes, true});
  if (!disk) return std::move(disk).error();
  const std::string unfinished = file + ".part";
  auto written = [&]() -> result<snapshot_facts> {
    const open_file out(unfinished, O_WRONLY | O_CREAT | O_TRUNC);
    if (!out.ok()) return system_error(unfinished);
    return write_file(*(*disk)->read(), out, unfinished, note);
  }();
  std::error_code code;
  if (!written) {
    std::filesystem::remove(unfinished, code);
    return written;
  }
  if (::rename(unfinished.c_str(), file.c_str()) != 0) return system_error(file);
  const std::string parent = std::filesystem::path(file).parent_path().string();
  const open_file folder(parent.empty() ? "." : parent, O_RDONLY | O_DIRECTORY);
  if (!folder.ok() || !folder.sync()) return system_error(file);
  return written;
}

result<snapshot_facts> inspect_snapshot(const std::string& file) {
  auto content = read_file(file, [](std::string_view) { return result<void>(); });
  if (!content) return std::move(content).error();
  return content->facts;
}

result<snapshot_facts> restore_snapshot(const restore_options& options) {
  if (options.address.size() > max_address_bytes)
    return failed(error_kind::bad_request, "the member's address is too long");
  // All of it is read once before anything is made: a bad file leaves nothing behind.
  if (auto sound = inspect_snapshot(options.file); !sound) return std::move(sound).error();
  auto disk = kv::open_lmdb({options.directory, map_bytes, false});
  if (!disk) return std::move(disk).error();
  if (load_identity(*(*disk)->read()).member != 0)
    return failed(error_kind::already_exists, options.directory + " holds a store already");
  auto scratch = (*disk)->scratch(true);
  if (!scratch) return std::move(scratch).error();
  auto content = read_file(options.file, [&](std::string_view rows) -> result<void> {
    const auto batch = (*scratch)->write();
    ALWAYS(read_rows(rows, [&batch](kv::table where, std::string_view key, std::string_view value) {
      batch->append(where, key, value);
      return true;
    }));
    return batch->commit();
  });
  if (!content) return std::move(content).error();
  {
    const auto last = (*scratch)->write();
    begin_again(*last, content->summary, options);
    if (auto done = last->commit(); !done) return std::move(done).error();
  }
  if (auto adopted = (*disk)->adopt(std::move(*scratch)); !adopted) return std::move(adopted).error();
  return content->facts;
}

} // namespace actord::storage
