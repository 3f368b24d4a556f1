#include "actors/worker/local_node_services.hpp"

#include "runtime/container_runtime.hpp"
#include "runtime/images/image_store.hpp"
#include "runtime/logs/log_reader.hpp"

#include <algorithm>
#include <utility>

namespace actord::actors {
namespace {

constexpr std::size_t readers_max = 256;

error bad_request(std::string message) { return {error_kind::bad_request, std::move(message), {}, {}, 0}; }

error too_many_readers() {
  return {error_kind::too_many_requests, "too many logs are being read on this node", {}, {}, 1};
}

std::string why_not_started(const log_request& request) {
  if (request.waiting_reason == "ErrImagePull") return "image can't be pulled";
  if (request.waiting_reason == "ImagePullBackOff") return "trying and failing to pull image";
  return request.waiting_reason.empty() ? "ContainerCreating" : request.waiting_reason;
}

/// The attempt whose log is asked for: the latest, or the one before it.
struct log_target {
  int attempt = 0;
  std::string container_id; ///< empty when it is gone from the runtime
};

result<log_target> find_target(runtime::container_runtime& runtime, const log_request& request) {
  log_target latest{-1, ""};
  for (const auto& sandbox : runtime.list_sandboxes()) {
    if (sandbox.pod_uid != request.pod_uid) continue;
    for (const auto& each : runtime.list_containers(sandbox.id))
      if (each.name == request.container && each.attempt > latest.attempt) latest = {each.attempt, each.id};
  }
  if (latest.attempt < 0)
    return bad_request("container \"" + request.container + "\" in pod \"" + request.pod +
                       "\" is waiting to start: " + why_not_started(request));
  if (!request.previous) return latest;
  if (latest.attempt == 0)
    return bad_request("previous terminated container \"" + request.container + "\" in pod \"" + request.pod +
                       "\" not found");
  return log_target{latest.attempt - 1, ""};
}

runtime::log_options options_of(const log_request& request) {
  runtime::log_options options;
  options.follow = request.follow && !request.previous;
  options.timestamps = request.timestamps;
  options.tail_lines = request.tail_lines;
  options.limit_bytes = request.limit_bytes;
  options.since = request.since;
  if (!request.error_output) options.which = runtime::log_options::stream::standard_output;
  if (!request.output) options.which = runtime::log_options::stream::standard_error;
  return options;
}

class local_upload final : public image_upload {
public:
  local_upload(std::unique_ptr<runtime::image_archive_writer> writer,
               local_node_services::collaborators& with)
      : writer_(std::move(writer)), with_(with) {}

  result<void> write(std::string_view piece) override { return writer_->write(piece); }

  void finish(std::function<void(result<std::vector<std::string>>)> done) override {
    with_.pool.run([writer = std::shared_ptr(std::move(writer_)), changed = with_.images_changed,
                    done = std::move(done)] {
      auto images = writer->finish();
      if (!images) return done(std::move(images).error());
      std::vector<std::string> names;
      for (const auto& image : *images) {
        if (image.references.empty()) names.push_back(image.id);
        names.insert(names.end(), image.references.begin(), image.references.end());
      }
      changed();
      done(std::move(names));
    });
  }

private:
  std::unique_ptr<runtime::image_archive_writer> writer_;
  local_node_services::collaborators& with_;
};

} // namespace

local_node_services::local_node_services(collaborators with)
    : with_(std::move(with)), stopping_(std::make_shared<std::atomic<bool>>(false)), readers_(readers_max) {}

local_node_services::~local_node_services() { stopping_->store(true); }

void local_node_services::read_log(log_request request, stream_receiver receiver) {
  if (reading_->fetch_add(1) >= static_cast<int>(readers_max)) {
    reading_->fetch_sub(1);
    return receiver.done(too_many_readers());
  }
  readers_.run(
      [this, request = std::move(request), receiver = std::move(receiver), stopping = stopping_,
       place = std::shared_ptr<void>(nullptr, [reading = reading_](void*) { reading->fetch_sub(1); })] {
        auto target = find_target(with_.runtime, request);
        if (!target) return receiver.done(std::move(target).error());
        const auto running = [&] {
          if (stopping->load() || target->container_id.empty()) return false;
          const auto status = with_.runtime.status(target->container_id);
          return status && status->state == runtime::container_state::running;
        };
        const std::string path =
            with_.files.log(request.space, request.pod, request.pod_uid, request.container, target->attempt);
        receiver.done(runtime::read_log(path, options_of(request), {receiver.more, running}));
      });
}

result<std::unique_ptr<image_upload>> local_node_services::begin_image_load() {
  return std::unique_ptr<image_upload>(std::make_unique<local_upload>(with_.images.begin_load(), with_));
}

} // namespace actord::actors
