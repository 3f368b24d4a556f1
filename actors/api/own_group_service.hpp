#pragma once

#include "actors/api/api_request.hpp"

namespace actord::actors {

/// A part of our own API group, actord.dev/v1, that lives outside the frontend. Any thread.
class own_group_service {
public:
  virtual ~own_group_service() = default;
  /// Called for requests below /apis/actord.dev/v1 that are authorized by verb, resource and name of their
  /// path. False, with nothing answered, for what it does not serve.
  virtual bool serve(const request_handle& request) = 0;
};

} // namespace actord::actors
