#include "net/pki/signing_requests.hpp"

#include "net/pki/certificate_subject.hpp"
#include "net/pki/openssl_handles.hpp"
#include "net/pki/x509_parts.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <memory>

namespace actord::net {

namespace {

/// A request is a few kilobytes; nothing larger is looked at.
constexpr std::size_t request_bytes_max = 64U << 10U;

inline void release_extensions(STACK_OF(X509_EXTENSION) * list) {
  sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}
using request_handle = std::unique_ptr<X509_REQ, openssl_release<X509_REQ_free>>;
using extensions_handle = std::unique_ptr<STACK_OF(X509_EXTENSION), openssl_release<release_extensions>>;

error unreadable(std::string why) {
  ERR_clear_error();
  return {.kind = error_kind::bad_request, .message = std::move(why)};
}

result<request_handle> parse_request(std::string_view pem) {
  if (pem.find("-----BEGIN CERTIFICATE REQUEST-----") == std::string_view::npos)
    return unreadable("PEM block type must be CERTIFICATE REQUEST");
  if (pem.size() > request_bytes_max) return unreadable("the certificate request is larger than 64 KiB");
  const bio_handle bio = memory_bio(pem);
  request_handle request(bio ? PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!request) return unreadable("the certificate request cannot be read");
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr || X509_REQ_verify(request.get(), key) != 1)
    return unreadable("the signature of the certificate request is not valid");
  return request;
}

/// Null when the request has none.
general_names_handle names_of(X509_REQ* request) {
  const extensions_handle extensions(X509_REQ_get_extensions(request));
  if (!extensions) return nullptr;
  return general_names_handle(
      static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
}

struct usage_row {
  std::string_view usage;
  const char* key = nullptr;      ///< as OpenSSL calls the bit of keyUsage
  const char* extended = nullptr; ///< as OpenSSL calls the extended usage
};

constexpr std::array usage_rows{
    usage_row{"signing", "digitalSignature"},
    usage_row{"digital signature", "digitalSignature"},
    usage_row{"content commitment", "nonRepudiation"},
    usage_row{"key encipherment", "keyEncipherment"},
    usage_row{"key agreement", "keyAgreement"},
    usage_row{"data encipherment", "dataEncipherment"},
    usage_row{"cert sign", "keyCertSign"},
    usage_row{"crl sign", "cRLSign"},
    usage_row{"encipher only", "encipherOnly"},
    usage_row{"decipher only", "decipherOnly"},
    usage_row{"any", nullptr, "anyExtendedKeyUsage"},
    usage_row{"server auth", nullptr, "serverAuth"},
    usage_row{"client auth", nullptr, "clientAuth"},
    usage_row{"code signing", nullptr, "codeSigning"},
    usage_row{"email protection", nullptr, "emailProtection"},
    usage_row{"s/mime", nullptr, "emailProtection"},
    usage_row{"ipsec end system", nullptr, "ipsecEndSystem"},
    usage_row{"ipsec tunnel", nullptr, "ipsecTunnel"},
    usage_row{"ipsec user", nullptr, "ipsecUser"},
    usage_row{"timestamping", nullptr, "timeStamping"},
    usage_row{"ocsp signing", nullptr, "OCSPSigning"},
    usage_row{"microsoft sgc", nullptr, "msSGC"},
    usage_row{"netscape sgc", nullptr, "nsSGC"},
};

void add_word(std::string& list, const char* word) {
  if (word == nullptr || ("," + list + ",").find(std::string(",") + word + ",") != std::string::npos) return;
  list += (list.empty() ? "" : ",") + std::string(word);
}

result<void> add_usages(X509* draft, X509* issuer, const std::vector<std::string>& usages) {
  std::string key;
  std::string extended;
  for (const std::string& usage : usages) {
    const auto* const row =
        std::ranges::find_if(usage_rows, [&](const usage_row& each) { return each.usage == usage; });
    if (row == usage_rows.end()) return unreadable("unrecognized usage value: " + usage);
    add_word(key, row->key);
    add_word(extended, row->extended);
  }
  const bool added =
      (key.empty() || add_extension(draft, issuer, NID_key_usage, ("critical," + key).c_str())) &&
      (extended.empty() || add_extension(draft, issuer, NID_ext_key_usage, extended.c_str()));
  if (!added) return openssl_error("adding usages");
  return {};
}

/// Only names of the kinds that are read back; a request may carry others.
result<void> copy_names(X509* draft, X509_REQ* request) {
  const general_names_handle all = names_of(request);
  if (!all) return {};
  const general_names_handle kept(GENERAL_NAMES_new());
  for (int index = 0; index < sk_GENERAL_NAME_num(all.get()); ++index) {
    GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), index);
    const int type = name->type;
    if (type == GEN_DNS || type == GEN_IPADD || type == GEN_EMAIL || type == GEN_URI)
      sk_GENERAL_NAME_push(kept.get(), GENERAL_NAME_dup(name));
  }
  if (sk_GENERAL_NAME_num(kept.get()) == 0) return {};
  if (X509_add1_ext_i2d(draft, NID_subject_alt_name, kept.get(), 0, X509V3_ADD_DEFAULT) != 1)
    return openssl_error("adding alternative names");
  return {};
}

} // namespace

