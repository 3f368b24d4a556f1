#include "runtime/files/file_tools.hpp"
#include "runtime/process/process_launcher.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fcntl.h>
#include <signal.h>
#include <thread>

namespace {

using namespace actord;
using namespace actord::runtime;
using namespace std::chrono_literals;

command shell(std::string script) {
  command what;
  what.argv = {"/bin/sh", "-c", std::move(script)};
  what.environment = {"PATH=/usr/bin:/bin"};
  return what;
}

outcome run(const command& what) { return system_process_launcher().run(what).value(); }

BOOST_AUTO_TEST_SUITE(process)

BOOST_AUTO_TEST_CASE(output_streams_and_codes_are_kept_apart) {
  const outcome done = run(shell("echo out; echo err >&2; exit 3"));
  BOOST_TEST(done.output == "out\n");
  BOOST_TEST(done.error_output == "err\n");
  BOOST_TEST(done.exit_code == 3);
  BOOST_TEST(done.signal == 0);
  BOOST_TEST(!done.succeeded());
  BOOST_TEST(run(shell("kill -9 $$")).signal == SIGKILL);
}

BOOST_AUTO_TEST_CASE(arguments_are_never_read_by_a_shell) {
  command what;
  what.argv = {"/bin/echo", "$HOME; `id`", "a b", ""};
  BOOST_TEST(run(what).output == "$HOME; `id` a b \n");
}

BOOST_AUTO_TEST_CASE(nothing_is_inherited) {
  const int leaked = ::open("/dev/null", O_RDONLY);
  ::setenv("ACTORD_LEAK", "yes", 1);
  BOOST_TEST(run(shell("echo ${ACTORD_LEAK-no}")).output == "no\n");
  command what;
  what.argv = {"/bin/ls", "/proc/self/fd"};
  // 3 is the directory that is being listed.
  BOOST_TEST(run(what).output == "0\n1\n2\n3\n");
  ::close(leaked);
}

BOOST_AUTO_TEST_CASE(input_is_fed_even_when_it_is_large_or_unread) {
  command what = shell("wc -c");
  what.input = std::string(3'000'000, 'x');
  BOOST_TEST(run(what).output == "3000000\n");
  what.argv = {"/bin/true"};
  BOOST_TEST(run(what).succeeded());
}

BOOST_AUTO_TEST_CASE(output_beyond_the_limit_is_dropped_without_blocking_the_child) {
  command what = shell("head -c 5000000 /dev/zero; echo done >&2");
  what.output_limit_bytes = 1000;
  const outcome done = run(what);
  BOOST_TEST(done.output.size() == 1000U);
  BOOST_TEST(done.error_output == "done\n");
  BOOST_TEST(done.succeeded());
}

BOOST_AUTO_TEST_CASE(a_program_that_does_not_end_is_killed_with_its_children) {
  command what = shell("sleep 1000 & echo $!; wait");
  what.timeout = 200ms;
  const outcome done = run(what);
  BOOST_TEST(done.timed_out);
  BOOST_TEST((describe_failure(what, done).kind == error_kind::timeout));
  // A signal is on its way when the call that sent it returns; the end it brings is not.
  const std::string child = "/proc/" + done.output.substr(0, done.output.size() - 1) + "/cmdline";
  const auto lives = [&] { return read_file(child)->value_or("").find("sleep") != std::string::npos; };
  for (int round = 0; round < 1000 && lives(); ++round) std::this_thread::sleep_for(10ms);
  BOOST_TEST(!lives());
}

BOOST_AUTO_TEST_CASE(the_report_of_a_daemon_is_waited_for) {
  command what = shell("(sleep 0.1; echo started >&$REPORT; sleep 0.2) > /dev/null 2>&1 &");
  what.report_variable = "REPORT";
  BOOST_TEST(run(what).report == "started");
  what.argv[2] = "exit 0";
  BOOST_TEST(run(what).report.empty());
}

BOOST_AUTO_TEST_CASE(a_missing_program_is_an_error) {
  command what;
  what.argv = {"/no/such/program"};
  const auto started = system_process_launcher().run(what);
  BOOST_REQUIRE(!started);
  BOOST_TEST((started.error().kind == error_kind::not_found));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
