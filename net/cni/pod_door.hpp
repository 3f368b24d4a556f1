#pragma once

#include <cstdint>

namespace actord::net {

/// At which of a pod's addresses a connection to one of its ports arrives.
enum class pod_door : std::uint8_t {
  loopback, ///< 127.0.0.1, or where that is refused ::1: as its own processes do it
  address,  ///< the pod's own address: as other pods do it
};

} // namespace actord::net
