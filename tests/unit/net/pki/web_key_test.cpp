#include "net/pki/base64url.hpp"
#include "net/pki/digest.hpp"
#include "net/pki/signed_token.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::net;

namespace {

/// The key and signature of RFC 7515, appendix A.2 (RS256).
const std::string rsa_key =
    R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})";
const std::string rsa_token =
    "eyJhbGciOiJSUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
    "cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5jujGbds9uJ"
    "dbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_"
    "eSN9383LcO"
    "Ln6_dO--xi12jzDwusC-"
    "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp"
    "0igcN_IoypGlUPQGe77Rw";
/// The same of appendix A.3 (ES256).
const std::string elliptic_key =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
const std::string elliptic_token =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
    "cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

web_key only_key(const std::string& member) {
  const auto keys = web_key::from_set("{\"keys\":[" + member + "]}");
  BOOST_REQUIRE(keys.has_value());
  BOOST_REQUIRE_EQUAL(keys->size(), 1U);
  return keys->front();
}

bool verifies(const web_key& key, const std::string& text, std::string_view algorithm) {
  const auto token = parse_web_token(text);
  return token && key.verifies(algorithm, token->signed_part, token->signature);
}

} // namespace

BOOST_AUTO_TEST_SUITE(web_keys)

BOOST_AUTO_TEST_CASE(published_examples_verify) {
  BOOST_TEST(verifies(only_key(rsa_key), rsa_token, "RS256"));
  BOOST_TEST(verifies(only_key(elliptic_key), elliptic_token, "ES256"));
}

BOOST_AUTO_TEST_CASE(a_key_checks_its_own_algorithms_only) {
  for (const char* algorithm : {"none", "HS256", "ES256", "PS256", "RS384", "RS512", ""})
    BOOST_TEST(!verifies(only_key(rsa_key), rsa_token, algorithm), algorithm);
  for (const char* algorithm : {"none", "HS256", "RS256", "ES384", "ES512", ""})
    BOOST_TEST(!verifies(only_key(elliptic_key), elliptic_token, algorithm), algorithm);
  BOOST_TEST(!verifies(only_key(elliptic_key), rsa_token, "ES256"));
  std::string pinned = rsa_key;
  pinned.insert(1, R"("alg":"RS512",)");
  BOOST_TEST(!verifies(only_key(pinned), rsa_token, "RS256"));
}

BOOST_AUTO_TEST_CASE(changed_bytes_do_not_verify) {
  const web_key key = only_key(elliptic_key);
  for (std::size_t i = 0; i < elliptic_token.size() - 1; i += 5) {
    std::string damaged = elliptic_token;
    if (damaged[i] == '.') continue;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    BOOST_TEST(!verifies(key, damaged, "ES256"), i);
  }
}

BOOST_AUTO_TEST_CASE(keys_that_cannot_check_signatures_are_left_out) {
  const auto count = [](const std::string& members) {
    const auto keys = web_key::from_set("{\"keys\":[" + members + "]}");
    return keys ? static_cast<int>(keys->size()) : -1;
  };
  BOOST_TEST(count(R"({"kty":"oct","k":"AAAA"})") == 0);
  BOOST_TEST(count(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})") == 0); // far too short
  BOOST_TEST(count(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})") == 0);
  BOOST_TEST(count(R"(1,"x",null,{})") == 0);
  std::string encrypts = rsa_key;
  encrypts.insert(1, R"("use":"enc",)");
  BOOST_TEST(count(encrypts) == 0);
  BOOST_TEST(count(encrypts + "," + rsa_key) == 1);
  std::string off_curve = elliptic_key;
  off_curve.replace(off_curve.find("f83O"), 4, "g83O");
  BOOST_TEST(count(off_curve) == 0);
  for (const char* text : {"", "[]", "{}", "{\"keys\":1}", "nonsense"})
    BOOST_TEST(!web_key::from_set(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(our_own_key_survives_its_json) {
  const auto pair = create_signing_key();
  const auto key = web_key::from_pem(pair->public_pem);
  BOOST_REQUIRE(key.has_value());
  BOOST_TEST(key->algorithm() == "ES256");
  const auto token = sign_token(*pair, R"({"a":1})");
  const auto keys = web_key::from_set(key_set_text({*key}));
  BOOST_REQUIRE(keys.has_value());
  BOOST_REQUIRE_EQUAL(keys->size(), 1U);
  BOOST_TEST(keys->front().id() == key->id());
  BOOST_TEST(verifies(keys->front(), *token, "ES256"));
  BOOST_TEST(parse_web_token(*token)->key_id == key->id());
}

BOOST_AUTO_TEST_CASE(web_text_is_bytes_and_back) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    BOOST_TEST(from_base64url(base64url(bytes)).value() == bytes);
    bytes += static_cast<char>(i * 7);
  }
  BOOST_TEST(base64url("\xfb\xff") == "-_8");
  BOOST_TEST(!from_base64url("a+b").has_value());
  BOOST_TEST(!from_base64url("ab==").has_value());
}

BOOST_AUTO_TEST_CASE(headers_that_ask_for_more_are_not_understood) {
  const auto with_header = [](const std::string& header) {
    return parse_web_token(base64url(header) + "." + base64url("{}") + ".AA").has_value();
  };
  BOOST_TEST(with_header(R"({"alg":"ES256"})"));
  BOOST_TEST(!with_header(R"({"alg":"ES256","crit":["x"]})"));
  BOOST_TEST(!with_header(R"({"typ":"JWT"})"));
  BOOST_TEST(!with_header("[]"));
  BOOST_TEST(!with_header("nonsense"));
}

BOOST_AUTO_TEST_SUITE_END()
