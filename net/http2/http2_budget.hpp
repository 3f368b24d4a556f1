#pragma once

#include <cstdint>

namespace actord::net {

/// What one HTTP/2 connection may ask of us beside requests. Frames that cost the client next to nothing and
/// us something (resets, pings, settings, priorities, window updates, empty data) are paid from an allowance
/// that time and finished work refill; a client that has spent it is sent away.
///
/// Worked example: a client that resets streams pays 10 for each and runs dry after 1,000 of them
/// (with the 5 for the request itself, 667), or goes on at 33 a second. One that completes a request for each
/// reset earns what it pays.
class frame_budget {
public:
  static constexpr std::int64_t allowance = 10'000;
  static constexpr std::int64_t refill_per_s = 500;

  enum class cost : std::int64_t {
    trifle = 1,     ///< WINDOW_UPDATE, PRIORITY, unknown frames
    request = 5,    ///< HEADERS, given back when the request is answered in full
    empty_data = 5, ///< DATA without a byte and without an end
    control = 10,   ///< PING and SETTINGS (each is answered), RST_STREAM
    refusal = 20,   ///< a request with no right to be here: 401, 431, over the limits
    malformed = 50, ///< a request that broke the rules
  };

  void spend(cost what) { left_ -= static_cast<std::int64_t>(what); }
  void finished_request() { earn(15); }
  /// Taking data in needs window updates: one per 2 KiB is more than any client sends.
  void sent(std::uint64_t bytes);
  void passed(std::uint32_t seconds) { earn(static_cast<std::int64_t>(seconds) * refill_per_s); }
  [[nodiscard]] bool exhausted() const { return left_ < 0; }

private:
  void earn(std::int64_t amount) { left_ = left_ + amount > allowance ? allowance : left_ + amount; }

  std::int64_t left_ = allowance;
  std::uint64_t unpaid_bytes_ = 0;
};

} // namespace actord::net
