#include "actors/controllers/nodes/life_board.hpp"

#include <algorithm>
#include <utility>

namespace actord::actors {
namespace {

constexpr std::chrono::milliseconds silence_of_speakers{2800};
constexpr std::chrono::seconds silence_of_writers{50};
/// What a node wrote while its connection broke may be seen that much later.
constexpr std::chrono::seconds afterthought{1};

} // namespace

life_verdict judge(const life_signs& signs, steady_time now) {
  if (signs.connected) return {};
  const steady_time end =
      signs.heard + (signs.has_spoken ? steady_time::duration(silence_of_speakers) : silence_of_writers);
  if (end <= now) return {.alive = false};
  return {.alive = true, .look_again = end};
}

void life_board::begin(steady_time now) {
  const std::scoped_lock hold(mutex_);
  for (auto& [node, one] : rows_) {
    one.signs.heard = now;
    one.signs.has_spoken = one.signs.connected;
  }
}

void life_board::on_change(std::function<void(const std::string& node)> changed) {
  const std::scoped_lock hold(mutex_);
  changed_ = std::move(changed);
}

void life_board::connected(const std::string& node, steady_time now) { change(node, true, now); }
void life_board::gone(const std::string& node, steady_time heard) { change(node, false, heard); }

void life_board::change(const std::string& node, bool connected, steady_time heard) {
  std::function<void(const std::string&)> changed;
  {
    const std::scoped_lock hold(mutex_);
    life_signs& signs = rows_[node].signs;
    signs.connected = connected;
    signs.has_spoken = true;
    signs.heard = std::max(signs.heard, heard);
    changed = changed_;
  }
  if (changed) changed(node);
}

life_signs life_board::observe(const std::string& node, std::string_view written, steady_time now) {
  const std::scoped_lock hold(mutex_);
  const auto [found, fresh] = rows_.try_emplace(node);
  row& one = found->second;
  if (fresh || one.written != written) {
    one.written = written;
    // It cannot reach this server, but another: no reason to hurry.
    if (!one.signs.connected && now - one.signs.heard > afterthought) one.signs.has_spoken = false;
    one.signs.heard = std::max(one.signs.heard, now);
  }
  return one.signs;
}

} // namespace actord::actors
