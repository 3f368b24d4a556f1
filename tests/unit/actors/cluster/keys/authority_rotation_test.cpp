#include "actors/cluster/keys/authority_rotation.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

void carry_out(key_files& files, const rotation_step& step) {
  for (const auto& [name, content] : step.change) {
    files.erase(name);
    if (!content.empty()) files.emplace(name, content);
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(authority_rotation)

BOOST_AUTO_TEST_CASE(three_steps_lead_from_one_authority_to_the_next) {
  key_files files{{"ca.crt", "old"}, {"ca.key", "old key"}, {"sa.key", "S"}};
  const net::certified_key fresh{"new", "new key"};
  const key_files trusting{{"ca.crt", "old"},
                           {"ca.key", "old key"},
                           {"ca-next.crt", "new"},
                           {"ca-next.key", "new key"},
                           {"sa.key", "S"}};
  carry_out(files, next_rotation_step(files, fresh));
  BOOST_TEST((files == trusting));
  // One that is on its way is not made twice.
  carry_out(files, next_rotation_step(files, {"another", "another key"}));
  BOOST_TEST(
      (files ==
       key_files{{"ca.crt", "new"}, {"ca.key", "new key"}, {"ca-previous.crt", "old"}, {"sa.key", "S"}}));
  const rotation_step last = next_rotation_step(files, {"another", "another key"});
  BOOST_TEST(last.next.empty());
  carry_out(files, last);
  BOOST_TEST((files == key_files{{"ca.crt", "new"}, {"ca.key", "new key"}, {"sa.key", "S"}}));
}

BOOST_AUTO_TEST_SUITE_END()
