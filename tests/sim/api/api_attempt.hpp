#pragma once

#include "net/http/http_server.hpp"
#include "tests/sim/api/object_book.hpp"
#include "tests/sim/network.hpp"

#include <map>
#include <optional>
#include <string>

namespace actord::sim {

/// One request of a client, and what it was told. Each is sent as a user of its own, so that the cause of a
/// revision says which request it is of: each writes what no other writes.
struct api_attempt {
  enum class deed : std::uint8_t {
    create,
    generate,   ///< the server makes the name
    replace_at, ///< PUT with the resourceVersion the client knows
    replace,    ///< PUT of whatever is there
    merge,      ///< merge patch
    apply,      ///< server-side apply
    remove,
    remove_at, ///< DELETE with the resourceVersion the client knows
    get,
    get_any, ///< as old as it may be: at least `expected`, if that is set
    list,
    list_any, ///< the same
  } what = deed::get;
  enum class outcome : std::uint8_t { open, done, refused, unknown } told = outcome::open;

  std::string id;
  std::string client;
  std::string name;                        ///< of the object; of one to be generated, once it is told
  revision expected;                       ///< which the client knows
  std::map<std::string, std::string> data; ///< what it puts
  std::string color;

  revision floor;   ///< the newest that anybody was told of when it was sent
  revision ceiling; ///< the newest of all when the answer came
  int code = 0;
  std::string body; ///< of the answer
  revision applied; ///< by the server that answered, at that moment
  time_us answered_at = 0;
  std::optional<revision> effect; ///< by the history

  [[nodiscard]] bool writes() const { return what < deed::get; }
  [[nodiscard]] bool puts() const { return what < deed::remove; }
};

/// As it travels.
net::http_request request_of(const api_attempt& attempt);
std::string describe(const api_attempt& attempt);

inline constexpr const char* maps_path = "/api/v1/namespaces/default/configmaps";

} // namespace actord::sim
