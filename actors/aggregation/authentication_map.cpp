#include "actors/aggregation/authentication_map.hpp"

#include "net/pki/cluster_pki.hpp"

namespace actord::actors {
namespace {

/// Lists stand in the map as JSON texts.
std::string listed(std::string_view one) { return json::array({one}).dump(); }

} // namespace

std::optional<json> correct_authentication_map(const json& stored, const authentication_facts& facts) {
  json wanted =
      stored.is_object()
          ? stored
          : json{{"apiVersion", "v1"},
                 {"kind", "ConfigMap"},
                 {"metadata", {{"name", authentication_map_name}, {"namespace", authentication_map_space}}}};
  json& data = wanted["data"];
  data["client-ca-file"] = facts.client_authorities_pem;
  data["requestheader-client-ca-file"] = facts.proxy_authority_pem;
  data["requestheader-allowed-names"] = listed(net::front_proxy_user);
  data["requestheader-username-headers"] = listed("X-Remote-User");
  data["requestheader-uid-headers"] = listed("X-Remote-Uid");
  data["requestheader-group-headers"] = listed("X-Remote-Group");
  data["requestheader-extra-headers-prefix"] = listed("X-Remote-Extra-");
  if (wanted == stored) return {};
  return wanted;
}

} // namespace actord::actors
