#include "net/pki/openssl_handles.hpp"

#include "net/pki/certificate_subject.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>

namespace actord::net {

namespace {

/// We never encrypt keys; without this OpenSSL would ask on the terminal.
int refuse_passphrase(char*, int, int, void*) { return -1; }

std::string utf8_of(const ASN1_STRING* value) {
  unsigned char* raw = nullptr;
  const int length = ASN1_STRING_to_UTF8(&raw, value);
  if (length < 0) return {};
  std::string text(reinterpret_cast<char*>(raw), static_cast<std::size_t>(length));
  OPENSSL_free(raw);
  return text.find('\0') == std::string::npos ? text : std::string();
}

} // namespace

error openssl_error(std::string_view what) {
  std::array<char, 256> text{};
  const unsigned long code = ERR_peek_last_error();
  if (code != 0) ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  return error{.kind = error_kind::internal,
               .message = std::string(what) + " failed" + (code == 0 ? "" : ": " + std::string(text.data()))};
}

bio_handle memory_bio(std::string_view bytes) {
  return bio_handle(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

certificate_handle parse_certificate(std::string_view pem) {
  const bio_handle bio = memory_bio(pem);
  return certificate_handle(bio ? PEM_read_bio_X509(bio.get(), nullptr, refuse_passphrase, nullptr)
                                : nullptr);
}

key_handle parse_private_key(std::string_view pem) {
  const bio_handle bio = memory_bio(pem);
  return key_handle(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, nullptr) : nullptr);
}

key_handle parse_public_key(std::string_view pem) {
  const bio_handle bio = memory_bio(pem);
  return key_handle(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, refuse_passphrase, nullptr) : nullptr);
}

certificate_subject subject_of(const X509* certificate) {
  return subject_of(X509_get_subject_name(certificate));
}

certificate_subject subject_of(const X509_NAME* name) {
  certificate_subject subject;
  for (int index = 0; index < X509_NAME_entry_count(name); ++index) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, index);
    const int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    if (nid != NID_commonName && nid != NID_organizationName) continue;
    std::string text = utf8_of(X509_NAME_ENTRY_get_data(entry));
    if (text.empty()) continue;
    if (nid == NID_commonName) {
      subject.common_name = std::move(text);
    } else {
      subject.organizations.push_back(std::move(text));
    }
  }
  return subject;
}

} // namespace actord::net
