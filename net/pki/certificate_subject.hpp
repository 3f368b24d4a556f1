#pragma once

#include "net/pki/certificates.hpp"

#include <openssl/types.h>

namespace actord::net {

/// The subject's last common name and all its organizations, as UTF-8. Values that hold a NUL or cannot be
/// expressed in UTF-8 are left out: they could be mistaken for another user.
certificate_subject subject_of(const X509* certificate);
certificate_subject subject_of(const X509_NAME* name);
/// SHA-256 of the certificate in hexadecimal digits.
std::string fingerprint_of(const X509* certificate);
wall_time expiry_of(const X509* certificate);

} // namespace actord::net
