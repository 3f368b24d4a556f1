#include "net/proxy/tls_client_filter.hpp"
#include "net/proxy/tls_client_terms.hpp"

#include "net/pki/openssl_handles.hpp"

#include <boost/test/unit_test.hpp>
#include <openssl/ssl.h>

using namespace actord;
using namespace actord::net;

namespace {

const wall_time now = system_clock_source().wall_now();

certified_key authority_of(const char* name) {
  auto made = create_authority(name, now);
  BOOST_REQUIRE(made);
  return *made;
}

certified_key issue(const certified_key& authority, const std::string& common_name,
                    std::vector<std::string> names, certificate_purpose purpose) {
  auto made = issue_certificate(
      authority, {.subject = {common_name}, .purpose = purpose, .dns_names = std::move(names)}, now);
  BOOST_REQUIRE(made);
  return *made;
}

/// A TLS server in memory that asks for a client certificate and says who showed one.
class memory_server {
public:
  explicit memory_server(const certified_key& key) : context_(SSL_CTX_new(TLS_server_method())) {
    const auto certificate = parse_certificate(key.certificate_pem);
    const auto secret = parse_private_key(key.key_pem);
    SSL_CTX_use_certificate(context_, certificate.get());
    SSL_CTX_use_PrivateKey(context_, secret.get());
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    connection_ = SSL_new(context_);
    SSL_set_bio(connection_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(connection_);
  }
  ~memory_server() {
    SSL_free(connection_);
    SSL_CTX_free(context_);
  }
  memory_server(const memory_server&) = delete;
  memory_server& operator=(const memory_server&) = delete;

  /// What it answers to these bytes.
  std::string put(const std::string& bytes) {
    if (!bytes.empty()) BIO_write(SSL_get_rbio(connection_), bytes.data(), static_cast<int>(bytes.size()));
    std::array<char, 4096> piece{};
    const int count = SSL_read(connection_, piece.data(), static_cast<int>(piece.size()));
    if (count > 0) heard.append(piece.data(), static_cast<std::size_t>(count));
    std::string out(BIO_ctrl_pending(SSL_get_wbio(connection_)), '\0');
    if (!out.empty()) BIO_read(SSL_get_wbio(connection_), out.data(), static_cast<int>(out.size()));
    return out;
  }

  [[nodiscard]] std::string client() const {
    const certificate_handle shown(SSL_get1_peer_certificate(connection_));
    if (!shown) return "nobody";
    std::array<char, 256> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, name.data(), name.size());
    return name.data();
  }

  std::string heard;

private:
  SSL_CTX* context_;
  SSL* connection_ = nullptr;
};

struct meeting {
  std::string outcome; ///< "heard", or why the client gave up
  std::string heard;   ///< by the server
  std::string client;
};

meeting meet(const certified_key& server_key, const tls_client_terms::wishes& wishes,
             const std::string& name) {
  const auto terms = tls_client_terms::make(wishes);
  BOOST_REQUIRE(terms);
  memory_server server(server_key);
  tls_client_filter client(name, terms->get());
  BOOST_REQUIRE(client.send("secret"));
  std::string plain;
  for (int round = 0; round < 8; ++round) {
    const std::string answer = server.put(client.take_output());
    if (auto taken = client.put(answer, plain); !taken)
      return {taken.error().message, server.heard, server.client()};
    if (!server.heard.empty()) return {"heard", server.heard, server.client()};
  }
  return {"nothing", server.heard, server.client()};
}

} // namespace

BOOST_AUTO_TEST_SUITE(tls_client)

BOOST_AUTO_TEST_CASE(a_server_is_believed_by_authority_and_name) {
  const auto authority = authority_of("a");
  const auto server = issue(authority, "wardle", {"api.wardle.svc"}, certificate_purpose::server);
  const auto met = meet(server, {.authority_pem = authority.certificate_pem}, "api.wardle.svc");
  BOOST_TEST(met.outcome == "heard");
  BOOST_TEST(met.heard == "secret");
  BOOST_TEST(met.client == "nobody");
}

/// Nothing is said before the server is known.
BOOST_AUTO_TEST_CASE(a_stranger_hears_nothing) {
  const auto authority = authority_of("a");
  const auto stranger = authority_of("b");
  const auto server = issue(authority, "api.wardle.svc", {"other.wardle.svc"}, certificate_purpose::server);
  const auto foreign = meet(server, {.authority_pem = stranger.certificate_pem}, "other.wardle.svc");
  BOOST_TEST(foreign.outcome ==
             "tls: failed to verify certificate: x509: certificate signed by unknown authority");
  BOOST_TEST(foreign.heard == "");
  // The common name is no name.
  const auto misnamed = meet(server, {.authority_pem = authority.certificate_pem}, "api.wardle.svc");
  BOOST_TEST(misnamed.outcome ==
             "tls: failed to verify certificate: x509: certificate is not valid for the name of the service");
  BOOST_TEST(misnamed.heard == "");
  const auto any = meet(server, {.authority_pem = {}, .believes_any = true}, "api.wardle.svc");
  BOOST_TEST(any.outcome == "heard");
}

BOOST_AUTO_TEST_CASE(a_certificate_that_is_named_itself_is_believed) {
  const auto authority = authority_of("a");
  const auto server = issue(authority, "wardle", {"api.wardle.svc"}, certificate_purpose::server);
  BOOST_TEST(meet(server, {.authority_pem = server.certificate_pem}, "api.wardle.svc").outcome == "heard");
}

BOOST_AUTO_TEST_CASE(the_client_shows_who_it_is) {
  const auto authority = authority_of("a");
  const auto server = issue(authority, "wardle", {"api.wardle.svc"}, certificate_purpose::server);
  const auto proxy = issue(authority_of("proxy-ca"), "front-proxy-client", {}, certificate_purpose::client);
  const auto met =
      meet(server, {.authority_pem = authority.certificate_pem, .believes_any = false, .identity = proxy},
           "api.wardle.svc");
  BOOST_TEST(met.outcome == "heard");
  BOOST_TEST(met.client == "front-proxy-client");
}

BOOST_AUTO_TEST_CASE(terms_that_cannot_be_read_are_refused) {
  const auto authority = authority_of("a");
  const auto other = authority_of("b");
  BOOST_TEST(!tls_client_terms::make({.authority_pem = "rubbish"}));
  BOOST_TEST(!tls_client_terms::make({.authority_pem = authority.certificate_pem,
                                      .believes_any = false,
                                      .identity = {authority.certificate_pem, other.key_pem}}));
}

BOOST_AUTO_TEST_SUITE_END()
