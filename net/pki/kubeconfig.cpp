#include "net/pki/cluster_pki.hpp"
#include "net/pki/openssl_handles.hpp"
#include "net/pki/secret_files.hpp"
#include "schema/base/json.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace actord::net {

namespace {

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

} // namespace

std::string kubeconfig_text(const kubeconfig_contents& contents) {
  json user = {{"client-certificate-data", base64(contents.client.certificate_pem)},
               {"client-key-data", base64(contents.client.key_pem)}};
  if (!contents.token.empty()) user["token"] = contents.token;
  const std::string context = contents.user_name + "@" + contents.cluster_name;
  const json config = {
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"preferences", json::object()},
      {"clusters", json::array({{{"name", contents.cluster_name},
                                 {"cluster",
                                  {{"server", contents.server_url},
                                   {"certificate-authority-data", base64(contents.authority_pem)}}}}})},
      {"users", json::array({{{"name", contents.user_name}, {"user", user}}})},
      {"contexts",
       json::array({{{"name", context},
                     {"context", {{"cluster", contents.cluster_name}, {"user", contents.user_name}}}}})},
      {"current-context", context}};
  return config.dump(2) + "\n";
}

result<void> write_kubeconfig(const std::filesystem::path& file, const kubeconfig_contents& contents) {
  const std::string text = kubeconfig_text(contents);
  const auto present = read_secret_file(file);
  if (present && *present == text) return {};
  return write_secret_file(file, text);
}

std::string create_token() {
  std::array<unsigned char, 32> secret{};
  ALWAYS(RAND_bytes(secret.data(), static_cast<int>(secret.size())) == 1);
  std::string text = base64({reinterpret_cast<const char*>(secret.data()), secret.size()});
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

bool token_matches(std::string_view presented, std::string_view expected) {
  // How long a token is, is no secret.
  return !expected.empty() && presented.size() == expected.size() &&
         CRYPTO_memcmp(presented.data(), expected.data(), expected.size()) == 0;
}

} // namespace actord::net
