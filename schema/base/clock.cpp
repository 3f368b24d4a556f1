#include "schema/base/clock.hpp"

namespace actord {
namespace {

class machine_clock final : public clock_source {
public:
  [[nodiscard]] wall_time wall_now() const override { return std::chrono::system_clock::now(); }
  [[nodiscard]] steady_time steady_now() const override { return std::chrono::steady_clock::now(); }
};

} // namespace

const clock_source& system_clock_source() {
  static const machine_clock instance;
  return instance;
}

} // namespace actord
