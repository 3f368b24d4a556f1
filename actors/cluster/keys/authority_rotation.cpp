#include "actors/cluster/keys/authority_rotation.hpp"

namespace actord::actors {
namespace {

std::string content_of(const key_files& files, const char* name) {
  const auto found = files.find(name);
  return found == files.end() ? std::string() : found->second;
}

} // namespace

rotation_step next_rotation_step(const key_files& files, const net::certified_key& fresh) {
  const std::string next = content_of(files, "ca-next.crt");
  const std::string next_key = content_of(files, "ca-next.key");
  if (!next.empty() && !next_key.empty())
    return {.change = {{"ca.crt", next},
                       {"ca.key", next_key},
                       {"ca-previous.crt", content_of(files, "ca.crt")},
                       {"ca-next.crt", {}},
                       {"ca-next.key", {}}},
            .did = "the next authority signs from now on; the one before is still believed",
            .next = "when every node has its new certificate and clients have the new admin.kubeconfig, run "
                    "this again "
                    "to stop believing the old one"};
  if (!content_of(files, "ca-previous.crt").empty())
    return {
        .change = {{"ca-previous.crt", {}}}, .did = "the old authority is not believed any more", .next = {}};
  return {.change = {{"ca-next.crt", fresh.certificate_pem}, {"ca-next.key", fresh.key_pem}},
          .did = "a next authority was made and is believed from now on; it signs nothing yet",
          .next = "when every server is up and clients have the new admin.kubeconfig, run this again to sign "
                  "with it"};
}

} // namespace actord::actors
