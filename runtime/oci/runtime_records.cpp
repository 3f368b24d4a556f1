#include "runtime/oci/runtime_records.hpp"

#include "runtime/images/digest.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <type_traits>

namespace actord::runtime {
namespace {

constexpr std::size_t id_length = 32;
constexpr int unknown_exit_code = 255;

// How members look in a file: most as they are.
json shown(const auto& member) { return member; }
json shown(const wall_time& time) { return time.time_since_epoch().count(); }
json shown(const process_identity& process) {
  return {{"pid", process.pid}, {"startTicks", process.start_ticks}};
}

void read(const json& value, auto& member) { value.get_to(member); }
void read(const json& value, wall_time& time) {
  time = wall_time(std::chrono::nanoseconds(value.get<std::int64_t>()));
}
void read(const json& value, process_identity& process) {
  process = {value.at("pid").get<int>(), value.at("startTicks").get<std::uint64_t>()};
}

template <class Record, class Wanted>
concept one_of_kind = std::same_as<std::remove_const_t<Record>, Wanted>;

/// The members of a record by the names they have in its file, said once for writing and reading.
template <one_of_kind<sandbox_record> Record, class Visit>
void each_member(Record& record, const Visit& visit) {
  visit("id", record.id);
  visit("podUid", record.pod_uid);
  visit("namespace", record.space);
  visit("name", record.name);
  visit("attempt", record.attempt);
  visit("hostname", record.hostname);
  visit("hostNetwork", record.host_network);
  visit("hostPid", record.host_pid);
  visit("hostIpc", record.host_ipc);
  visit("shareProcesses", record.share_processes);
  visit("address", record.address);
  visit("created", record.created);
  visit("pause", record.pause);
  visit.if_any("fsGroup", record.fs_group);
  visit.if_any("guard", record.guard);
}

template <one_of_kind<container_record> Record, class Visit>
void each_member(Record& record, const Visit& visit) {
  visit("id", record.id);
  visit("sandbox", record.sandbox_id);
  visit("name", record.name);
  visit("attempt", record.attempt);
  visit("image", record.image);
  visit("logPath", record.log_path);
  visit("created", record.created);
  visit("init", record.init);
  visit("monitor", record.monitor);
  visit("message", record.message);
  visit.if_any("started", record.started);
  visit.if_any("joinsProcesses", record.joins_processes);
}

struct member_writer {
  json& value;

  void operator()(const char* name, const auto& member) const { value[name] = shown(member); }
  template <class Member>
  void if_any(const char* name, const std::optional<Member>& member) const {
    if (member) value[name] = shown(*member);
  }
  void if_any(const char* name, bool member) const {
    if (member) value[name] = true;
  }
};

struct member_reader {
  const json& value;

  void operator()(const char* name, auto& member) const { read(value.at(name), member); }
  template <class Member>
  void if_any(const char* name, std::optional<Member>& member) const {
    if (value.contains(name)) read(value.at(name), member.emplace());
  }
  void if_any(const char* name, bool& member) const { member = value.value(name, false); }
};

template <class Record>
std::string text_of(const Record& record) {
  json value = json::object();
  each_member(record, member_writer{value});
  return value.dump(1, ' ', false, json::error_handler_t::replace);
}

template <class Record>
std::optional<Record> parsed(std::string_view text) {
  try {
    const json value = json::parse(text);
    Record record;
    each_member(record, member_reader{value});
    return record;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

} // namespace

std::string record_text(const sandbox_record& record) { return text_of(record); }
std::string record_text(const container_record& record) { return text_of(record); }

std::optional<sandbox_record> parse_sandbox_record(std::string_view text) {
  return parsed<sandbox_record>(text);
}
std::optional<container_record> parse_container_record(std::string_view text) {
  return parsed<container_record>(text);
}

container_status judge(const container_record& record, const container_evidence& seen) {
  container_status status{.id = record.id,
                          .sandbox_id = record.sandbox_id,
                          .name = record.name,
                          .attempt = record.attempt,
                          .image = record.image,
                          .state = container_state::unknown,
                          .exit_code = 0,
                          .signal = 0,
                          .out_of_memory = false,
                          .created = record.created,
                          .started = record.started.value_or(wall_time{}),
                          .finished = {},
                          .message = record.message,
                          .measured = {}};
  if (seen.exit_text) {
    status.state = container_state::exited;
    status.exit_code = unknown_exit_code;
    std::from_chars(seen.exit_text->data(), seen.exit_text->data() + seen.exit_text->size(),
                    status.exit_code);
    // A file's time is of the last tick, which may be before the start that was timed exactly.
    status.finished = std::max(seen.exit_time, record.started.value_or(record.created));
    status.out_of_memory = seen.out_of_memory;
  } else if (record.init.pid == 0) {
    status.state = container_state::unknown;
  } else if (seen.init_alive || seen.monitor_alive) {
    status.state = record.started ? container_state::running : container_state::created;
  } else {
    status.state = container_state::exited;
    status.exit_code = unknown_exit_code;
    status.finished = record.started.value_or(record.created);
    if (status.message.empty()) status.message = "the container ended while nothing watched it";
  }
  return status;
}

std::string sandbox_id(std::string_view data_dir, std::string_view pod_uid, int attempt) {
  const std::string text =
      std::string(data_dir) + '\n' + std::string(pod_uid) + '\n' + std::to_string(attempt);
  return sha256_hex(text).substr(0, id_length);
}

std::string container_id(std::string_view sandbox, std::string_view name, int attempt) {
  const std::string text = std::string(sandbox) + '\n' + std::string(name) + '\n' + std::to_string(attempt);
  return sha256_hex(text).substr(0, id_length);
}

} // namespace actord::runtime
