#include "actors/api/telemetry/request_metrics.hpp"

#include "actors/api/api_request.hpp"
#include "actors/console/actor_registry.hpp"
#include "schema/base/json.hpp"
#include "schema/discovery/documents.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <mutex>
#include <sstream>
#include <unistd.h>
#include <utility>
#include <vector>

namespace actord::actors {
namespace {

std::string_view metric_verb(std::string_view verb) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> words{
      {{"get", "GET"},
       {"list", "LIST"},
       {"watch", "WATCH"},
       {"create", "POST"},
       {"update", "PUT"},
       {"patch", "PATCH"},
       {"delete", "DELETE"},
       {"deletecollection", "DELETECOLLECTION"}}};
  const auto* found = std::ranges::find(words, verb, &std::pair<std::string_view, std::string_view>::first);
  return found == words.end() ? std::string_view("other") : found->second;
}

std::string text_of(const request_labels& labels) {
  return fmt::format(
      R"(component="apiserver",dry_run="{}",group="{}",resource="{}",scope="{}",subresource="{}",)"
      R"(verb="{}",version="{}")",
      labels.dry_run ? "All" : "", labels.group, labels.resource, labels.scope, labels.subresource,
      labels.verb, labels.version);
}

std::string head(std::string_view name, std::string_view help, std::string_view type) {
  return fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

/// Copies what the labels view into `words`.
void own(request_labels& labels, std::string& words) {
  const std::array parts{&labels.verb,     &labels.group,       &labels.version,
                         &labels.resource, &labels.subresource, &labels.scope};
  for (const std::string_view* part : parts) words += *part;
  std::string_view rest = words;
  for (std::string_view* part : parts) {
    *part = rest.substr(0, part->size());
    rest.remove_prefix(part->size());
  }
}

/// Each line behind the name of the metric.
void append_lines(std::string& out, std::string_view name, std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n') + 1;
    out += name;
    out += lines.substr(0, end);
    lines.remove_prefix(end);
  }
}

} // namespace

request_labels labels_of(const api_request& request) {
  const schema::resource_type& type = request.type();
  request_labels labels{.verb = metric_verb(request.verb),
                        .group = type.group,
                        .version = type.version,
                        .resource = type.plural,
                        .subresource = {},
                        .scope = "cluster"};
  if (request.route.subresource != nullptr) labels.subresource = request.route.subresource->name;
  if (!request.route.name.empty())
    labels.scope = "resource";
  else if (!request.route.space.empty())
    labels.scope = "namespace";
  labels.dry_run = !request.query.get("dryRun").empty();
  return labels;
}

request_metrics::series& request_metrics::series_of(const request_labels& labels) {
  {
    const std::shared_lock reading(guard_);
    if (const auto found = series_.find(labels); found != series_.end()) return *found->second;
  }
  const std::unique_lock writing(guard_);
  const bool full = series_.size() >= most_series && !series_.contains(labels);
  request_labels key = full ? request_labels{.verb = "other"} : labels;
  if (const auto found = series_.find(key); found != series_.end()) return *found->second;
  auto made = std::make_unique<series>();
  own(key, made->words);
  return *series_.emplace(key, std::move(made)).first->second;
}

void request_metrics::under_way(const request_labels& labels, int change) {
  const bool reads = labels.verb == "GET" || labels.verb == "LIST";
  (reads ? reading_ : changing_).fetch_add(change, std::memory_order_relaxed);
}

std::shared_ptr<void> request_metrics::stream_begun(const request_labels& labels) {
  series& here = series_of(labels);
  here.lasts.store(true, std::memory_order_relaxed);
  here.open->fetch_add(1, std::memory_order_relaxed);
  return {nullptr, [open = here.open](void*) { open->fetch_sub(1, std::memory_order_relaxed); }};
}

void request_metrics::turned_away(const request_labels& labels) {
  series_of(labels).turned_away.fetch_add(1, std::memory_order_relaxed);
}

