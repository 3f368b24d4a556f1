#pragma once

#include "schema/base/clock.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace actord::actors {

/// When each node's epoch was confirmed last, on the clock of the server that leads (fence_terms.hpp). Any
/// thread.
class epoch_board {
public:
  /// This server begins to lead, and knows nothing of what others confirmed.
  void begin(steady_time now);
  void confirmed(const std::string& node, steady_time now);
  [[nodiscard]] std::optional<steady_time> counted_from(std::string_view node) const;

private:
  mutable std::mutex mutex_;
  std::optional<steady_time> began_;
  std::map<std::string, steady_time, std::less<>> confirmed_;
};

} // namespace actord::actors
