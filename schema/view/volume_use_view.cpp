#include "schema/view/volume_use_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

meta_view parse_metadata(std::string_view canonical_text) {
  return parse_meta(read::document(canonical_text));
}

std::vector<std::string> parse_used_claims(std::string_view pod_text) {
  std::vector<std::string> names;
  // Most pods use none, and that shows without parsing.
  if (pod_text.find("\"persistentVolumeClaim\"") == std::string_view::npos &&
      pod_text.find("\"ephemeral\"") == std::string_view::npos)
    return names;
  const read::value pod = read::document(pod_text);
  const std::string pod_name = pod["metadata"]["name"].text();
  pod["spec"]["volumes"].each([&](read::value volume) {
    if (const read::value claim = volume["persistentVolumeClaim"]["claimName"]) names.push_back(claim.text());
    if (volume["ephemeral"]) names.push_back(pod_name + "-" + volume["name"].text());
  });
  return names;
}

std::string parse_bound_claim(std::string_view volume_text) {
  const read::value volume = read::document(volume_text);
  if (volume["status"]["phase"].view() != "Bound") return {};
  const read::value claim = volume["spec"]["claimRef"];
  return claim["namespace"].text() + "/" + claim["name"].text();
}

} // namespace actord::schema
