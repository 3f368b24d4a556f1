#include "net/overlay/overlay_plan.hpp"

#include "schema/base/text_hash.hpp"

#include <algorithm>
#include <utility>

namespace actord::net {
namespace {

bool overlap(const address_range& left, const address_range& right) {
  const int shorter = std::min(left.prefix_length, right.prefix_length);
  const int rest = 32 - shorter;
  return left.network >> rest == right.network >> rest;
}

} // namespace

hardware_address overlay_hardware(const address_range& pods) {
  const auto byte = [&](int shift) { return static_cast<std::uint8_t>(pods.network >> shift & 0xffU); };
  return {0x02, 0xac, byte(24), byte(16), byte(8), byte(0)}; // locally administered
}

std::uint32_t overlay_number(std::string_view cluster) {
  const std::uint32_t hash = text_hash(cluster);
  const std::uint32_t number = (hash ^ hash >> 24U) & 0xffffffU;
  return number == 0 ? 1 : number;
}

std::vector<overlay_peer> sound_peers(const overlay_options& own, std::vector<overlay_peer> peers) {
  std::ranges::sort(peers, {}, &overlay_peer::node);
  std::vector<overlay_peer> sound;
  for (overlay_peer& each : peers) {
    const auto taken = [&](const overlay_peer& other) { return overlap(other.pods, each.pods); };
    if (each.address == own.address || overlap(own.pods, each.pods) || std::ranges::any_of(sound, taken))
      continue;
    sound.push_back(std::move(each));
  }
  return sound;
}

overlay_change compare(const std::vector<overlay_peer>& before, const std::vector<overlay_peer>& after) {
  const auto lacks = [](const std::vector<overlay_peer>& in, const overlay_peer& one) {
    return std::ranges::find(in, one) == in.end();
  };
  overlay_change change;
  for (const overlay_peer& each : before)
    if (lacks(after, each)) change.remove.push_back(each);
  for (const overlay_peer& each : after)
    if (lacks(before, each)) change.add.push_back(each);
  return change;
}

std::string overlay_filter_chain(const overlay_options& own) { return "ACTORD-" + own.device; }

std::string overlay_filter(const overlay_options& own, const std::vector<overlay_peer>& peers) {
  const std::string chain = overlay_filter_chain(own);
  std::string program = "*filter\n:" + chain + " - [0:0]\n";
  for (const overlay_peer& each : peers)
    program += "-A " + chain + " -s " + address_text(each.address) + "/32 -j ACCEPT\n";
  return program + "-A " + chain + " -j DROP\nCOMMIT\n";
}

} // namespace actord::net
