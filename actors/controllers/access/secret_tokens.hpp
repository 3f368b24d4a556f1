#pragma once

#include "actors/controllers/access/token_minter.hpp"
#include "actors/controllers/plan.hpp"
#include "schema/view/config_map_view.hpp"

#include <string>

/// Secrets that are tokens: those of service accounts, which are filled in here, and those that let machines
/// join, which end at their time.

namespace actord::actors {

inline constexpr const char* account_token_type = "kubernetes.io/service-account-token";
inline constexpr const char* account_name_annotation = "kubernetes.io/service-account.name";
inline constexpr const char* account_uid_annotation = "kubernetes.io/service-account.uid";

struct account_token_view {
  object_key key;
  seen<schema::secret_view> secret;
  std::string account_uid; ///< of the account the secret names; empty when there is none
  std::string ca_pem;
};

/// Fills in what is missing of token, namespace, ca.crt and the account's uid. A secret of an account that is
/// gone, or is another one now, goes too.
plan reconcile_account_token(const account_token_view& view, const token_minter& mint);

/// Removes a bootstrap token whose time is over, or comes back then.
plan reconcile_bootstrap_token(const object_key& key, const seen<schema::secret_view>& secret, wall_time now);

} // namespace actord::actors
