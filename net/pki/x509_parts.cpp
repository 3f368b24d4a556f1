#include "net/pki/x509_parts.hpp"

#include <openssl/pem.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

namespace actord::net {
namespace {

constexpr int serial_bits = 127;

std::time_t unix_seconds(wall_time when) {
  return std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count();
}

std::string address_text(const ASN1_OCTET_STRING* value) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ASN1_STRING_length(value) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(value) != 16) return {};
  inet_ntop(family, ASN1_STRING_get0_data(value), text.data(), text.size());
  return text.data();
}

std::string text_of(const ASN1_STRING* value) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

} // namespace

std::string bio_text(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(std::max(length, 0L))};
}

result<std::string> certificate_pem_of(X509* certificate) {
  bio_handle bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return openssl_error("writing a certificate");
  return bio_text(bio.get());
}

bool set_validity(X509* certificate, wall_time from, wall_time until) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), unix_seconds(from)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), unix_seconds(until)) != nullptr;
}

bool set_random_serial(X509* certificate) {
  const big_number_handle serial(BN_new());
  return serial && BN_rand(serial.get(), serial_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool add_name_entry(X509_NAME* name, int nid, const std::string& text) {
  if (text.empty() || text.find('\0') != std::string::npos) return false;
  return X509_NAME_add_entry_by_NID(name, nid, V_ASN1_UTF8STRING,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const extension_handle extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

wall_time time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return wall_time(std::chrono::seconds(timegm(&parts)));
}

alternative_names names_in(const GENERAL_NAMES* names) {
  alternative_names found;
  for (int index = 0; index < sk_GENERAL_NAME_num(names); ++index) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, index);
    if (name->type == GEN_DNS) found.dns_names.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_IPADD) found.addresses.push_back(address_text(name->d.iPAddress));
    if (name->type == GEN_EMAIL) found.emails.push_back(text_of(name->d.rfc822Name));
    if (name->type == GEN_URI) found.uris.push_back(text_of(name->d.uniformResourceIdentifier));
  }
  return found;
}

} // namespace actord::net
