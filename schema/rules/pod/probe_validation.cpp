#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/pod/pod_validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace actord::schema::rules {

namespace {

void check_http_get(const field& request, field_errors& errors) {
  require(request.at("path"), errors);
  check_port_or_name(request.at("port"), errors);
  one_of(request.at("scheme"), {"HTTP", "HTTPS"}, errors);
  const field headers = request.at("httpHeaders");
  for (const field header : headers.items())
    for (const std::string& wrong : http_header_name(header.at("name").text()))
      errors.invalid(headers, header.at("name").text(), wrong);
}

void check_sleep(const field& sleep, const field& pod_spec, field_errors& errors) {
  const field grace = pod_spec.at("terminationGracePeriodSeconds");
  const std::int64_t seconds = sleep.at("seconds").integer();
  if (grace.present() && (seconds < 0 || seconds > grace.integer()))
    errors.invalid(sleep, seconds,
                   fmt::format("must be non-negative and less than terminationGracePeriodSeconds ({})",
                               grace.integer()));
}

/// What a probe or a lifecycle hook does: one of several actions.
void check_handler(const field& handler, bool probe, const field& pod_spec, field_errors& errors) {
  int kinds = 0;
  const auto chosen = [&](std::string_view name) {
    const field action = handler.at(name);
    if (!action.present()) return false;
    if (kinds > 0) errors.forbidden(action, "may not specify more than 1 handler type");
    return kinds++ == 0;
  };
  if (chosen("exec")) require(handler.at("exec").at("command"), errors);
  if (chosen("httpGet")) check_http_get(handler.at("httpGet"), errors);
  if (chosen("tcpSocket")) check_port_or_name(handler.at("tcpSocket").at("port"), errors);
  if (probe && chosen("grpc")) check_port(handler.at("grpc").at("port"), errors);
  if (!probe && chosen("sleep")) check_sleep(handler.at("sleep"), pod_spec, errors);
  if (kinds == 0) errors.required(handler, "must specify a handler type");
}

constexpr std::array<std::string_view, 65> linux_signals{
    "SIGABRT",     "SIGALRM",     "SIGBUS",      "SIGCHLD",     "SIGCLD",      "SIGCONT",     "SIGFPE",
    "SIGHUP",      "SIGILL",      "SIGINT",      "SIGIO",       "SIGIOT",      "SIGKILL",     "SIGPIPE",
    "SIGPOLL",     "SIGPROF",     "SIGPWR",      "SIGQUIT",     "SIGRTMAX",    "SIGRTMAX-1",  "SIGRTMAX-10",
    "SIGRTMAX-11", "SIGRTMAX-12", "SIGRTMAX-13", "SIGRTMAX-14", "SIGRTMAX-2",  "SIGRTMAX-3",  "SIGRTMAX-4",
    "SIGRTMAX-5",  "SIGRTMAX-6",  "SIGRTMAX-7",  "SIGRTMAX-8",  "SIGRTMAX-9",  "SIGRTMIN",    "SIGRTMIN+1",
    "SIGRTMIN+10", "SIGRTMIN+11", "SIGRTMIN+12", "SIGRTMIN+13", "SIGRTMIN+14", "SIGRTMIN+15", "SIGRTMIN+2",
    "SIGRTMIN+3",  "SIGRTMIN+4",  "SIGRTMIN+5",  "SIGRTMIN+6",  "SIGRTMIN+7",  "SIGRTMIN+8",  "SIGRTMIN+9",
    "SIGSEGV",     "SIGSTKFLT",   "SIGSTOP",     "SIGSYS",      "SIGTERM",     "SIGTRAP",     "SIGTSTP",
    "SIGTTIN",     "SIGTTOU",     "SIGURG",      "SIGUSR1",     "SIGUSR2",     "SIGVTALRM",   "SIGWINCH",
    "SIGXCPU",     "SIGXFSZ"};

void check_stop_signal(const field& signal, const field& pod_spec, field_errors& errors) {
  const field system = pod_spec.at("os");
  if (!system.present())
    errors.forbidden(signal, "may not be set for containers with empty `spec.os.name`");
  else if (system.at("name").text() == "windows")
    one_of(signal, {"SIGKILL", "SIGTERM"}, errors);
  else if (system.at("name").text() == "linux" &&
           std::ranges::find(linux_signals, signal.text()) == linux_signals.end())
    errors.not_supported(signal, signal.text(), {linux_signals.begin(), linux_signals.end()});
}

} // namespace

void check_probe(const field& probe, const field& pod_spec, field_errors& errors) {
  check_handler(probe, true, pod_spec, errors);
  for (const std::string_view name :
       {"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"})
    at_least(probe.at(name), 0, errors);
  const field grace = probe.at("terminationGracePeriodSeconds");
  if (grace.present() && grace.integer() <= 0)
    errors.invalid(grace, grace.integer(), "must be greater than 0");
}

void check_lifecycle(const field& lifecycle, const field& pod_spec, field_errors& errors) {
  for (const std::string_view name : {"postStart", "preStop"})
    if (const field hook = lifecycle.at(name); hook.present()) check_handler(hook, false, pod_spec, errors);
  if (const field signal = lifecycle.at("stopSignal"); signal.present())
    check_stop_signal(signal, pod_spec, errors);
}

} // namespace actord::schema::rules
