#pragma once

#include "actors/cluster/leadership.hpp"
#include "tests/sim/api/stage.hpp"

#include <functional>
#include <memory>
#include <string>

namespace actord::actors {
class object_router;
}

namespace actord::sim {

/// What a leading server does of its own in the simulator: stores the namespace that all clients use, lets
/// them write, and from then on changes one object again and again, as controllers do: in its term only.
///
///   begun ──▶ router open to its own ──▶ namespace there ──▶ open to all, the ticker ticks ──▶ ended: closed
struct leadership_parts {
  stage& threads;
  actors::object_router& router;
  dice chance;
  member_id self = 0;
  std::function<void()> opened; ///< to all
  std::function<bool()> quiet;  ///< it need not tick any more
  bool never_ends = false;      ///< a mutant: it writes on, whoever leads
};
std::unique_ptr<actors::leadership> begin_leadership(leadership_parts parts, raft_term term);

/// Who writes the ticker in a term.
std::string ticker_author(member_id self, raft_term term);
/// The term that such an author wrote in; none for anybody else.
std::optional<raft_term> term_of_author(std::string_view author);

} // namespace actord::sim
