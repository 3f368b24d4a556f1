#pragma once

#include "schema/base/error.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

/// OpenSSL's objects with owners, for the .cpp files that speak to it.

namespace actord::net {

template <auto Release>
struct openssl_release {
  template <class Object>
  void operator()(Object* object) const {
    Release(object);
  }
};

inline void release_general_names(GENERAL_NAMES* names) { GENERAL_NAMES_free(names); }

using bio_handle = std::unique_ptr<BIO, openssl_release<BIO_free_all>>;
using key_handle = std::unique_ptr<EVP_PKEY, openssl_release<EVP_PKEY_free>>;
using certificate_handle = std::unique_ptr<X509, openssl_release<X509_free>>;
using extension_handle = std::unique_ptr<X509_EXTENSION, openssl_release<X509_EXTENSION_free>>;
using general_names_handle = std::unique_ptr<GENERAL_NAMES, openssl_release<release_general_names>>;
using big_number_handle = std::unique_ptr<BIGNUM, openssl_release<BN_free>>;

/// The newest entry of this thread's OpenSSL error queue, which is emptied.
error openssl_error(std::string_view what);

bio_handle memory_bio(std::string_view bytes);
certificate_handle parse_certificate(std::string_view pem);
key_handle parse_private_key(std::string_view pem);
key_handle parse_public_key(std::string_view pem);

} // namespace actord::net
