#include "net/http2/http2_budget.hpp"

namespace actord::net {

void frame_budget::sent(std::uint64_t bytes) {
  constexpr std::uint64_t bytes_per_update = 2048;
  unpaid_bytes_ += bytes;
  earn(static_cast<std::int64_t>(unpaid_bytes_ / bytes_per_update));
  unpaid_bytes_ %= bytes_per_update;
}

} // namespace actord::net
