#pragma once

#include "net/http/http_client.hpp"
#include "schema/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace actord::net {

/// Sets whom to believe and who one is.
void set_curl_identity(void* easy_handle, const http_client_options& options);

/// A bare (TLS) connection by libcurl, for protocols that leave HTTP. Does not block once it is open.
class curl_connection {
public:
  static result<curl_connection> open(const http_client_options& options);

  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// How much was taken; 0 when it would block.
  result<std::size_t> send(std::string_view bytes);
  struct received {
    std::string text; ///< empty when nothing is there yet
    bool ended = false;
  };
  result<received> receive();
  /// The certificates the server presented, its own first, in PEM.
  [[nodiscard]] std::vector<std::string> presented_certificates() const;

private:
  struct release {
    void operator()(void* easy_handle) const;
  };
  std::unique_ptr<void, release> handle_;
  int descriptor_ = -1;
};

} // namespace actord::net
