#pragma once

#include "actors/nodes/remote_node.hpp"
#include "actors/worker/node_services.hpp"
#include "net/peer/node_frame.hpp"
#include "net/peer/node_request.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace actord::actors {

/// An image on its way to another node, at the side that has it: no more is under way than the window of the
/// stream, which the node opens as its disk takes the archive.
class remote_upload final : public image_upload {
public:
  explicit remote_upload(const remote_node& node);
  ~remote_upload() override;
  remote_upload(const remote_upload&) = delete;
  remote_upload& operator=(const remote_upload&) = delete;

  /// Waits for the node, up to a limit, after which the upload has failed.
  result<void> write(std::string_view piece) override;
  void finish(std::function<void(result<std::vector<std::string>>)> done) override;

private:
  /// Between the network's thread and the one that writes.
  struct state {
    std::string node;
    std::shared_ptr<net::stream_loop> loop;
    std::mutex mutex;
    std::condition_variable changed;
    std::shared_ptr<net::peer_stream> stream; ///< null once closed
    net::node_frame_reader reader;
    bool room = true;
    std::optional<net::node_end> end; ///< how it went, said by the node or by what became of the stream
    std::function<void(result<std::vector<std::string>>)> done;

    void on_piece(std::string_view piece);
    // With the lock held.
    void give_up(error why);
    void settle(net::node_end how);
    void answer();
  };

  std::shared_ptr<state> state_ = std::make_shared<state>();
  bool finished_ = false;
};

} // namespace actord::actors
