#include "net/pki/certificates.hpp"

#include "net/pki/certificate_subject.hpp"
#include "net/pki/digest.hpp"
#include "net/pki/openssl_handles.hpp"
#include "net/pki/x509_parts.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>

namespace actord::net {

namespace {

constexpr std::chrono::hours authority_lifetime{10 * 365 * 24};

result<std::string> private_pem_of(EVP_PKEY* key) {
  bio_handle bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_error("writing a private key");
  }
  return bio_text(bio.get());
}

result<std::string> public_pem_of(EVP_PKEY* key) {
  bio_handle bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PUBKEY(bio.get(), key) != 1) return openssl_error("writing a public key");
  return bio_text(bio.get());
}

result<key_handle> create_key() {
  key_handle key(EVP_EC_gen("P-256"));
  if (!key) return openssl_error("creating a P-256 key");
  return key;
}

bool set_subject(X509* certificate, const certificate_subject& subject) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const bool organizations_added = std::all_of(
      subject.organizations.begin(), subject.organizations.end(),
      [name](const std::string& text) { return add_name_entry(name, NID_organizationName, text); });
  return organizations_added && add_name_entry(name, NID_commonName, subject.common_name);
}

GENERAL_NAME* dns_general_name(const std::string& text) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));
  GENERAL_NAME_set0_value(name, GEN_DNS, value);
  return name;
}

/// Null when the text is no address.
GENERAL_NAME* address_general_name(const std::string& text) {
  ASN1_OCTET_STRING* value = a2i_IPADDRESS(text.c_str());
  if (value == nullptr) return nullptr;
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, GEN_IPADD, value);
  return name;
}

GENERAL_NAME* uri_general_name(const std::string& text) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));
  GENERAL_NAME_set0_value(name, GEN_URI, value);
  return name;
}

result<void> add_alternative_names(X509* certificate, const certificate_order& order) {
  if (order.dns_names.empty() && order.addresses.empty() && order.uris.empty()) return {};
  const general_names_handle names(GENERAL_NAMES_new());
  for (const std::string& text : order.dns_names) sk_GENERAL_NAME_push(names.get(), dns_general_name(text));
  for (const std::string& text : order.addresses) {
    GENERAL_NAME* name = address_general_name(text);
    if (name == nullptr) {
      ERR_clear_error();
      return error{.kind = error_kind::bad_request,
                   .message = "not an IP address for a certificate: " + text};
    }
    sk_GENERAL_NAME_push(names.get(), name);
  }
  for (const std::string& text : order.uris) sk_GENERAL_NAME_push(names.get(), uri_general_name(text));
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) != 1) {
    return openssl_error("adding alternative names");
  }
  return {};
}

const char* extended_usage(certificate_purpose purpose) {
  switch (purpose) {
  case certificate_purpose::server:
    return "serverAuth";
  case certificate_purpose::client:
    return "clientAuth";
  case certificate_purpose::server_and_client:
    return "serverAuth,clientAuth";
  }
  return "clientAuth";
}

void read_alternative_names(X509* certificate, certificate_facts& facts) {
  const general_names_handle names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return;
  alternative_names found = names_in(names.get());
  facts.dns_names = std::move(found.dns_names);
  facts.addresses = std::move(found.addresses);
  facts.uris = std::move(found.uris);
}

/// The fields all our certificates share; extensions and the signature follow.
result<certificate_handle> draft_certificate(EVP_PKEY* key, const certificate_subject& subject,
                                             wall_time from, wall_time until) {
  certificate_handle certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      !set_random_serial(certificate.get()) || !set_validity(certificate.get(), from, until) ||
      X509_set_pubkey(certificate.get(), key) != 1) {
    return openssl_error("drafting a certificate");
  }
  if (!set_subject(certificate.get(), subject)) {
    ERR_clear_error();
    return error{.kind = error_kind::bad_request,
                 .message = "not a certificate subject (empty or with a NUL): " + subject.common_name};
  }
  return certificate;
}

