#include "cli/command_context.hpp"
#include "schema/base/clock.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

int main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_DFL); // `actctl logs | head` ends quietly
  std::ios::sync_with_stdio(false);
  using namespace actord;
  const cli::command_context context{
      .arguments = {arguments + 1, arguments + count},
      .input = std::cin,
      .output = std::cout,
      .errors = std::cerr,
      .errors_is_terminal = ::isatty(STDERR_FILENO) == 1,
      .environment =
          [](const std::string& name) {
            const char* value = std::getenv(name.c_str());
            return value == nullptr ? std::optional<std::string>() : std::string(value);
          },
      .connect = net::http_client::create,
      .pause = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); },
      .now = [] { return std::chrono::floor<std::chrono::seconds>(system_clock_source().wall_now()); }};
  return cli::run_actctl(context);
}
