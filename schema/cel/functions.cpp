#include "schema/cel/functions.hpp"

#include "schema/base/always.hpp"
#include "schema/cel/library/libraries.hpp"

#include <map>

namespace actord::schema::cel {
namespace {

/// Reads one type from the front.
type_ref take_type(std::string_view& from) {
  while (from.starts_with(' ')) from.remove_prefix(1);
  const std::size_t end = std::min(from.find_first_of("(),.; "), from.size());
  const std::string_view name = from.substr(0, end);
  from.remove_prefix(end);
  static const std::map<std::string_view, type_kind> plain{{"dyn", type_kind::dynamic},
                                                           {"null", type_kind::null},
                                                           {"bool", type_kind::boolean},
                                                           {"int", type_kind::integer},
                                                           {"uint", type_kind::unsigned_integer},
                                                           {"double", type_kind::floating},
                                                           {"string", type_kind::string},
                                                           {"bytes", type_kind::bytes},
                                                           {"timestamp", type_kind::timestamp},
                                                           {"duration", type_kind::duration},
                                                           {"type", type_kind::type}};
  if (const auto found = plain.find(name); found != plain.end()) return simple(found->second);
  if (name == "list" || name == "optional" || name == "map") {
    from.remove_prefix(1); // (
    type_ref first = take_type(from);
    type_ref second;
    if (name == "map") {
      from.remove_prefix(1); // ,
      second = take_type(from);
    }
    from.remove_prefix(1); // )
    if (name == "map") return map_of(std::move(first), std::move(second));
    return name == "list" ? list_of(std::move(first)) : optional_of(std::move(first));
  }
  if (name.size() == 1)
    return std::make_shared<const type>(type{.kind = type_kind::parameter, .name = std::string(name)});
  static const std::map<std::string_view, std::string> opaques{
      {"quantity", "kubernetes.Quantity"},
      {"url", "kubernetes.URL"},
      {"ip", "net.IP"},
      {"cidr", "net.CIDR"},
      {"format", "kubernetes.NamedFormat"},
      {"semver", "kubernetes.Semver"},
      {"authorizer", "kubernetes.authorization.Authorizer"},
      {"path_check", "kubernetes.authorization.PathCheck"},
      {"group_check", "kubernetes.authorization.GroupCheck"},
      {"resource_check", "kubernetes.authorization.ResourceCheck"},
      {"decision", "kubernetes.authorization.Decision"}};
  const auto found = opaques.find(name);
  ALWAYS_WITH(found != opaques.end(), std::string(name));
  return opaque(found->second);
}

/// "list(A).(string)int": a receiver before the dot.
overload overload_of(std::string_view from) {
  overload made;
  while (from.starts_with(' ')) from.remove_prefix(1);
  if (!from.starts_with('(')) {
    made.has_receiver = true;
    made.arguments.push_back(take_type(from));
    from.remove_prefix(1); // .
  }
  from.remove_prefix(1); // (
  while (!from.starts_with(')')) {
    made.arguments.push_back(take_type(from));
    if (from.starts_with(',')) from.remove_prefix(1);
  }
  from.remove_prefix(1);
  made.result = take_type(from);
  return made;
}

using table = std::map<std::string, function, std::less<>>;

void add_rows(table& all, std::span<const function_row> rows) {
  for (const function_row& row : rows) {
    function& made = all[std::string(row.name)];
    ALWAYS_WITH(made.run == nullptr, std::string(row.name));
    made.name = row.name;
    made.run = row.run;
    for (std::string_view rest = row.overloads; !rest.empty();) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      made.overloads.push_back(overload_of(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
}

const table& all_functions() {
  static const table all = [] {
    table made;
    for (const auto rows :
         {operator_functions(), conversion_functions(), text_functions(), list_functions(), set_functions(),
          time_functions(), optional_functions(), regex_functions(), quantity_functions(), url_functions(),
          address_functions(), format_functions(), authorizer_functions()})
      add_rows(made, rows);
    return made;
  }();
  return all;
}

} // namespace

const function* find_function(std::string_view name) {
  const auto found = all_functions().find(name);
  return found == all_functions().end() ? nullptr : &found->second;
}

const function* find_qualified(const std::string& space, const std::string& name) {
  return find_function(space + "." + name);
}

type_ref parse_type(std::string_view from) { return take_type(from); }

} // namespace actord::schema::cel
