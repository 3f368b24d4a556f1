#pragma once

#include "tests/sim/api/api_attempt.hpp"
#include "tests/sim/api/api_judge.hpp"
#include "tests/sim/api/api_server.hpp"
#include "tests/sim/api/api_watcher.hpp"
#include "tests/sim/clients.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace actord::sim {

/// What clients of the API live in: the servers above the members of a run, and their household.
struct api_neighbourhood {
  api_neighbourhood(dice chance, stage::scheduler schedule, const network& net, bool has_others,
                    mutant wrong);

  server_links links;
  api_server::surroundings around;
};

/// Clients of the API: each sends one request at a time to a server of its choice and goes to another when it
/// cannot know what became of it; some watch.
class api_clients final : public clients {
public:
  struct parts {
    dice chance;
    stage::scheduler schedule;
    std::function<time_us()> now;
    std::function<void(const std::string&)> tell;
    std::function<void()> hush; ///< leaders stop to write of their own
    std::vector<std::unique_ptr<member>>& members;
    const truth& history;
  };
  explicit api_clients(parts with);

  void start(std::size_t count) override;
  void stop() override;
  void look() override;
  void check() override;
  [[nodiscard]] std::size_t committed() const override { return committed_; }
  [[nodiscard]] std::size_t confirmed_reads() const override { return confirmed_reads_; }

private:
  struct client {
    std::string name;
    std::map<std::string, held_object> seen; ///< maybe long ago
    revision newest;                         ///< of what it has seen
    std::uint64_t requests = 0;
    member_id avoids = 0; ///< the server that left it in doubt
    int doubts = 0;       ///< how often, of one thing it wants
  };

  void next_request(std::size_t which);
  api_attempt draw(client& one);
  void send(std::size_t which, api_attempt attempt);
  void finish(std::size_t which, api_attempt& attempt, api_attempt::outcome told, int code, std::string body);
  void remember(client& one, const api_attempt& attempt);
  void look_for_actors();
  void check_terms();
  [[nodiscard]] member& choose(member_id other_than);
  std::shared_ptr<client_connection> open(net::http_request request, const std::shared_ptr<client_end>& end,
                                          member& at, std::function<void()> speaks);
  static api_server* server_of(const member& one);

  parts with_;
  api_judge judge_;
  std::vector<client> clients_;
  std::vector<std::unique_ptr<api_watcher>> watchers_;
  /// Of those that are seen not to lead: since when, in which life, and how often that had led by then.
  struct following {
    time_us since = 0;
    std::uint64_t life = 0, leaderships = 0;
  };
  std::map<member_id, following> follow_;
  std::size_t terms_checked_ = 0; ///< revisions whose entry's term was looked at
  std::size_t committed_ = 0;
  std::size_t confirmed_reads_ = 0;
  bool stopping_ = false;
};

} // namespace actord::sim