void request_metrics::observe(const request_labels& labels, int code, std::chrono::nanoseconds took,
                              bool lasting) {
  series& here = series_of(labels);
  if (lasting) here.lasts.store(true, std::memory_order_relaxed);
  for (code_count& slot : here.codes) {
    int free = 0;
    if (slot.code.load(std::memory_order_relaxed) != code && !slot.code.compare_exchange_strong(free, code) &&
        free != code)
      continue;
    slot.count.fetch_add(1, std::memory_order_relaxed);
    break;
  }
  const double seconds = std::chrono::duration<double>(took).count();
  const auto bucket =
      static_cast<std::size_t>(std::ranges::lower_bound(bounds_s, seconds) - bounds_s.begin());
  here.durations[bucket].fetch_add(1, std::memory_order_relaxed);
  here.total_us.fetch_add(static_cast<std::uint64_t>(seconds * 1e6), std::memory_order_relaxed);
}

std::string request_metrics::text() const {
  constexpr std::string_view total = "apiserver_request_total";
  constexpr std::string_view duration = "apiserver_request_duration_seconds";
  constexpr std::string_view objective = "apiserver_request_sli_duration_seconds";
  constexpr std::string_view lasting = "apiserver_longrunning_requests";
  constexpr std::string_view refused = "apiserver_request_terminations_total";
  std::string counts =
      head(total, "Requests answered, by what they asked and the code of the answer.", "counter");
  std::string times =
      head(duration, "Time to the answer in seconds; of a watch, to its beginning.", "histogram");
  std::string objectives = head(objective, "The same without streams.", "histogram");
  std::string streams =
      head(lasting, "Streams that go on: watches, commands, logs, forwarded ports.", "gauge");
  std::string refusals = head(refused, "Requests refused to protect the server.", "counter");
  const std::shared_lock reading(guard_);
  for (const auto& [labels, here] : series_) {
    const std::string words = text_of(labels);
    for (const code_count& slot : here->codes)
      if (const int code = slot.code.load(std::memory_order_relaxed); code != 0)
        counts += fmt::format("{}{{code=\"{}\",{}}} {}\n", total, code, words,
                              slot.count.load(std::memory_order_relaxed));
    const std::int64_t open = here->open->load(std::memory_order_relaxed);
    const bool lasts = here->lasts.load(std::memory_order_relaxed);
    if (lasts) streams += fmt::format("{}{{{}}} {}\n", lasting, words, open);
    if (const std::uint64_t count = here->turned_away.load(std::memory_order_relaxed); count > 0)
      refusals += fmt::format("{}{{code=\"429\",{}}} {}\n", refused, words, count);
    std::string lines;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < here->durations.size(); ++i) {
      sum += here->durations[i].load(std::memory_order_relaxed);
      const std::string bound = i < bounds_s.size() ? fmt::format("{}", bounds_s[i]) : "+Inf";
      lines += fmt::format("_bucket{{{},le=\"{}\"}} {}\n", words, bound, sum);
    }
    lines += fmt::format("_sum{{{}}} {}\n", words,
                         static_cast<double>(here->total_us.load(std::memory_order_relaxed)) / 1e6);
    lines += fmt::format("_count{{{}}} {}\n", words, sum);
    append_lines(times, duration, lines);
    if (!lasts) append_lines(objectives, objective, lines);
  }
  constexpr std::string_view under_way = "apiserver_current_inflight_requests";
  return counts + times + objectives + streams + refusals +
         head(under_way, "Requests that are worked on, streams aside.", "gauge") +
         fmt::format("{0}{{request_kind=\"mutating\"}} {1}\n{0}{{request_kind=\"readOnly\"}} {2}\n",
                     under_way, changing_.load(std::memory_order_relaxed),
                     reading_.load(std::memory_order_relaxed));
}

