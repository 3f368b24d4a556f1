#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace actord::actors {

struct claim_expressions;

/// How tokens of an identity provider become users: the flags of kube-apiserver by the same names, or an
/// entry of an AuthenticationConfiguration.
struct openid_options {
  std::string issuer_url;                   ///< empty: there is no provider
  std::vector<std::string> client_ids = {}; ///< a token must be meant for one of them
  std::string authority_file = {};          ///< whom to believe; empty: the machine's authorities
  std::string authority_pem = {};           ///< the same, as text
  std::string discovery_url = {};           ///< where it describes itself; empty: below its own address
  std::string username_claim = "sub";
  std::string username_prefix = {}; ///< empty: the issuer and '#', but none for e-mails; "-": none
  bool literal_prefix = false;      ///< it is as it stands: empty is none
  std::string uid_claim = {};       ///< empty: no uid
  std::string groups_claim = {};    ///< empty: no groups
  std::string groups_prefix = {};
  std::map<std::string, std::string> required_claims = {};
  /// Where one maps something, no claim does; null: none.
  std::shared_ptr<const claim_expressions> expressions = {};
  std::vector<std::string> signing_algorithms = {"RS256"};
};

} // namespace actord::actors
