#pragma once

#include <set>
#include <string>
#include <vector>

namespace actord::runtime {

/// "CAP_..." names the container gets: the default set, or all for privileged ones, plus `add`, minus `drop`
/// ("ALL" is understood in both; additions win over a dropped "ALL", a drop by name wins over an addition).
std::set<std::string> container_capabilities(bool privileged, const std::vector<std::string>& add,
                                             const std::vector<std::string>& drop);

} // namespace actord::runtime
