#include "../../api/api_plane.hpp"
#include "actors/cluster/joining/server_seat.hpp"
#include "actors/cluster/keys/key_store.hpp"
#include "net/pki/secret_files.hpp"

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>

using namespace actord;
using namespace actord::actors;

namespace {

struct seat_fixture {
  seat_fixture() {
    std::string pattern = (std::filesystem::temp_directory_path() / "actord-seat-XXXXXX").string();
    scratch = mkdtemp(pattern.data());
    pki = scratch / "pki";
  }
  ~seat_fixture() { std::filesystem::remove_all(scratch); }

  result<std::unique_ptr<server_seat>> take(std::function<void(const server_seat::credentials&)> use =
                                                [](const auto&) {}) {
    server_seat::settings how;
    how.pki.directory = pki;
    how.pki.node_name = "node-1";
    how.pki.server_life = std::chrono::hours(20);
    how.node = "node-1";
    how.member = 1;
    how.service_cidr = "10.96.0.0/16";
    how.cluster_cidr = "10.244.0.0/16";
    how.api_address = "192.0.2.1:6443";
    return server_seat::take({plane.system, *plane.store, plane.registry, plane.authorization, plane.clock,
                              plane.random, nullptr, std::move(use)},
                             std::move(how));
  }
  std::string read(const char* name) { return (*net::read_secret_file(pki / name)).value_or("none"); }

  testing::plane plane;
  std::filesystem::path scratch;
  std::filesystem::path pki;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(server_seats, seat_fixture)

BOOST_AUTO_TEST_CASE(the_first_server_makes_its_keys_and_shares_them) {
  auto seat = take();
  BOOST_REQUIRE_MESSAGE(seat, (seat ? "" : seat.error().message));
  BOOST_REQUIRE((*seat)->begin_to_lead());
  const auto node = net::read_certificate((*seat)->first_credentials().node.key.certificate_pem);
  BOOST_TEST((net::node_identity_of(*node) ==
              net::node_identity{.cluster = plane.store->cluster_id(), .node = "node-1", .member = 1}));
  const auto members = members_of(node_records(*plane.store->read()));
  BOOST_TEST((members == std::vector<known_server>{{1, "node-1", "", "192.0.2.1:6443"}}));
  const auto table =
      open_key_table(read_sealed_table(*plane.store->read()), read("master.key"), plane.store->cluster_id());
  BOOST_REQUIRE(table);
  for (const char* name :
       {"ca.crt", "ca.key", "sa.key", "sa.pub", "admin.token", "front-proxy-ca.crt", "front-proxy-ca.key"})
    BOOST_TEST(table->files.at(name) == read(name), name);
  // Again, as after a restart: everything is as it was.
  const std::string sealed = read_sealed_table(*plane.store->read());
  seat->reset();
  auto second = take();
  BOOST_REQUIRE(second);
  BOOST_REQUIRE((*second)->begin_to_lead());
  BOOST_TEST(read_sealed_table(*plane.store->read()) == sealed);
}

BOOST_AUTO_TEST_CASE(lost_keys_come_back_from_the_store) {
  {
    BOOST_REQUIRE((*take())->begin_to_lead());
  }
  const std::string key = read("ca.key");
  std::filesystem::remove(pki / "ca.key");
  std::filesystem::remove(pki / "sa.key");
  {
    BOOST_REQUIRE(take());
  }
  BOOST_TEST(read("ca.key") == key);
  std::filesystem::remove(pki / "master.key");
  const auto refused = take();
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().message.find("master.key is missing") != std::string::npos,
             refused.error().message);
  BOOST_REQUIRE(net::write_secret_file(pki / "master.key", std::string(32, 'x')));
  const auto wrong = take();
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().message.find("sealed with another master key") != std::string::npos,
             wrong.error().message);
}

BOOST_AUTO_TEST_CASE(certificates_are_renewed_while_the_server_runs) {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<server_seat::credentials> latest;
  auto seat = take([&](const server_seat::credentials& next) {
    const std::scoped_lock hold(mutex);
    latest = next;
    changed.notify_all();
  });
  BOOST_REQUIRE(seat);
  BOOST_REQUIRE((*seat)->begin_to_lead());
  const auto first = (*seat)->first_credentials();
  plane.clock.advance(std::chrono::hours(11));
  // A change of the key table makes it look at once, and the certificates are past the half of their life.
  BOOST_REQUIRE(change_keys(*plane.store, pki, {{"admin.token", "another"}}, plane.random));
  std::unique_lock hold(mutex);
  // It may look more than once, and the clock went on while it did.
  BOOST_REQUIRE(changed.wait_for(hold, std::chrono::seconds(30), [&] {
    return latest && latest->pki.server != first.pki.server &&
           latest->node.key.certificate_pem != first.node.key.certificate_pem;
  }));
  const server_seat::credentials next = *latest;
  hold.unlock();
  BOOST_TEST(next.node.key.key_pem == first.node.key.key_pem);
  BOOST_TEST((next.pki.admin == first.pki.admin));
  BOOST_TEST(next.pki.admin_token == "another");
}

BOOST_AUTO_TEST_SUITE_END()
