#include "cli/actord/daemon_arguments.hpp"

#include "actors/cluster/daemon.hpp"
#include "actors/cluster/reset.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace {

/// The signals that end the daemon, blocked in every thread that starts from here on.
sigset_t block_stop_signals() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return stop;
}

void log_to_stderr() {
  spdlog::set_default_logger(spdlog::stderr_color_mt("actord"));
  spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
}

int reset(const actord::actors::daemon_options& options) {
  const auto done = actord::actors::reset_member(options);
  if (!done) {
    std::fprintf(stderr, "actord: %s\n", done.error().message.c_str());
    return EXIT_FAILURE;
  }
  std::printf("Removed the pods, network, rules and data of %s.\n", options.data_dir.c_str());
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  auto arguments = actord::cli::parse_daemon_arguments(argc, argv);
  if (arguments.exit_code) return *arguments.exit_code;
  if (arguments.reset) return reset(arguments.options);
  const sigset_t stop = block_stop_signals();
  log_to_stderr();
  auto running = actord::actors::daemon::start(std::move(arguments.options));
  if (!running) {
    std::fprintf(stderr, "actord: %s\n", running.error().message.c_str());
    return EXIT_FAILURE;
  }
  if ((*running)->port() != 0)
    spdlog::info("ready on port {}; kubeconfig {}", (*running)->port(), (*running)->kubeconfig_path());
  else
    spdlog::info("ready: this node works for its cluster");
  int signal = 0;
  sigwait(&stop, &signal);
  spdlog::info("stopping");
  return EXIT_SUCCESS;
}
