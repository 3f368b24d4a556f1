#pragma once

#include "actors/objects/write_command.hpp"
#include "net/pki/certificates.hpp"
#include "schema/base/clock.hpp"

#include <string>
#include <vector>

namespace actord::storage {
class store;
}

namespace actord::actors {

/// What a service-account token is for.
struct token_order {
  std::string space;
  std::string account;
  std::string account_uid;
  std::vector<std::string> audiences; ///< empty: the API server itself
  std::chrono::seconds lifetime{3600};
  std::string pod; ///< the token dies with this pod; empty for none
  std::string pod_uid;
};

struct issued_token {
  std::string token;
  wall_time expires;
};

/// Issues and checks the tokens of service accounts. A token names its account and pod by uid: it is good
/// only while both are there.
class token_authority {
public:
  token_authority(net::signing_key key, const storage::store& store) : key_(std::move(key)), store_(store) {}

  [[nodiscard]] result<issued_token> issue(const token_order& order) const;
  /// None when the token is not ours, has expired, or outlived what it names.
  [[nodiscard]] std::optional<caller_identity> verify(std::string_view token) const;

private:
  net::signing_key key_;
  const storage::store& store_;
};

inline constexpr std::string_view token_issuer = "https://kubernetes.default.svc.cluster.local";

} // namespace actord::actors
