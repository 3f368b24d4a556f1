#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace actord::runtime {

/// "CAP_..." names the container gets: the default set, or all for privileged ones, plus `add`, minus `drop`
/// ("ALL" is understood in both; additions win over a dropped "ALL", a drop by name wins over an addition).
std::set<std::string> container_capabilities(bool privileged, const std::vector<std::string>& add,
                                             const std::vector<std::string>& drop,
                                             std::uint64_t available = ~std::uint64_t{0});

} // namespace actord::runtime
