#pragma once

#include "net/http/http_server.hpp"
#include "net/proxy/link_rewriting.hpp"
#include "net/proxy/response_parser.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What of a request a backend gets, and what of its answer the client gets. Pure.

namespace actord::actors {

/// A request path cut behind the word "proxy": "/api/v1/namespaces/x/pods/y/proxy" and "/metrics".
struct proxied_path {
  std::string prefix;
  std::string rest; ///< as sent; empty when nothing follows
};
/// `segments`: how many belong to the prefix.
proxied_path split_proxied_path(std::string_view path, std::size_t segments);

/// How the body of a proxied request reaches the backend.
enum class body_passing : std::uint8_t {
  whole,   ///< it is there, or there is none
  counted, ///< it follows, as long as the client's content-length says
  chunked, ///< it follows in chunks
};
/// A request has a body to pass on as it comes when its head says so.
body_passing streamed_body_of(const net::http_request& head);

/// Of a request for an extension server, which is a part of the API: by which name it is called, and who
/// asks. The client's own headers of that kind stay here, its wish for compression goes along, and of the
/// answer nothing is rewritten.
struct extension_terms {
  std::string host;
  std::vector<std::pair<std::string, std::string>> identity;
};

/// The bytes of the request for the backend; a whole body is included. Hop-by-hop headers stay here, as do
/// the client's proof of identity and its wish for compression (so that links can be rewritten); where the
/// request came from is added. `upgrade`: the wish to leave HTTP goes along.
std::string upstream_request(const net::http_request& request, const proxied_path& path, bool upgrade,
                             body_passing body = body_passing::whole,
                             const extension_terms* extension = nullptr);

/// A piece of a body, and its end, in the framing the head announced.
std::string framed_piece(body_passing how, std::string_view piece);
std::string_view framed_end(body_passing how);

/// The backend's headers without those of its connection, and without those by which it would open this
/// server to pages of other origins.
std::vector<std::pair<std::string, std::string>>
downstream_headers(const net::upstream_head& head, const net::link_terms& links, bool rewrites = true);

bool is_html(const net::upstream_head& head);

} // namespace actord::actors
