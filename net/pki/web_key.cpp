#include "net/pki/web_key.hpp"

#include "net/pki/base64url.hpp"
#include "net/pki/openssl_handles.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <array>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <optional>

namespace actord::net {
namespace {

constexpr std::size_t keys_max = 64;
constexpr int rsa_bits_min = 2048;
constexpr int rsa_bits_max = 8192;

using digest_handle = std::unique_ptr<EVP_MD_CTX, openssl_release<EVP_MD_CTX_free>>;
using signature_handle = std::unique_ptr<ECDSA_SIG, openssl_release<ECDSA_SIG_free>>;
using builder_handle = std::unique_ptr<OSSL_PARAM_BLD, openssl_release<OSSL_PARAM_BLD_free>>;
using params_handle = std::unique_ptr<OSSL_PARAM, openssl_release<OSSL_PARAM_free>>;
using context_handle = std::unique_ptr<EVP_PKEY_CTX, openssl_release<EVP_PKEY_CTX_free>>;

struct curve {
  const char* name;      ///< as key sets write it
  const char* group;     ///< as OpenSSL names it
  std::size_t bytes;     ///< of a coordinate
  const char* algorithm; ///< the one signature algorithm of the curve
};
constexpr std::array<curve, 3> curves{{{"P-256", "prime256v1", 32, "ES256"},
                                       {"P-384", "secp384r1", 48, "ES384"},
                                       {"P-521", "secp521r1", 66, "ES512"}}};

const curve* curve_of(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t length = 0;
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(), &length) !=
      1) {
    ERR_clear_error();
    return nullptr;
  }
  const auto* found = std::ranges::find(curves, std::string_view(name.data()),
                                        [](const curve& each) { return std::string_view(each.group); });
  return found == curves.end() ? nullptr : found;
}

const EVP_MD* digest_of(std::string_view algorithm) {
  if (algorithm.ends_with("256")) return EVP_sha256();
  if (algorithm.ends_with("384")) return EVP_sha384();
  return algorithm.ends_with("512") ? EVP_sha512() : nullptr;
}

/// OpenSSL reads signatures in DER, web tokens carry the two numbers side by side.
std::string to_der(std::string_view fixed) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(fixed.data());
  const int half = static_cast<int>(fixed.size() / 2);
  const signature_handle signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes, half, nullptr);
  BIGNUM* s = BN_bin2bn(bytes + half, half, nullptr);
  ECDSA_SIG_set0(signature.get(), r, s); // owns both now
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(signature.get(), &der);
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(std::max(0, length)));
  OPENSSL_free(der);
  return out;
}

/// Kubernetes' name for a key: the hash of its encoding.
std::string derived_id(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key, &der);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int digest_length = 0;
  EVP_Digest(der, static_cast<std::size_t>(std::max(0, length)), digest.data(), &digest_length, EVP_sha256(),
             nullptr);
  OPENSSL_free(der);
  return base64url({reinterpret_cast<const char*>(digest.data()), digest_length});
}

error unusable(std::string why) {
  ERR_clear_error();
  return {.kind = error_kind::bad_request, .message = std::move(why), .causes = {}, .subject = {}};
}

std::string text_of(const json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A key of the given type from numbers and texts in the way OpenSSL 3 wants them.
key_handle build_key(const char* type, OSSL_PARAM_BLD* builder) {
  const params_handle params(OSSL_PARAM_BLD_to_param(builder));
  const context_handle context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return key_handle(key);
}

key_handle rsa_key(const json& object) {
  const auto modulus = from_base64url(text_of(object, "n"));
  const auto exponent = from_base64url(text_of(object, "e"));
  if (!modulus || !exponent || modulus->size() > rsa_bits_max / 8 || exponent->size() > 8) return nullptr;
  const auto number = [](const std::string& bytes) {
    return big_number_handle(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()), nullptr));
  };
  const big_number_handle n = number(*modulus);
  const big_number_handle e = number(*exponent);
  const builder_handle builder(OSSL_PARAM_BLD_new());
  if (!n || !e || BN_num_bits(n.get()) < rsa_bits_min || !BN_is_odd(e.get()) || BN_is_one(e.get()) ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return nullptr;
  return build_key("RSA", builder.get());
}

