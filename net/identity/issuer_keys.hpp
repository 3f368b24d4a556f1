#pragma once

#include "net/pki/web_key.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace actord::net {

struct issuer_options {
  std::string url;                ///< "https://accounts.example.com": what tokens name as their issuer
  std::string discovery_url = {}; ///< of the document that describes it; empty: below `url`
  std::string authority_pem = {}; ///< whom to believe; empty: the machine's authorities
};

/// The keys of an identity provider (OpenID Connect Discovery 1.0), fetched on a thread of its own: nobody
/// who checks a token ever waits for the network.
///
///   start ──▶ fetch ──▶ current ──(hourly, or asked for: a token names a key that is not there)──▶ fetch ──▶
///   ...
///               └─ failed: again after a pause that grows; the keys there are stay
class issuer_keys {
public:
  using key_list = std::shared_ptr<const std::vector<web_key>>;

  static std::unique_ptr<issuer_keys> start(issuer_options options);
  /// Stops as `stop` does; a fetch under way ends within its time limit.
  virtual ~issuer_keys() = default;

  /// Null until they were fetched once.
  [[nodiscard]] virtual key_list current() const = 0;
  /// Asks for newer keys and calls `done`, on the thread, after the next fetch, whatever came of it. False,
  /// without calling, when the last fetch was just now or too many wait already.
  virtual bool renew(std::function<void()> done) = 0;
  /// Ends the thread; who still waits is not called any more.
  virtual void stop() = 0;
};

/// The `jwks_uri` of a discovery document that is the issuer's own.
result<std::string> keys_address_of(std::string_view document, std::string_view issuer_url);

} // namespace actord::net