result<signing_request_facts> read_signing_request(std::string_view request_pem) {
  auto request = parse_request(request_pem);
  if (!request) return request.error();
  signing_request_facts facts;
  facts.subject = subject_of(X509_REQ_get_subject_name(request->get()));
  const bio_handle key(BIO_new(BIO_s_mem()));
  if (!key || PEM_write_bio_PUBKEY(key.get(), X509_REQ_get0_pubkey(request->get())) != 1)
    return unreadable("the public key of the certificate request cannot be read");
  facts.public_pem = bio_text(key.get());
  if (const general_names_handle names = names_of(request->get())) {
    alternative_names found = names_in(names.get());
    facts.dns_names = std::move(found.dns_names);
    facts.addresses = std::move(found.addresses);
    facts.emails = std::move(found.emails);
    facts.uris = std::move(found.uris);
  }
  return facts;
}

result<std::string> create_signing_request(const signing_key& key, const certificate_subject& subject) {
  const key_handle own = parse_private_key(key.private_pem);
  const request_handle request(X509_REQ_new());
  if (!own || !request) return openssl_error("reading a private key");
  X509_NAME* name = X509_REQ_get_subject_name(request.get());
  const bool drafted = X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                       std::ranges::all_of(subject.organizations,
                                           [name](const std::string& text) {
                                             return add_name_entry(name, NID_organizationName, text);
                                           }) &&
                       add_name_entry(name, NID_commonName, subject.common_name) &&
                       X509_REQ_set_pubkey(request.get(), own.get()) == 1 &&
                       X509_REQ_sign(request.get(), own.get(), EVP_sha256()) > 0;
  const bio_handle bio(BIO_new(BIO_s_mem()));
  if (!drafted || !bio || PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1)
    return openssl_error("making a certificate request");
  return bio_text(bio.get());
}

result<std::string> sign_request(const certified_key& authority, std::string_view request_pem,
                                 const signing_order& order, wall_time now) {
  auto request = parse_request(request_pem);
  if (!request) return request.error();
  const certificate_handle issuer = parse_certificate(authority.certificate_pem);
  const key_handle signer = parse_private_key(authority.key_pem);
  if (!issuer || !signer) return openssl_error("reading the authority");
  const wall_time authority_ends = time_of(X509_get0_notAfter(issuer.get()));
  if (authority_ends <= now)
    return error{.kind = error_kind::internal, .message = "the authority has expired"};
  const wall_time until = std::min<wall_time>(now + order.lifetime, authority_ends);

  const certificate_handle certificate(X509_new());
  X509* draft = certificate.get();
  if (draft == nullptr || X509_set_version(draft, X509_VERSION_3) != 1 || !set_random_serial(draft) ||
      !set_validity(draft, now - clock_skew, until) ||
      X509_set_subject_name(draft, X509_REQ_get_subject_name(request->get())) != 1 ||
      X509_set_pubkey(draft, X509_REQ_get0_pubkey(request->get())) != 1 ||
      X509_set_issuer_name(draft, X509_get_subject_name(issuer.get())) != 1 ||
      !add_extension(draft, issuer.get(), NID_basic_constraints, "critical,CA:FALSE"))
    return openssl_error("drafting a certificate");
  if (auto added = add_usages(draft, issuer.get(), order.usages); !added) return added.error();
  if (!add_extension(draft, issuer.get(), NID_authority_key_identifier, "keyid:always"))
    return openssl_error("drafting a certificate");
  if (auto copied = copy_names(draft, request->get()); !copied) return copied.error();
  if (X509_sign(draft, signer.get(), EVP_sha256()) == 0) return openssl_error("signing a certificate");
  return certificate_pem_of(draft);
}

} // namespace actord::net
