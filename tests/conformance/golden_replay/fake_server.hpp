#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace actord::golden {

struct answer {
  int code = 0;
  json body;
  std::vector<std::string> warnings;
};

/// The write path without store, network and controllers: requests go straight to schema::prepare_*, objects
/// are kept in a map. Knows just enough admission to answer pods as a server with the default plugins does.
class fake_server {
public:
  /// `answered` is false for what this server does not do (lists, watches, deletes of collections).
  answer handle(const json& step, bool& answered);
  /// Forgets all objects.
  void reset() { objects_.clear(); }

private:
  struct request;
  answer answer_to(const request& asked, bool& answered);
  answer create(const request& asked);
  answer change(const request& asked);
  static json shown(const request& asked, json object);
  answer keep(const request& asked, json object, int code, std::vector<std::string> warnings);

  std::map<std::string, json, std::less<>> objects_;
  std::uint64_t revision_ = 1000;
  manual_clock_source clock_{wall_time{std::chrono::seconds{1'700'000'000}}};
  seeded_random_source random_{20260101};
};

} // namespace actord::golden
