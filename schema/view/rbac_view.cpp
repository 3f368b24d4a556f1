#include "schema/view/rbac_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

namespace {

policy_rule parse_rule(read::value in) {
  return {in["verbs"].texts(), in["apiGroups"].texts(), in["resources"].texts(), in["resourceNames"].texts(),
          in["nonResourceURLs"].texts()};
}

binding_subject parse_subject(read::value in) {
  return {in["kind"].text(), in["name"].text(), in["namespace"].text()};
}

} // namespace

role_view parse_role(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  return {parse_meta(object), object["rules"].list(parse_rule),
          object["aggregationRule"]["clusterRoleSelectors"].list(parse_label_selector)};
}

role_binding_view parse_role_binding(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  const read::value role = object["roleRef"];
  return {
      parse_meta(object), {role["kind"].text(), role["name"].text()}, object["subjects"].list(parse_subject)};
}

} // namespace actord::schema
