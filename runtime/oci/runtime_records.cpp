#include "runtime/oci/runtime_records.hpp"

#include "runtime/images/digest.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <charconv>

namespace actord::runtime {
namespace {

constexpr std::size_t id_length = 32;
constexpr int unknown_exit_code = 255;

std::int64_t nanoseconds(wall_time time) { return time.time_since_epoch().count(); }
wall_time from_nanoseconds(const json& value) {
  return wall_time(std::chrono::nanoseconds(value.get<std::int64_t>()));
}

json process_json(const process_identity& process) {
  return {{"pid", process.pid}, {"startTicks", process.start_ticks}};
}
process_identity process_from(const json& value) {
  return {value.at("pid").get<int>(), value.at("startTicks").get<std::uint64_t>()};
}

} // namespace

std::string record_text(const sandbox_record& record) {
  json value{{"id", record.id},
             {"podUid", record.pod_uid},
             {"namespace", record.space},
             {"name", record.name},
             {"attempt", record.attempt},
             {"hostname", record.hostname},
             {"hostNetwork", record.host_network},
             {"hostPid", record.host_pid},
             {"hostIpc", record.host_ipc},
             {"shareProcesses", record.share_processes},
             {"address", record.address},
             {"created", nanoseconds(record.created)},
             {"pause", process_json(record.pause)}};
  if (record.fs_group) value["fsGroup"] = *record.fs_group;
  return value.dump(1);
}

std::string record_text(const container_record& record) {
  json value{{"id", record.id},
             {"sandbox", record.sandbox_id},
             {"name", record.name},
             {"attempt", record.attempt},
             {"image", record.image},
             {"logPath", record.log_path},
             {"created", nanoseconds(record.created)},
             {"init", process_json(record.init)},
             {"monitor", process_json(record.monitor)},
             {"message", record.message}};
  if (record.started) value["started"] = nanoseconds(*record.started);
  if (record.joins_processes) value["joinsProcesses"] = true;
  return value.dump(1, ' ', false, json::error_handler_t::replace);
}

std::optional<sandbox_record> parse_sandbox_record(std::string_view text) {
  try {
    const json value = json::parse(text);
    sandbox_record record;
    value.at("id").get_to(record.id);
    value.at("podUid").get_to(record.pod_uid);
    value.at("namespace").get_to(record.space);
    value.at("name").get_to(record.name);
    value.at("attempt").get_to(record.attempt);
    value.at("hostname").get_to(record.hostname);
    value.at("hostNetwork").get_to(record.host_network);
    value.at("hostPid").get_to(record.host_pid);
    value.at("hostIpc").get_to(record.host_ipc);
    value.at("shareProcesses").get_to(record.share_processes);
    value.at("address").get_to(record.address);
    record.created = from_nanoseconds(value.at("created"));
    record.pause = process_from(value.at("pause"));
    if (value.contains("fsGroup")) record.fs_group = value.at("fsGroup").get<std::int64_t>();
    return record;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

std::optional<container_record> parse_container_record(std::string_view text) {
  try {
    const json value = json::parse(text);
    container_record record;
    value.at("id").get_to(record.id);
    value.at("sandbox").get_to(record.sandbox_id);
    value.at("name").get_to(record.name);
    value.at("attempt").get_to(record.attempt);
    value.at("image").get_to(record.image);
    value.at("logPath").get_to(record.log_path);
    record.created = from_nanoseconds(value.at("created"));
    record.init = process_from(value.at("init"));
    record.monitor = process_from(value.at("monitor"));
    value.at("message").get_to(record.message);
    if (value.contains("started")) record.started = from_nanoseconds(value.at("started"));
    record.joins_processes = value.value("joinsProcesses", false);
    return record;
  } catch (const json::exception&) {
    return std::nullopt;
  }
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
                          .message = record.message};
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
