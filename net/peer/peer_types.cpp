#include "net/peer/peer_network.hpp"

namespace actord::net {

std::string_view name_of(peer_link link) {
  switch (link) {
  case peer_link::connecting:
    return "connecting";
  case peer_link::connected:
    return "connected";
  case peer_link::refused:
    return "refused";
  case peer_link::unreachable:
    return "unreachable";
  }
  return "unknown";
}

} // namespace actord::net
