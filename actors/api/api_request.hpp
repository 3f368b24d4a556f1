#pragma once

#include "actors/api/forms/media_types.hpp"
#include "actors/api/request_route.hpp"
#include "actors/objects/write_command.hpp"
#include "net/http/http_server.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace actord::actors {

class audit_record;
class incoming_body;

/// A request that passed authentication, on its way through the frontend. Shared by the callbacks that answer
/// it.
struct api_request {
  net::http_request http;
  net::exchange_handle exchange;
  caller_identity caller;
  bool anonymous = false; ///< shows no credentials, so there is nobody to refuse: it is asked for some
  query_values query;
  resource_route route; ///< meaningful only for requests about resources
  std::string verb;     ///< "list", ...; of the authorization question
  answer_form form;
  std::string request_id;
  bool pretty = false;
  std::shared_ptr<incoming_body> incoming; ///< the body of a proxied request; null where http.body has it
  std::shared_ptr<audit_record> audit;     ///< null unless an audit policy wants to know of it
  /// Of a write in a cluster: takes over what this server cannot do or tell because it does not lead (any
  /// more). Null where nobody else could.
  std::function<void(const api_request& request, const error& why)> ask_next_leader;
  bool again = false;   ///< an earlier try may have taken effect
  bool counted = false; ///< went through flow control and audit before

  [[nodiscard]] const schema::resource_type& type() const { return *route.type; }
  [[nodiscard]] object_key key() const { return {route.type->id, route.space, route.name}; }
};
using request_handle = std::shared_ptr<api_request>;

/// What every answer may carry besides its body.
struct answer_extras {
  std::vector<std::string> warnings;
};

/// The value of a Warning header. RFC 7234 warn-text: quoted, without control characters.
std::string warning_header(std::string_view text);

/// Sends a body that is in its final form.
void answer_bytes(const api_request& request, int code, std::string_view content_type, std::string body,
                  const answer_extras& extras = {});
/// Begins an answer of code 200 whose body is written in pieces, in its final form.
void begin_answer(const api_request& request, std::string_view content_type);
/// Sends a JSON document in the form the client asked for, where that is not special to its kind.
void answer_json(const api_request& request, int code, std::string document,
                 const answer_extras& extras = {});
void answer_error(const api_request& request, const error& failure);
/// The same for requests that failed before they became an api_request.
void answer_error(net::http_exchange& exchange, const error& failure);
void answer_text(net::http_exchange& exchange, int code, std::string text);

/// The Status of a success: `{"status":"Success","details":{...}}`.
std::string success_status(const schema::resource_type& type, std::string_view name, std::string_view uid);

} // namespace actord::actors
