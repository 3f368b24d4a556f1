#include "runtime/images/image_store.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using actord::runtime::normalize_reference;

const std::string digest = "sha256:" + std::string(64, 'a');

BOOST_AUTO_TEST_SUITE(reference)

BOOST_AUTO_TEST_CASE(every_spelling_of_a_name_becomes_one) {
  const std::pair<std::string, std::string> cases[]{
      {"busybox", "docker.io/library/busybox:latest"},
      {"busybox:1.36", "docker.io/library/busybox:1.36"},
      {"library/busybox", "docker.io/library/busybox:latest"},
      {"index.docker.io/busybox", "docker.io/library/busybox:latest"},
      {"docker.io/busybox", "docker.io/library/busybox:latest"},
      {"team/app:v1", "docker.io/team/app:v1"},
      {"localhost/app", "localhost/app:latest"},
      {"localhost:5000/app:v1", "localhost:5000/app:v1"},
      {"registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"},
      {"registry.k8s.io/e2e-test-images/agnhost:2.53", "registry.k8s.io/e2e-test-images/agnhost:2.53"},
      {"host:443/a/b/c@" + digest, "host:443/a/b/c@" + digest},
      {"app:v1@" + digest, "docker.io/library/app:v1@" + digest},
      {"a__b/c-d.e--f", "docker.io/a__b/c-d.e--f:latest"},
      {"[2001:db8::1]:5000/app", "[2001:db8::1]:5000/app:latest"},
  };
  for (const auto& [spelling, expected] : cases) {
    const auto normal = normalize_reference(spelling);
    BOOST_REQUIRE_MESSAGE(normal, spelling);
    BOOST_TEST(*normal == expected);
    BOOST_TEST(normalize_reference(*normal).value() == expected);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_name_is_refused) {
  for (const std::string& bad :
       {std::string{}, std::string("Busybox"), std::string("a//b"), std::string("a/"), std::string("/a"),
        std::string("a:"), std::string("a b"), std::string("a@sha256:12"), std::string("a:-x"),
        std::string("a..b"), std::string("a___b"), std::string("host:99999999/a"), std::string("a/../b"),
        std::string(300, 'a'), "a:" + std::string(129, 'x'), std::string("a\0b", 3), std::string("\xff")})
    BOOST_TEST(!normalize_reference(bad), bad);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
