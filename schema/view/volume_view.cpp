#include "schema/view/volume_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

namespace {

key_to_path parse_item(read::value in) {
  return {in["key"].text(), in["path"].text(), in["mode"].maybe_number()};
}

downward_item parse_downward_item(read::value in) {
  return {in["path"].text(), in["fieldRef"].maybe(parse_field_reference),
          in["resourceFieldRef"].maybe(parse_resource_field_reference), in["mode"].maybe_number()};
}

config_map_volume parse_config_map(read::value in, std::int64_t mode) {
  return {in["name"].text(), in["items"].list(parse_item), in["defaultMode"].number(mode),
          in["optional"].flag()};
}

/// `name_member` is "name" in projected sources, "secretName" in secret volumes.
secret_volume parse_secret(read::value in, std::string_view name_member, std::int64_t mode) {
  return {in[name_member].text(), in["items"].list(parse_item), in["defaultMode"].number(mode),
          in["optional"].flag()};
}

downward_api_volume parse_downward(read::value in, std::int64_t mode) {
  return {in["items"].list(parse_downward_item), in["defaultMode"].number(mode)};
}

projected_volume parse_projected(read::value in) {
  projected_volume out;
  out.default_mode = in["defaultMode"].number(0644);
  in["sources"].each([&](read::value source) {
    if (const auto map = source["configMap"])
      out.sources.emplace_back(parse_config_map(map, out.default_mode));
    else if (const auto secret = source["secret"])
      out.sources.emplace_back(parse_secret(secret, "name", out.default_mode));
    else if (const auto downward = source["downwardAPI"])
      out.sources.emplace_back(parse_downward(downward, out.default_mode));
    else if (const auto token = source["serviceAccountToken"])
      out.sources.emplace_back(token_source{token["audience"].text(), token["expirationSeconds"].number(3600),
                                            token["path"].text()});
  });
  return out;
}

} // namespace

volume_view parse_volume(read::value in) {
  volume_view out;
  out.name = in["name"].text();
  out.source = empty_dir_volume{};
  in.each_member([&](std::string_view member, read::value source) {
    if (member == "name") return;
    if (member == "emptyDir")
      out.source =
          empty_dir_volume{source["medium"].view() == "Memory", read::whole_quantity(source["sizeLimit"])};
    else if (member == "configMap")
      out.source = parse_config_map(source, 0644);
    else if (member == "secret")
      out.source = parse_secret(source, "secretName", 0644);
    else if (member == "downwardAPI")
      out.source = parse_downward(source, 0644);
    else if (member == "projected")
      out.source = parse_projected(source);
    else if (member == "hostPath")
      out.source = host_path_volume{source["path"].text(), source["type"].text()};
    else if (member == "persistentVolumeClaim")
      out.source = claim_volume{source["claimName"].text(), source["readOnly"].flag()};
    else
      out.source = unsupported_volume{std::string(member)};
  });
  return out;
}

} // namespace actord::schema
