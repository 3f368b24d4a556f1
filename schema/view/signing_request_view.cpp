#include "schema/view/signing_request_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

bool signing_request_view::has(std::string_view condition) const {
  const condition_view* found = find_condition(conditions, condition);
  return found != nullptr && found->status == "True";
}

signing_request_view parse_signing_request(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  const read::value spec = object["spec"];
  signing_request_view view;
  view.meta = parse_meta(object);
  view.request_pem = read::base64_decoded(spec["request"].view()).value_or("");
  view.signer = spec["signerName"].text();
  view.usages = spec["usages"].texts();
  view.expiration_s = spec["expirationSeconds"].maybe_number();
  view.user = spec["username"].text();
  view.user_uid = spec["uid"].text();
  view.groups = spec["groups"].texts();
  spec["extra"].each_member(
      [&](std::string_view name, read::value values) { view.extra.emplace(name, values.texts()); });
  view.conditions = object["status"]["conditions"].list(parse_condition);
  view.certificate_pem = read::base64_decoded(object["status"]["certificate"].view()).value_or("");
  return view;
}

} // namespace actord::schema
