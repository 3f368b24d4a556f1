#include "actors/flow/metered_exchange.hpp"
#include "schema/base/clock.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

/// A client's end: keeps what it got, and leaves when told.
class client final : public net::http_exchange {
public:
  void respond(net::http_response) override { ++answers; }
  void begin(net::http_response) override { ++answers; }
  void write(shared_bytes bytes) override { body += *bytes; }
  void end() override { ended = true; }
  [[nodiscard]] std::size_t pending_bytes() const override { return body.size(); }
  void on_drained(std::function<void()>) override {}
  void on_closed(std::function<void()> callback) override { closed = std::move(callback); }

  int answers = 0;
  bool ended = false;
  std::string body;
  std::function<void()> closed;
};

struct metered {
  std::shared_ptr<client> inner = std::make_shared<client>();
  std::shared_ptr<flow_gate> gate = std::make_shared<flow_gate>(system_clock_source());
  int code = 0;

  std::unique_ptr<metered_exchange> exchange(metered_exchange::terms how) {
    return std::make_unique<metered_exchange>(inner, flow_gate::flow_seat{}, std::move(how), gate,
                                              [this](int answered) { code = answered; });
  }
  ~metered() { gate->stop(); }
};

shared_bytes piece() { return share_bytes(std::string(100'000, 'x')); }

} // namespace

BOOST_AUTO_TEST_SUITE(metered_exchanges)

BOOST_AUTO_TEST_CASE(a_list_in_pieces_is_held_until_the_client_has_it) {
  metered m;
  auto exchange = m.exchange({.is_list = true, .deprecation = {}});
  exchange->begin({.code = 200, .headers = {}, .body = {}});
  BOOST_TEST(m.code == 200);
  BOOST_REQUIRE(m.inner->closed);
  exchange->write(piece());
  exchange->write(piece());
  exchange->end();
  BOOST_TEST(m.gate->lane().held_bytes() == 200'000U);
  exchange.reset(); // the request is over, the client still reads
  BOOST_TEST(m.gate->lane().held_bytes() == 200'000U);
  m.inner->closed();
  BOOST_TEST(m.gate->lane().held_bytes() == 0U);
  BOOST_TEST(m.inner->body.size() == 200'000U);
  BOOST_TEST(m.inner->ended);
}

BOOST_AUTO_TEST_CASE(nothing_is_held_for_a_client_that_left_meanwhile) {
  metered m;
  auto exchange = m.exchange({.is_list = true, .deprecation = {}});
  exchange->begin({.code = 200, .headers = {}, .body = {}});
  exchange->write(piece());
  m.inner->closed();
  exchange->write(piece());
  BOOST_TEST(m.gate->lane().held_bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_watch_writes_is_not_held) {
  metered m;
  auto exchange = m.exchange({.is_watch = true, .deprecation = {}});
  exchange->begin({.code = 200, .headers = {}, .body = {}});
  exchange->write(piece());
  BOOST_TEST(m.gate->lane().held_bytes() == 0U);
  BOOST_TEST(m.inner->body.size() == 100'000U);
}

BOOST_AUTO_TEST_SUITE_END()