key_handle elliptic_key(const json& object) {
  const std::string name = text_of(object, "crv");
  const auto* shape =
      std::ranges::find(curves, name, [](const curve& each) { return std::string(each.name); });
  const auto x = from_base64url(text_of(object, "x"));
  const auto y = from_base64url(text_of(object, "y"));
  if (shape == curves.end() || !x || !y || x->size() != shape->bytes || y->size() != shape->bytes)
    return nullptr;
  const std::string point = '\x04' + *x + *y;
  const builder_handle builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, shape->group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) !=
          1)
    return nullptr;
  return build_key("EC", builder.get());
}

std::string coordinate_of(const EVP_PKEY* key, const char* which, std::size_t bytes) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, which, &number) != 1) return {};
  const big_number_handle owned(number);
  std::string raw(bytes, '\0');
  if (BN_bn2binpad(number, reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes)) < 0)
    return {};
  return base64url(raw);
}

} // namespace

result<web_key> web_key::from_pem(std::string_view public_pem) {
  const bio_handle bio = memory_bio(public_pem);
  std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  if (!key) return openssl_error("cannot read a public key");
  std::string id = derived_id(key.get());
  return web_key(std::move(key), std::move(id), {});
}

result<web_key> web_key::from_members(const std::string& object_text) {
  const json object = json::parse(object_text, nullptr, false);
  if (!object.is_object()) return unusable("a key is not an object");
  const std::string use = text_of(object, "use");
  if (!use.empty() && use != "sig") return unusable("the key is not for signatures");
  const std::string type = text_of(object, "kty");
  key_handle key;
  if (type == "RSA") key = rsa_key(object);
  if (type == "EC") key = elliptic_key(object);
  if (!key) return unusable("a key of type \"" + type + "\" that cannot be used");
  std::shared_ptr<EVP_PKEY> shared(key.release(), EVP_PKEY_free);
  std::string id = text_of(object, "kid");
  if (id.empty()) id = derived_id(shared.get());
  return web_key(std::move(shared), std::move(id), text_of(object, "alg"));
}

result<std::vector<web_key>> web_key::from_set(std::string_view set_text) {
  const json set = json::parse(set_text, nullptr, false);
  const auto list = set.is_object() ? set.find("keys") : set.end();
  if (!set.is_object() || list == set.end() || !list->is_array()) return unusable("not a JSON web key set");
  std::vector<web_key> keys;
  for (const json& each : *list) {
    if (keys.size() == keys_max) break;
    if (auto key = from_members(each.dump())) keys.push_back(std::move(*key));
  }
  return keys;
}

std::string_view web_key::algorithm() const {
  const curve* shape = curve_of(key_.get());
  return shape == nullptr ? "RS256" : shape->algorithm;
}

bool web_key::verifies(std::string_view algorithm, std::string_view bytes, std::string_view signature) const {
  if (!only_algorithm_.empty() && algorithm != only_algorithm_) return false;
  const EVP_MD* digest = digest_of(algorithm);
  if (digest == nullptr) return false;
  const bool rsa = EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA;
  std::string checked(signature);
  if (algorithm.starts_with("ES")) {
    const curve* shape = rsa ? nullptr : curve_of(key_.get());
    if (shape == nullptr || shape->algorithm != algorithm || signature.size() != 2 * shape->bytes)
      return false;
    checked = to_der(signature);
  } else if (!rsa || !(algorithm.starts_with("RS") || algorithm.starts_with("PS"))) {
    return false;
  }
  const digest_handle context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr; // owned by the context
  bool good = EVP_DigestVerifyInit(context.get(), &options, digest, nullptr, key_.get()) == 1;
  if (good && algorithm.starts_with("PS"))
    good = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1;
  good = good && EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(checked.data()),
                                  checked.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                                  bytes.size()) == 1;
  ERR_clear_error();
  return good;
}

std::string web_key::to_json() const {
  const curve* shape = curve_of(key_.get());
  if (shape == nullptr) return "{}";
  return json{{"use", "sig"},
              {"kty", "EC"},
              {"kid", id_},
              {"crv", shape->name},
              {"alg", shape->algorithm},
              {"x", coordinate_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, shape->bytes)},
              {"y", coordinate_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, shape->bytes)}}
      .dump();
}

std::string key_set_text(const std::vector<web_key>& keys) {
  json list = json::array();
  for (const web_key& key : keys) list.push_back(json::parse(key.to_json()));
  return json{{"keys", std::move(list)}}.dump();
}

} // namespace actord::net
