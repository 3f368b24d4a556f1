#pragma once

#include "net/http/http_server.hpp"
#include "schema/base/result.hpp"

namespace actord::actors {

/// A watch over WebSocket: the same stream, one text message for each line of it. Takes the request's
/// connection over; an error leaves it unanswered.
result<net::exchange_handle> open_event_messages(const net::http_request& request,
                                                 net::http_exchange& exchange);

} // namespace actord::actors
