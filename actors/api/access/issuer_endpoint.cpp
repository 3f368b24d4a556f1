#include "actors/api/access/issuer_endpoint.hpp"

#include "actors/authentication/token_authority.hpp"
#include "schema/base/json.hpp"

#include <array>

namespace actord::actors {
namespace {

constexpr std::string_view configuration_path = "/.well-known/openid-configuration";
constexpr std::string_view keys_path = "/openid/v1/jwks";

} // namespace

bool is_issuer_path(std::string_view path) { return path == configuration_path || path == keys_path; }

void serve_issuer(const token_authority& tokens, const std::string& advertised_address,
                  const request_handle& request) {
  if (request->http.path == keys_path)
    return answer_bytes(*request, 200, "application/jwk-set+json", net::key_set_text({tokens.key()}));
  const json configuration = {{"issuer", token_issuer},
                              {"jwks_uri", "https://" + advertised_address + std::string(keys_path)},
                              {"response_types_supported", {"id_token"}},
                              {"subject_types_supported", {"public"}},
                              {"id_token_signing_alg_values_supported", {tokens.key().algorithm()}}};
  answer_bytes(*request, 200, "application/json", configuration.dump());
}

} // namespace actord::actors
