#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the API asks of a node beyond desired state: streams. In process for this machine's own worker; a
/// remote node answers over Cap'n Proto.

namespace actord::actors {

class node_streams;

struct log_request {
  std::string space;
  std::string pod;
  std::string pod_uid;
  std::string container;
  bool follow = false;
  bool previous = false;
  bool timestamps = false;
  std::optional<std::int64_t> tail_lines;
  std::optional<std::int64_t> limit_bytes;
  std::optional<wall_time> since;
  bool output = true;
  bool error_output = true;
  std::string waiting_reason; ///< why it has not started, as far as the API knows
};

/// Receives a stream. `more` returns false when the receiver is gone (stop reading); an empty piece says that
/// there is a stream.
struct stream_receiver {
  std::function<bool(std::string_view piece)> more;
  std::function<void(result<void>)> done;
};

/// An image archive on its way to the node: pieces in order, then `finish`. Dropping it aborts the load.
class image_upload {
public:
  virtual ~image_upload() = default;
  /// Blocks its thread while the disk is slow.
  virtual result<void> write(std::string_view piece) = 0;
  /// Names of the images that were loaded.
  virtual void finish(std::function<void(result<std::vector<std::string>>)> done) = 0;
};

class node_services {
public:
  virtual ~node_services() = default;
  virtual void read_log(log_request request, stream_receiver receiver) = 0;
  virtual result<std::unique_ptr<image_upload>> begin_image_load() = 0;
  /// exec, attach and port-forward.
  [[nodiscard]] virtual node_streams& streams() = 0;
};

} // namespace actord::actors
