#pragma once

#include "actors/cluster/keys/key_table.hpp"
#include "net/pki/certificates.hpp"

#include <string>

namespace actord::actors {

/// The cluster's authority changes in three steps, so that at no time somebody meets a certificate whose
/// signer it does not believe:
///
///   settled ──trust──▶ a next one is believed ──sign──▶ it signs, the one before is still believed ──drop──▶
///   settled
///           (every server and node must hear of it)   (every certificate must have been made anew)
struct rotation_step {
  key_files change = {}; ///< for `change_keys`
  std::string did = {};  ///< in words
  std::string next = {}; ///< what has to be before the next step; empty after the last

  bool operator==(const rotation_step&) const = default;
};

/// The step that is due. `fresh` is the next authority, should one be needed. Pure.
rotation_step next_rotation_step(const key_files& files, const net::certified_key& fresh);

} // namespace actord::actors
