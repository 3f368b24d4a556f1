#pragma once

#include "net/pki/certificates.hpp"
#include "schema/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTPS from the client's side, blocking, by libcurl.

namespace actord::net {

struct http_client_options {
  std::string base_url;      ///< "https://127.0.0.1:6443"
  std::string authority_pem; ///< whom to believe; empty: the machine's authorities
  certified_key client;      ///< empty for none
  std::string token;         ///< bearer token; empty for none
  bool insecure = false;     ///< believe any server
  std::string user_agent = "actctl";
  int connect_timeout_s = 10;
};

/// Fills `into` and returns how much; 0 ends the body.
using body_source = std::function<std::size_t(std::span<char> into)>;

struct client_request {
  std::string method = "GET";
  std::string target; ///< path and query, encoded: "/api/v1/pods?watch=1"
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  body_source upload = {}; ///< used instead of `body` when set
  std::optional<std::uint64_t> upload_length = {};
  int timeout_s = 0; ///< for the whole exchange; 0 for none
};

struct client_answer {
  int code = 0;
  std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case
  std::string body;
};

/// One connection, reused from request to request; one request at a time.
class http_client {
public:
  static result<std::unique_ptr<http_client>> create(const http_client_options& options);
  virtual ~http_client() = default;

  /// Errors are failures to get an answer (`unavailable`); an answer with an error code is an answer.
  virtual result<client_answer> send(const client_request& request) = 0;
  /// Hands the body of a successful (2xx) answer over as it arrives, until `take` returns false; then or at
  /// its end returns the answer without a body. Other answers come with their body.
  virtual result<client_answer> stream(const client_request& request,
                                       const std::function<bool(std::string_view piece)>& take) = 0;
};

} // namespace actord::net
