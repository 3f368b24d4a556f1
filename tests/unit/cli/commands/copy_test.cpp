#include "cli/commands/copy_paths.hpp"
#include "cli/commands/remote_command.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::cli;

namespace {

std::string split(const std::string& word) {
  const auto end = parse_copy_end(word);
  return end ? end->space + "|" + end->pod + "|" + end->path : end.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(copying)

BOOST_AUTO_TEST_CASE(an_end_is_here_or_in_a_pod) {
  const std::string format = "filespec must match the canonical format: [[namespace/]pod:]file/path";
  BOOST_TEST(split("a/b") == "||a/b");
  BOOST_TEST(split("p:/a") == "|p|/a");
  BOOST_TEST(split("n/p:a:b") == "n|p|a:b");
  BOOST_TEST(split("") == "filepath can not be empty");
  BOOST_TEST(split("p:") == "filepath can not be empty");
  BOOST_TEST(split(":/a") == format);
  BOOST_TEST(split("/p:/a") == format);
  BOOST_TEST(split("a/n/p:/a") == format);
}

BOOST_AUTO_TEST_CASE(paths_come_apart) {
  BOOST_TEST(base_name("/a/b/") == "b");
  BOOST_TEST(base_name("b") == "b");
  BOOST_TEST(base_name("/").empty());
  BOOST_TEST(base_name(".").empty());
  BOOST_TEST(folder_name("/a/b/") == "/a");
  BOOST_TEST(folder_name("/a") == "/");
  BOOST_TEST(folder_name("a").empty());
}

BOOST_AUTO_TEST_CASE(a_container_without_tar_is_named_as_the_reason) {
  BOOST_TEST(copy_failure("exec: \"tar\": not found\n", 127) ==
             "the container has no program tar, which 'cp' needs there: exec: \"tar\": not found");
  BOOST_TEST(copy_failure("tar: x: Cannot stat\n", 2) ==
             "tar: x: Cannot stat\ncommand terminated with exit code 2");
  BOOST_TEST(copy_failure("", 1) == "tar failed in the container\ncommand terminated with exit code 1");
}

BOOST_AUTO_TEST_CASE(the_last_message_tells_how_a_command_ended) {
  BOOST_TEST(*remote_outcome("") == 0);
  BOOST_TEST(*remote_outcome(R"({"status":"Success"})") == 0);
  BOOST_TEST(*remote_outcome(R"({"status":"Failure","reason":"NonZeroExitCode",
    "details":{"causes":[{"reason":"ExitCode","message":"37"}]}})") == 37);
  BOOST_TEST(remote_outcome(R"({"status":"Failure","message":"no such container"})").error().message ==
             "no such container");
}

BOOST_AUTO_TEST_SUITE_END()
