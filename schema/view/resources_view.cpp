#include "schema/view/resources_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

std::optional<std::int64_t> resource_list_view::amount(std::string_view name) const {
  if (name == "cpu") return milli_cpu;
  if (name == "memory") return memory_bytes;
  if (name == "ephemeral-storage") return ephemeral_storage_bytes;
  if (name == "pods") return pods;
  const auto found = others.find(name);
  if (found == others.end()) return std::nullopt;
  return found->second;
}

resource_list_view parse_resource_list(const read::value& in) {
  resource_list_view out;
  in.each_member([&](std::string_view name, read::value quantity) {
    if (name == "cpu")
      out.milli_cpu = read::milli_quantity(quantity);
    else if (name == "memory")
      out.memory_bytes = read::whole_quantity(quantity);
    else if (name == "ephemeral-storage")
      out.ephemeral_storage_bytes = read::whole_quantity(quantity);
    else if (name == "pods")
      out.pods = read::whole_quantity(quantity);
    else if (const auto amount = read::whole_quantity(quantity))
      out.others.emplace(name, *amount);
  });
  return out;
}

resources_view parse_resources(read::value in) {
  return {parse_resource_list(in["requests"]), parse_resource_list(in["limits"])};
}

} // namespace actord::schema
