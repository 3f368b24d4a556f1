#pragma once

/// PKCS#10 requests (P-256), whose keys nobody has any more.

namespace actord::testing {

/// O=system:nodes, CN=system:node:n1
inline constexpr const char* node_request = R"(-----BEGIN CERTIFICATE REQUEST-----
MIHsMIGSAgEAMDAxFTATBgNVBAoMDHN5c3RlbTpub2RlczEXMBUGA1UEAwwOc3lz
dGVtOm5vZGU6bjEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAShrgavxfU4xK1j
owlUMJWr8J/pLJCHC2GEiRfrekWJ50c2UgJLFiOWcChnCjKERwnFTtrXNAY7an6+
bNjKNh/6oAAwCgYIKoZIzj0EAwIDSQAwRgIhAI1jvoG08uT+xjwpenqJxBR3EhI7
jcAd/Ct6nVQJRrbIAiEA1tJwVf2wxa3tdGstt3Tgj6bcDzEzRmGSZKmfDZYI+fw=
-----END CERTIFICATE REQUEST-----
)";

/// O=system:nodes, CN=system:node:n1, DNS n1, IP 192.0.2.1
inline constexpr const char* serving_request = R"(-----BEGIN CERTIFICATE REQUEST-----
MIIBEjCBuAIBADAwMRUwEwYDVQQKDAxzeXN0ZW06bm9kZXMxFzAVBgNVBAMMDnN5
c3RlbTpub2RlOm4xMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERsEYJy55nSJn
LeKOJkgYe/KdzGYf6d462I++dJGtmS2kvzd4MVF8PJfxvoiAlj0ANUaffvFa+lfK
RQN0ut9kYKAmMCQGCSqGSIb3DQEJDjEXMBUwEwYDVR0RBAwwCoICbjGHBMAAAgEw
CgYIKoZIzj0EAwIDSQAwRgIhALSbceA76gSjOmOLlV/sPMjWCveW1AMftLcP8+/5
8aMiAiEA65/zl/5NocUsBsuKLuXqeFTm5ZmWRZGg6VVMDXp9sR4=
-----END CERTIFICATE REQUEST-----
)";

/// O=dev, O=ops, CN=jane
inline constexpr const char* client_request = R"(-----BEGIN CERTIFICATE REQUEST-----
MIHlMIGNAgEAMCsxDDAKBgNVBAoMA2RldjEMMAoGA1UECgwDb3BzMQ0wCwYDVQQD
DARqYW5lMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZiXMNQ6bsJvIfgc/bAk1
F6tW6rIyAy9uAlhVo1T6pVtSYqnW97IChIts/CKv+b6b746s60FJN5gRXf3cvPOd
0aAAMAoGCCqGSM49BAMCA0cAMEQCICytp3KiwyaKZCGxXgPdQ6ouoVsZ60DLETr+
eDT9PytzAiAERHUZhwQFNmNQpQOFQpDjaqCExfKS6Z9q6fVoDbZ7Rg==
-----END CERTIFICATE REQUEST-----
)";

/// O=system:masters, CN=eve
inline constexpr const char* master_request = R"(-----BEGIN CERTIFICATE REQUEST-----
MIHiMIGJAgEAMCcxFzAVBgNVBAoMDnN5c3RlbTptYXN0ZXJzMQwwCgYDVQQDDANl
dmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATh5O9nfekif1IOcdLfHAFR1YCQ
6RBGXL08SzPBJLwLf8d1+EN7Akz7ycVVhspoKWAkOvhCG9vwsMU/cd5qBY91oAAw
CgYIKoZIzj0EAwIDSAAwRQIhAJlpXdxOv4MNKmFwNzirooqlbQCb4x313tyk1Hgi
czzRAiBOfiiCd9uWIwHBUOtPFjE/YACgMHHqvnxur7H49c0Enw==
-----END CERTIFICATE REQUEST-----
)";

} // namespace actord::testing
