#pragma once

#include "net/http/http_client.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace actord::cli {

using query_list = std::vector<std::pair<std::string, std::string>>;

/// "?a=1&b=2" with everything escaped; empty for no parameters.
std::string query_text(const query_list& parameters);

/// An answer of the API that was a success.
struct api_answer {
  int code = 200;
  json body;
  std::vector<std::string> warnings; ///< texts of Warning headers
};

/// The API in terms of JSON. Errors carry the server's own words, as "Error from server (NotFound): ..."
/// would show them; their kind and causes are those of the Status.
class api_client {
public:
  explicit api_client(std::unique_ptr<net::http_client> transport) : transport_(std::move(transport)) {}

  result<api_answer> get(const std::string& target, const std::string& accept = "application/json");
  result<api_answer> write(const std::string& method, const std::string& target, const json& body,
                           const std::string& content_type = "application/json");
  /// Hands over each line of a stream as it comes (without its end), until `take` returns false.
  result<void> lines(const std::string& target, const std::string& accept,
                     const std::function<bool(std::string_view line)>& take);
  /// Hands over the bytes of a stream.
  result<void> bytes(const std::string& target, const std::function<bool(std::string_view piece)>& take);
  result<api_answer> upload(const std::string& target, const std::string& content_type,
                            net::body_source source, std::optional<std::uint64_t> length);

private:
  std::unique_ptr<net::http_client> transport_;
};

/// The error an answer with an error code means.
error error_of(const net::client_answer& answer);
/// The line a user sees.
std::string describe_error(const error& failure);

} // namespace actord::cli
