#pragma once

#include "cli/command_context.hpp"
#include "schema/base/json.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace actord::cli {

/// An API server as a table of answers, and what it was asked.
class fake_server {
public:
  struct request {
    std::string method;
    std::string target;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
  };

  /// The answer to METHOD TARGET; the query may be left out.
  void answers(const std::string& method_and_target, const json& body, int code = 200) {
    answers_[method_and_target] = {code, body.is_string() ? body.get<std::string>() : body.dump()};
  }
  void fails(const std::string& method_and_target, int code, const std::string& reason,
             const std::string& message, const json& details = json::object()) {
    answers(
        method_and_target,
        {{"kind", "Status"}, {"code", code}, {"reason", reason}, {"message", message}, {"details", details}},
        code);
  }

  net::client_answer answer(const net::client_request& asked) {
    request noted{asked.method, asked.target, asked.body, asked.headers};
    if (asked.upload) {
      std::vector<char> piece(1000);
      for (std::size_t count = asked.upload(piece); count > 0; count = asked.upload(piece)) {
        noted.body.append(piece.data(), count);
      }
    }
    requests.push_back(noted);
    const std::string whole = asked.method + " " + asked.target;
    auto found = answers_.find(whole);
    if (found == answers_.end()) found = answers_.find(whole.substr(0, whole.find('?')));
    if (found == answers_.end()) {
      const json status = {{"kind", "Status"},
                           {"reason", "NotFound"},
                           {"message", "nothing at " + asked.target},
                           {"details", {{"kind", "x"}}}};
      return {.code = 404, .headers = {}, .body = status.dump()};
    }
    return {.code = found->second.first, .headers = headers, .body = found->second.second};
  }

  [[nodiscard]] const request& last() const {
    BOOST_REQUIRE(!requests.empty());
    return requests.back();
  }

  std::vector<request> requests;
  std::vector<std::pair<std::string, std::string>> headers;

private:
  std::map<std::string, std::pair<int, std::string>> answers_;
};

class fake_client final : public net::http_client {
public:
  explicit fake_client(fake_server& server) : server_(server) {}
  result<net::client_answer> send(const net::client_request& request) override {
    return server_.answer(request);
  }
  result<net::client_answer> stream(const net::client_request& request,
                                    const std::function<bool(std::string_view)>& take) override {
    auto answer = server_.answer(request);
    if (answer.code > 299) return answer;
    for (std::size_t at = 0; at < answer.body.size(); at += 7) { // pieces end anywhere
      if (!take(std::string_view(answer.body).substr(at, 7))) break;
    }
    answer.body.clear();
    return answer;
  }

private:
  fake_server& server_;
};

/// Runs actctl against the fake server, with a kubeconfig and files in a folder of its own.
struct fake_process {
  fake_process() {
    std::string pattern = (std::filesystem::temp_directory_path() / "actctl-test-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    write("config",
          R"({"current-context":"c","clusters":[{"name":"k","cluster":{"server":"https://example:6443/"}}],
      "contexts":[{"name":"c","context":{"cluster":"k","user":"u","namespace":"team"}}],
      "users":[{"name":"u","user":{"token":"secret"}}]})");
  }
  fake_process(const fake_process&) = delete;
  fake_process& operator=(const fake_process&) = delete;
  ~fake_process() { std::filesystem::remove_all(folder); }

  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }

  int run(std::vector<std::string> arguments, const std::string& standard_input = {}) {
    std::istringstream input(standard_input);
    std::ostringstream out;
    std::ostringstream err;
    const command_context context{
        .arguments = std::move(arguments),
        .input = input,
        .output = out,
        .errors = err,
        .errors_is_terminal = is_terminal,
        .environment = [this](const std::string& name) -> std::optional<std::string> {
          if (name == "KUBECONFIG") return (folder / "config").string();
          return std::nullopt;
        },
        .connect =
            [this](const net::http_client_options& options) -> result<std::unique_ptr<net::http_client>> {
          connection = options;
          return std::unique_ptr<net::http_client>(std::make_unique<fake_client>(server));
        },
        .pause =
            [this](std::chrono::milliseconds) {
              if (on_pause) on_pause();
            },
        .now = [] { return std::chrono::sys_seconds(std::chrono::seconds(1'790'000'000)); }};
    const int code = run_actctl(context);
    output = out.str();
    errors = err.str();
    return code;
  }

  std::filesystem::path folder;
  fake_server server;
  net::http_client_options connection;
  std::function<void()> on_pause;
  bool is_terminal = false;
  std::string output;
  std::string errors;
};

} // namespace actord::cli