result<std::string> signed_text(X509* certificate, EVP_PKEY* signer) {
  if (X509_sign(certificate, signer, EVP_sha256()) == 0) return openssl_error("signing a certificate");
  return certificate_pem_of(certificate);
}

result<certified_key> signed_pair(X509* certificate, EVP_PKEY* key, EVP_PKEY* signer) {
  auto certificate_pem = signed_text(certificate, signer);
  if (!certificate_pem) return certificate_pem.error();
  auto key_pem = private_pem_of(key);
  if (!key_pem) return key_pem.error();
  return certified_key{.certificate_pem = *std::move(certificate_pem), .key_pem = *std::move(key_pem)};
}

/// Of a key that anybody holds.
result<std::string> certify(const certified_key& authority, EVP_PKEY* key, const certificate_order& order,
                            wall_time now) {
  const certificate_handle issuer = parse_certificate(authority.certificate_pem);
  const key_handle signer = parse_private_key(authority.key_pem);
  if (!issuer || !signer) return openssl_error("reading the authority");
  const wall_time until =
      std::min<wall_time>(now + order.lifetime, time_of(X509_get0_notAfter(issuer.get())));
  auto certificate = draft_certificate(key, order.subject, now - clock_skew, until);
  if (!certificate) return certificate.error();
  X509* draft = certificate->get();
  if (X509_set_issuer_name(draft, X509_get_subject_name(issuer.get())) != 1 ||
      !add_extension(draft, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(draft, issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(draft, issuer.get(), NID_ext_key_usage, extended_usage(order.purpose)) ||
      !add_extension(draft, issuer.get(), NID_subject_key_identifier, "hash") ||
      !add_extension(draft, issuer.get(), NID_authority_key_identifier, "keyid:always")) {
    return openssl_error("issuing a certificate");
  }
  if (auto added = add_alternative_names(draft, order); !added) return added.error();
  return signed_text(draft, signer.get());
}

std::string hex_text(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += digits[bytes[i] >> 4U];
    text += digits[bytes[i] & 15U];
  }
  return text;
}

std::string hash_of(EVP_PKEY* key) {
  unsigned char* encoded = nullptr;
  const int length = i2d_PUBKEY(key, &encoded);
  if (length <= 0) return {};
  const sha256_digest digest =
      sha256({reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(length)});
  OPENSSL_free(encoded);
  return hex_text(digest.data(), digest.size());
}

} // namespace

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &length) != 1) return {};
  return hex_text(digest.data(), length);
}

wall_time expiry_of(const X509* certificate) { return time_of(X509_get0_notAfter(certificate)); }

