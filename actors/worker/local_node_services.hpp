#pragma once

#include "actors/worker/node_services.hpp"
#include "actors/worker/pod_files.hpp"
#include "actors/worker/worker_pool.hpp"

#include <atomic>
#include <functional>
#include <memory>

namespace actord::runtime {
class container_runtime;
class image_store;
} // namespace actord::runtime

namespace actord::actors {

/// Logs and image loads of this machine. Log readers have a pool of their own: a follower holds its thread
/// for as long as somebody listens.
class local_node_services final : public node_services {
public:
  struct collaborators {
    runtime::container_runtime& runtime;
    runtime::image_store& images;
    worker_pool& pool;
    pod_files files;
    std::function<void()> images_changed;
    node_streams& streams;
  };
  explicit local_node_services(collaborators with);
  ~local_node_services() override;

  void read_log(log_request request, stream_receiver receiver) override;
  result<std::unique_ptr<image_upload>> begin_image_load() override;
  [[nodiscard]] node_streams& streams() override { return with_.streams; }

private:
  collaborators with_;
  std::shared_ptr<std::atomic<bool>> stopping_;
  std::shared_ptr<std::atomic<int>> reading_ = std::make_shared<std::atomic<int>>(0);
  worker_pool readers_;
};

} // namespace actord::actors
