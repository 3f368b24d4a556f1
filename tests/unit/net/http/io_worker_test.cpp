#include "net/http/io_worker.hpp"

#include "net/http/connection.hpp"

#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <numeric>

using namespace actord::net;

namespace {

struct noted_call final : worker_call {
  explicit noted_call(std::function<void()> what) : what_(std::move(what)) {}
  void run() override { what_(); }

private:
  std::function<void()> what_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(io_worker_calls)

BOOST_AUTO_TEST_CASE(what_happens_meanwhile_stands_behind_a_few_of_many_calls) {
  static constexpr int count = 100;
  static constexpr int arrived = -1;
  const auto worker = std::make_shared<io_worker>(std::make_shared<server_settings>());
  std::vector<int> order;
  for (int i = 0; i < count; ++i)
    worker->call(std::make_shared<noted_call>([&order, &worker, i] {
      order.push_back(i);
      if (i == 0) boost::asio::post(worker->context, [&order] { order.push_back(arrived); });
      // Who calls while others run comes after them.
      if (i == 1) worker->call(std::make_shared<noted_call>([&order] { order.push_back(count); }));
    }));
  worker->context.poll();

  const auto at = std::find(order.begin(), order.end(), arrived);
  const bool has_arrived = at != order.end();
  BOOST_REQUIRE(has_arrived);
  const auto before = std::distance(order.begin(), at);
  BOOST_TEST(before < count / 2);
  order.erase(at);
  std::vector<int> expected(count + 1);
  std::iota(expected.begin(), expected.end(), 0);
  BOOST_TEST(order == expected, boost::test_tools::per_element());

  worker->call(std::make_shared<noted_call>([&order] { order.clear(); }));
  worker->context.poll();
  BOOST_TEST(order.empty());
}

BOOST_AUTO_TEST_SUITE_END()
