#pragma once

#include "net/peer/forwarding.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace actord::actors {

/// By which one server passes a worker's batch on to the one that leads (schema/forward.capnp).
inline constexpr std::string_view node_batch_method = "node-writes-of";
inline constexpr std::chrono::seconds batch_deadline{15};

/// Puts the answers to a batch together: told once, when all are there. Any thread.
class answer_collector {
public:
  answer_collector(std::size_t count, std::function<void(result<std::string>)> done)
      : answers_(count), missing_(count), done_(std::move(done)) {}

  /// Once for each place.
  void put(std::size_t place, std::string answer) {
    {
      const std::scoped_lock hold(mutex_);
      answers_.at(place) = std::move(answer);
      if (--missing_ > 0) return;
    }
    done_(net::encode_forwarded_answers(answers_));
  }

private:
  std::mutex mutex_;
  std::vector<std::string> answers_;
  std::size_t missing_;
  const std::function<void(result<std::string>)> done_;
};

} // namespace actord::actors