std::string process_metrics_text() {
  // Fields of /proc/self/stat count from the one behind the command, which may hold spaces.
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t end = line.rfind(')');
  std::vector<double> numbers;
  std::istringstream rest(end == std::string::npos ? std::string() : line.substr(end + 4));
  for (double number = 0; rest >> number;) numbers.push_back(number);
  const auto field = [&](std::size_t index) { return index - 4 < numbers.size() ? numbers[index - 4] : 0.0; };
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  double booted = 0;
  std::ifstream boot("/proc/stat");
  for (std::string word; boot >> word;)
    if (word == "btime") {
      boot >> booted;
      break;
    }
  std::error_code ignored;
  std::size_t descriptors = 0;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", ignored);
       entry != std::filesystem::directory_iterator(); entry.increment(ignored))
    ++descriptors;
  std::string out;
  const auto add = [&](std::string_view name, std::string_view help, std::string_view type, double value) {
    out += head(name, help, type) + fmt::format("{} {:.17g}\n", name, value);
  };
  add("process_cpu_seconds_total", "CPU time of the process, user and system.", "counter",
      (field(14) + field(15)) / ticks);
  add("process_start_time_seconds", "When the process began, in seconds since 1970.", "gauge",
      booted + field(22) / ticks);
  add("process_virtual_memory_bytes", "Address space of the process.", "gauge", field(23));
  add("process_resident_memory_bytes", "Memory of the process that is in RAM.", "gauge", field(24) * page);
  add("process_open_fds", "Open file descriptors.", "gauge", static_cast<double>(descriptors));
  const json version = json::parse(std::string(schema::discovery::version()));
  out +=
      head("kubernetes_build_info", "The version of Kubernetes whose API is served.", "gauge") +
      fmt::format("kubernetes_build_info{{git_version=\"{}\",major=\"{}\",minor=\"{}\",platform=\"{}\"}} 1\n",
                  version.value("gitVersion", ""), version.value("major", ""), version.value("minor", ""),
                  version.value("platform", ""));
  return out;
}

std::string work_metrics_text(const actor_registry& registry) {
  std::string adds = head("workqueue_adds_total", "Keys a controller was told to look at.", "counter");
  std::string depth = head("workqueue_depth", "Keys that wait for their controller.", "gauge");
  std::string retries = head("workqueue_retries_total", "Rounds that are to be repeated.", "counter");
  std::string waited =
      head("workqueue_queue_duration_seconds", "How long keys waited for their round.", "histogram");
  std::string worked =
      head("workqueue_work_duration_seconds", "How long a round took, its writes included.", "histogram");
  for (const auto& [name, work] : registry.work()) {
    const std::string label = fmt::format("name=\"{}\"", name);
    adds += fmt::format("workqueue_adds_total{{{}}} {}\n", label, work->adds.load());
    depth += fmt::format("workqueue_depth{{{}}} {}\n", label, work->depth.load());
    retries += fmt::format("workqueue_retries_total{{{}}} {}\n", label, work->retries.load());
    waited += work->waited.text("workqueue_queue_duration_seconds", label);
    worked += work->worked.text("workqueue_work_duration_seconds", label);
  }
  return adds + depth + retries + waited + worked;
}

std::string storage_metrics_text(const storage::snapshot& reads) {
  constexpr std::string_view name = "apiserver_storage_objects";
  constexpr std::string_view newer_name = "apiserver_resource_objects";
  std::string out = head(name, "Objects stored, by resource.", "gauge");
  std::string newer = head(newer_name, "Objects stored, by group and resource.", "gauge");
  for (const schema::resource_handle& type : schema::stored_resources()) {
    if (!type->has(schema::verb::get)) continue;
    const std::uint64_t count = reads.count(type->stored_as, "");
    out += fmt::format("{}{{resource=\"{}{}{}\"}} {}\n", name, type->plural, type->group.empty() ? "" : ".",
                       type->group, count);
    newer +=
        fmt::format("{}{{group=\"{}\",resource=\"{}\"}} {}\n", newer_name, type->group, type->plural, count);
  }
  return out + newer;
}

} // namespace actord::actors