result<certified_key> create_authority(std::string_view common_name, wall_time now) {
  auto key = create_key();
  if (!key) return key.error();
  auto certificate = draft_certificate(key->get(), {std::string(common_name), {}}, now - clock_skew,
                                       now + authority_lifetime);
  if (!certificate) return certificate.error();
  X509* draft = certificate->get();
  if (X509_set_issuer_name(draft, X509_get_subject_name(draft)) != 1 ||
      !add_extension(draft, draft, NID_basic_constraints, "critical,CA:TRUE") ||
      !add_extension(draft, draft, NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign") ||
      !add_extension(draft, draft, NID_subject_key_identifier, "hash")) {
    return openssl_error("creating an authority");
  }
  return signed_pair(draft, key->get(), key->get());
}

result<certified_key> issue_certificate(const certified_key& authority, const certificate_order& order,
                                        wall_time now) {
  auto key = create_key();
  if (!key) return key.error();
  auto certificate_pem = certify(authority, key->get(), order, now);
  if (!certificate_pem) return certificate_pem.error();
  auto key_pem = private_pem_of(key->get());
  if (!key_pem) return key_pem.error();
  return certified_key{.certificate_pem = *std::move(certificate_pem), .key_pem = *std::move(key_pem)};
}

result<std::string> certify_key(const certified_key& authority, std::string_view public_pem,
                                const certificate_order& order, wall_time now) {
  const key_handle key = parse_public_key(public_pem);
  if (!key) return openssl_error("reading a public key");
  return certify(authority, key.get(), order, now);
}

wall_time half_life(const certificate_facts& facts) {
  // Certificates begin a little before they were made.
  const wall_time made = std::min<wall_time>(facts.not_before + clock_skew, facts.not_after);
  return made + (facts.not_after - made) / 2;
}

bool is_fresh(const certificate_facts& facts, std::chrono::seconds lifetime, wall_time now) {
  return now >= facts.not_before && now < half_life(facts) && facts.not_after <= now + lifetime + clock_skew;
}

std::string key_hash_of_certificate(std::string_view certificate_pem) {
  const certificate_handle certificate = parse_certificate(certificate_pem);
  std::string hash = certificate ? hash_of(X509_get0_pubkey(certificate.get())) : std::string();
  ERR_clear_error();
  return hash;
}

std::string key_hash(std::string_view public_pem) {
  const key_handle key = parse_public_key(public_pem);
  std::string hash = key ? hash_of(key.get()) : std::string();
  ERR_clear_error();
  return hash;
}

std::vector<std::string> split_certificates(std::string_view pem) {
  constexpr std::size_t certificates_max = 64;
  std::vector<std::string> found;
  const bio_handle bio = memory_bio(pem);
  while (bio && found.size() < certificates_max) {
    const certificate_handle certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    auto text = certificate_pem_of(certificate.get());
    if (!text) break;
    found.push_back(*std::move(text));
  }
  ERR_clear_error();
  return found;
}

result<signing_key> create_signing_key() {
  auto key = create_key();
  if (!key) return key.error();
  auto private_pem = private_pem_of(key->get());
  if (!private_pem) return private_pem.error();
  auto public_pem = public_pem_of(key->get());
  if (!public_pem) return public_pem.error();
  return signing_key{.private_pem = *std::move(private_pem), .public_pem = *std::move(public_pem)};
}

result<signing_key> signing_key_of(std::string_view private_pem) {
  const key_handle key = parse_private_key(private_pem);
  if (!key) return openssl_error("reading a private key");
  auto public_pem = public_pem_of(key.get());
  if (!public_pem) return public_pem.error();
  return signing_key{.private_pem = std::string(private_pem), .public_pem = *std::move(public_pem)};
}

result<certificate_facts> read_certificate(std::string_view certificate_pem) {
  const certificate_handle certificate = parse_certificate(certificate_pem);
  if (!certificate) return openssl_error("reading a certificate");
  certificate_facts facts;
  facts.subject = subject_of(certificate.get());
  facts.not_before = time_of(X509_get0_notBefore(certificate.get()));
  facts.not_after = time_of(X509_get0_notAfter(certificate.get()));
  facts.is_authority = X509_check_ca(certificate.get()) == 1;
  read_alternative_names(certificate.get(), facts);
  return facts;
}

bool key_matches(const certified_key& pair) {
  const certificate_handle certificate = parse_certificate(pair.certificate_pem);
  const key_handle key = parse_private_key(pair.key_pem);
  const bool matches = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return matches;
}

bool is_signed_by(std::string_view certificate_pem, std::string_view authority_pem) {
  const certificate_handle certificate = parse_certificate(certificate_pem);
  const certificate_handle authority = parse_certificate(authority_pem);
  const bool valid =
      certificate && authority && X509_verify(certificate.get(), X509_get0_pubkey(authority.get())) == 1;
  ERR_clear_error();
  return valid;
}

bool key_matches(const signing_key& key) {
  const key_handle private_key = parse_private_key(key.private_pem);
  if (!private_key) {
    ERR_clear_error();
    return false;
  }
  const auto public_pem = public_pem_of(private_key.get());
  return public_pem && *public_pem == key.public_pem;
}

} // namespace actord::net
