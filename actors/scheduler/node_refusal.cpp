#include "actors/scheduler/node_refusal.hpp"

#include <set>
#include <string_view>

namespace actord::actors {

namespace {

constexpr std::array<std::string_view, refusal_kinds> words{
    "node(s) were unschedulable",
    "node(s) didn't match the requested node name",
    "node(s) didn't satisfy plugin(s) [NodeAffinity]",
    "node(s) had untolerated taint(s)",
    "node(s) didn't match Pod's node affinity/selector",
    "node(s) didn't have free ports for the requested pod ports",
    "Too many pods",
    "Insufficient cpu",
    "Insufficient memory",
    "Insufficient ephemeral-storage",
    "", // by name
    "node(s) didn't match pod topology spread constraints (missing required label)",
    "node(s) didn't match pod topology spread constraints",
    "node(s) didn't match pod affinity rules",
    "node(s) didn't match pod anti-affinity rules",
    "node(s) didn't satisfy existing pods anti-affinity rules",
    "No preemption victims found for incoming pod",
    "Preemption is not helpful for scheduling",
};

/// Others' pods have nothing to do with these. Lack of a resource is decided where it is found: a node that
/// is too small stays too small.
constexpr bool may_pass(refusal why) {
  switch (why) {
  case refusal::unschedulable:
  case refusal::node_name:
  case refusal::node_name_demanded:
  case refusal::taints:
  case refusal::selector:
  case refusal::spread_label:
  case refusal::affinity:
  case refusal::no_victims:
  case refusal::no_help_here:
    return false;
  case refusal::host_ports:
  case refusal::too_many_pods:
  case refusal::cpu:
  case refusal::memory:
  case refusal::ephemeral_storage:
  case refusal::other_resource:
  case refusal::spread:
  case refusal::anti_affinity:
  case refusal::others_anti_affinity:
    return true;
  }
  return false;
}

} // namespace

node_refusals node_refusals::of(refusal why) {
  node_refusals out;
  out.add(why);
  out.resolvable = may_pass(why);
  return out;
}

void refusal_tally::add(const node_refusals& why) {
  for (std::size_t kind = 0; kind < refusal_kinds; ++kind) kinds_[kind] += why.kinds >> kind & 1U;
  for (const std::uint16_t index : why.lacking) ++lacking_[index];
}

std::map<std::string, std::size_t> refusal_tally::reasons(const pod_request& request) const {
  std::map<std::string, std::size_t> out;
  for (std::size_t kind = 0; kind < refusal_kinds; ++kind)
    if (kinds_[kind] > 0 && !words[kind].empty()) out[std::string(words[kind])] += kinds_[kind];
  for (const auto& [index, nodes] : lacking_) out["Insufficient " + request.others[index].first] += nodes;
  return out;
}

std::string nodes_message(std::size_t nodes, const std::map<std::string, std::size_t>& reasons) {
  std::set<std::string> lines; // sorted as text, number first
  for (const auto& [reason, count] : reasons) lines.insert(std::to_string(count) + ' ' + reason);
  std::string out = "0/" + std::to_string(nodes) + " nodes are available:";
  const char* separator = " ";
  for (const auto& line : lines) {
    out += separator + line;
    separator = ", ";
  }
  return out + '.';
}

} // namespace actord::actors
