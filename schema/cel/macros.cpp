#include "schema/cel/macros.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace actord::schema::cel {
namespace {

struct macro {
  std::string_view name;
  std::size_t arguments;
  std::size_t variables;
  loop_kind loop;
};

constexpr std::array<macro, 17> macros{{{"all", 2, 1, loop_kind::all},
                                        {"all", 3, 2, loop_kind::all},
                                        {"exists", 2, 1, loop_kind::exists},
                                        {"exists", 3, 2, loop_kind::exists},
                                        {"exists_one", 2, 1, loop_kind::exists_one},
                                        {"exists_one", 3, 2, loop_kind::exists_one},
                                        {"existsOne", 2, 1, loop_kind::exists_one},
                                        {"existsOne", 3, 2, loop_kind::exists_one},
                                        {"map", 2, 1, loop_kind::map},
                                        {"map", 3, 1, loop_kind::map},
                                        {"filter", 2, 1, loop_kind::filter},
                                        {"transformList", 3, 2, loop_kind::transform_list},
                                        {"transformList", 4, 2, loop_kind::transform_list},
                                        {"transformMap", 3, 2, loop_kind::transform_map},
                                        {"transformMap", 4, 2, loop_kind::transform_map},
                                        {"transformMapEntry", 3, 2, loop_kind::transform_entry},
                                        {"transformMapEntry", 4, 2, loop_kind::transform_entry}}};

bool expand_has(node& call, std::string& complaint, std::size_t& at) {
  node& argument = *call.parts[0];
  if (argument.kind != node_kind::member) {
    complaint = "invalid argument to has() macro";
    at = argument.at;
    return false;
  }
  call.kind = node_kind::has;
  call.at = argument.at;
  call.name = argument.name;
  call.optional = argument.optional;
  call.parts = std::move(argument.parts);
  return true;
}

bool take_variable(const node& argument, std::string& to, std::string& complaint, std::size_t& at) {
  if (argument.kind == node_kind::identifier) {
    to = argument.name;
    return true;
  }
  complaint = "argument must be a simple name";
  at = argument.at;
  return false;
}

} // namespace

bool expand_macro(node& call, std::string& complaint, std::size_t& at) {
  if (!call.has_receiver)
    return call.name != "has" || call.parts.size() != 1 || expand_has(call, complaint, at);
  const std::size_t arguments = call.parts.size() - 1;
  if (call.name == "bind" && arguments == 3 && call.parts[0]->kind == node_kind::identifier &&
      call.parts[0]->name == "cel") {
    if (!take_variable(*call.parts[1], call.first, complaint, at)) return false;
    call.kind = node_kind::bind;
    call.parts.erase(call.parts.begin(), call.parts.begin() + 2);
    return true;
  }
  if ((call.name == "optMap" || call.name == "optFlatMap") && arguments == 2) {
    if (!take_variable(*call.parts[1], call.first, complaint, at)) return false;
    call.kind = node_kind::with;
    call.optional = call.name == "optFlatMap";
    call.parts.erase(call.parts.begin() + 1);
    return true;
  }
  const auto found = std::ranges::find_if(
      macros, [&](const macro& one) { return one.name == call.name && one.arguments == arguments; });
  if (found == macros.end()) return true;
  if (!take_variable(*call.parts[1], call.first, complaint, at)) return false;
  if (found->variables == 2 && !take_variable(*call.parts[2], call.second, complaint, at)) return false;
  call.parts.erase(call.parts.begin() + 1, call.parts.begin() + 1 + static_cast<long>(found->variables));
  call.kind = node_kind::macro;
  call.loop = found->loop;
  return true;
}

} // namespace actord::schema::cel
