#include "actors/api/streams/forward_session.hpp"
#include "actors/api/streams/log_options.hpp"
#include "actors/api/streams/stream_request.hpp"
#include "schema/base/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::actors;

namespace {

const streamed_pod one = read_streamed_pod(
    R"({"metadata":{"name":"one","namespace":"s","uid":"u"},"spec":{"nodeName":"n","containers":[{"name":"main"}]}})");
const streamed_pod two = read_streamed_pod(
    R"({"metadata":{"name":"two","namespace":"s","uid":"u"},"spec":{"nodeName":"n","containers":[{"name":"a"},{"name":"b"}],)"
    R"("initContainers":[{"name":"i"}],"ephemeralContainers":[{"name":"e"}]}})");

std::string chosen(const streamed_pod& pod, std::string_view wanted) {
  const auto container = choose_container(pod, wanted);
  return container ? *container : container.error().message;
}

std::string command(const streamed_pod& pod, std::string_view query, bool attach = false) {
  const auto request = read_command_request(pod, query_values::parse(query), attach);
  if (!request) return request.error().message;
  std::string text = request->target.container;
  for (const std::string& word : request->command) text += " " + word;
  if (request->terms.input) text += " +in";
  if (request->terms.output) text += " +out";
  if (request->terms.error_output) text += " +err";
  if (request->terms.terminal) text += " +tty";
  return text;
}

std::string ports(std::string_view query) {
  const auto read = read_forwarded_ports(query_values::parse(query));
  if (!read) return read.error().message;
  std::string text;
  for (const std::uint16_t port : *read) text += std::to_string(port) + " ";
  return text;
}

const wall_time now = wall_time(std::chrono::seconds(1'000'000));

std::string log_refusal(std::string_view query) {
  const auto read = read_log_options("p", query_values::parse(query), now);
  return read ? "fine" : read.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(stream_requests)

BOOST_AUTO_TEST_CASE(the_container_is_the_one_named_or_the_only_one) {
  BOOST_TEST(chosen(one, "") == "main");
  BOOST_TEST(chosen(one, "main") == "main");
  BOOST_TEST(chosen(one, "x") == "container x is not valid for pod one");
  BOOST_TEST(chosen(two, "") ==
             "a container name must be specified for pod two, choose one of: [a b] or one of the "
             "init containers: [i]");
  BOOST_TEST(chosen(two, "i") == "i");
  BOOST_TEST(chosen(two, "e") == "e");
  BOOST_TEST(chosen(read_streamed_pod("{}"), "") == "a container name must be specified for pod ");
}

BOOST_AUTO_TEST_CASE(commands_are_read_from_the_query) {
  BOOST_TEST(command(one, "command=sh&command=-c&command=a%20b&stdin=true&stdout=true&stderr=true") ==
             "main sh -c a b +in +out +err");
  BOOST_TEST(command(one, "command=sh&stdin=1&stdout=1&stderr=1&tty=1") == "main sh +in +out +tty");
  BOOST_TEST(command(one, "command=sh&stdout=false") ==
             "you must specify at least 1 of stdin, stdout, stderr");
  BOOST_TEST(command(one, "stdout=true") == "you must specify at least one command for the container");
  BOOST_TEST(command(one, "stdout=true", true) == "main +out");
  streamed_pod waiting = one;
  waiting.node.clear();
  BOOST_TEST(command(waiting, "command=sh&stdout=true") == "pod one does not have a host assigned");
}

BOOST_AUTO_TEST_CASE(ports_are_numbers_of_ports) {
  BOOST_TEST(ports("ports=80&ports=8080,9090") == "80 8080 9090 ");
  BOOST_TEST(ports("") == "query parameter \"ports\" is required");
  BOOST_TEST(ports("ports=0") == "invalid port \"0\"");
  BOOST_TEST(ports("ports=65536") == "invalid port \"65536\"");
  BOOST_TEST(ports("ports=8o8") == "invalid port \"8o8\"");
}

BOOST_AUTO_TEST_CASE(how_a_command_went_is_a_status) {
  BOOST_TEST(json::parse(command_status({})) == json::parse(R"({"metadata":{},"status":"Success"})"));
  BOOST_TEST(json::parse(command_status({.exit_code = 3, .failure = {}})) ==
             json::parse(R"({"metadata":{},"status":"Failure","reason":"NonZeroExitCode",
                             "message":"command terminated with non-zero exit code: exit status 3",
                             "details":{"causes":[{"reason":"ExitCode","message":"3"}]}})"));
  const stream_end failed{.exit_code = 0, .failure = error{.message = "no such program"}};
  const json status = json::parse(command_status(failed));
  BOOST_TEST(status["reason"] == "InternalError");
  BOOST_TEST(status["message"] ==
             "Internal error occurred: error executing command in container: no such program");
  BOOST_TEST(command_failure_text({}).empty());
  BOOST_TEST(command_failure_text(failed) == "error executing command in container: no such program");
  BOOST_TEST(forward_failure_text(one, 80, error{.message = "refused"}) ==
             "error forwarding port 80 to pod one, uid u: refused");
}

BOOST_AUTO_TEST_CASE(log_options_that_make_no_sense_are_refused_in_kubernetes_words) {
  BOOST_TEST(log_refusal(
                 "follow=true&tailLines=10&limitBytes=5&timestamps=true&insecureSkipTLSVerifyBackend=true") ==
             "fine");
  BOOST_TEST(log_refusal("tailLines=ten") == "strconv.ParseInt: parsing \"ten\": invalid syntax");
  BOOST_TEST(
      log_refusal("tailLines=-1") ==
      "PodLogOptions \"p\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0");
  BOOST_TEST(log_refusal("limitBytes=0") ==
             "PodLogOptions \"p\" is invalid: limitBytes: Invalid value: 0: must be greater than 0");
  BOOST_TEST(log_refusal("sinceSeconds=0") ==
             "PodLogOptions \"p\" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0");
  BOOST_TEST(log_refusal("sinceSeconds=5&sinceTime=2026-01-01T00:00:00Z").find("at most one of") !=
             std::string::npos);
  BOOST_TEST(log_refusal("sinceTime=yesterday").find("parsing time \"yesterday\"") == 0U);
  BOOST_TEST(log_refusal("stream=Stdin").find("Unsupported value: \"Stdin\"") != std::string::npos);
  BOOST_TEST(log_refusal("stream=Stdout&tailLines=1").find("mutually exclusive") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(log_options_are_read) {
  const auto seconds =
      read_log_options("p", query_values::parse("sinceSeconds=10&stream=Stderr&previous=true"), now);
  BOOST_REQUIRE(seconds);
  BOOST_TEST((seconds->since == now - std::chrono::seconds(10)));
  BOOST_TEST(!seconds->output);
  BOOST_TEST(seconds->error_output);
  BOOST_TEST(seconds->previous);
  BOOST_TEST(!seconds->follow);
  const auto time = read_log_options("p", query_values::parse("sinceTime=1970-01-12T13%3A46%3A40Z"), now);
  BOOST_REQUIRE(time);
  BOOST_TEST((time->since == now));
  BOOST_TEST(time->output);
}

BOOST_AUTO_TEST_SUITE_END()
