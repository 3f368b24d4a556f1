#include "cli/client/kubeconfig.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/base64.hpp"
#include "schema/codec/decode.hpp"

namespace actord::cli {

namespace {

using file_reader = std::function<result<std::string>(const std::string&)>;

error bad_config(std::string message) {
  return error{.kind = error_kind::bad_request, .message = "kubeconfig: " + std::move(message)};
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The member `part` of the entry called `name` in the list `list`; null when there is none.
const json* named_entry(const json& config, const char* list, const std::string& name, const char* part) {
  const auto entries = config.find(list);
  if (entries == config.end() || !entries->is_array()) return nullptr;
  for (const json& entry : *entries) {
    if (text_at(entry, "name") == name && entry.contains(part) && entry.at(part).is_object())
      return &entry.at(part);
  }
  return nullptr;
}

/// What `<key>-data` holds, or else what the file named by `<key>` does; empty when there is neither.
result<std::string> inline_or_file(const json& object, const std::string& key, const std::string& folder,
                                   const file_reader& read_file) {
  if (const std::string data = text_at(object, (key + "-data").c_str()); !data.empty()) {
    std::size_t wrong_at = 0;
    auto decoded = schema::decode_base64(data, wrong_at);
    if (!decoded) return bad_config(key + "-data is not base64");
    return *decoded;
  }
  const std::string path = text_at(object, key.c_str());
  if (path.empty()) return std::string();
  return read_file(path.front() == '/' ? path : folder + "/" + path);
}

result<void> read_cluster(const json& cluster, const std::string& folder, const file_reader& read_file,
                          net::http_client_options& connection) {
  connection.base_url = text_at(cluster, "server");
  while (connection.base_url.ends_with('/')) connection.base_url.pop_back();
  if (connection.base_url.empty()) return bad_config("the cluster has no server");
  auto authority = inline_or_file(cluster, "certificate-authority", folder, read_file);
  if (!authority) return authority.error();
  connection.authority_pem = *std::move(authority);
  connection.insecure = cluster.value("insecure-skip-tls-verify", false);
  return {};
}

result<void> read_user(const json& user, const std::string& folder, const file_reader& read_file,
                       net::http_client_options& connection) {
  auto certificate = inline_or_file(user, "client-certificate", folder, read_file);
  if (!certificate) return certificate.error();
  auto key = inline_or_file(user, "client-key", folder, read_file);
  if (!key) return key.error();
  connection.client = {.certificate_pem = *std::move(certificate), .key_pem = *std::move(key)};
  connection.token = text_at(user, "token");
  if (const std::string file = text_at(user, "tokenFile"); connection.token.empty() && !file.empty()) {
    auto token = read_file(file.front() == '/' ? file : folder + "/" + file);
    if (!token) return token.error();
    connection.token = *std::move(token);
    while (!connection.token.empty() && connection.token.back() == '\n') connection.token.pop_back();
  }
  return {};
}

} // namespace

result<cluster_access> parse_kubeconfig(std::string_view text, const std::string& context,
                                        const std::string& folder, const file_reader& read_file) {
  const auto as_json = schema::yaml_to_json(text);
  if (!as_json) return bad_config(as_json.error().message);
  const json config = json::parse(*as_json, nullptr, false);
  if (!config.is_object()) return bad_config("not an object");
  const std::string name = context.empty() ? text_at(config, "current-context") : context;
  const json* chosen = named_entry(config, "contexts", name, "context");
  if (chosen == nullptr) return bad_config("there is no context \"" + name + "\"");
  cluster_access access;
  if (const std::string space = text_at(*chosen, "namespace"); !space.empty()) access.space = space;
  const json* cluster = named_entry(config, "clusters", text_at(*chosen, "cluster"), "cluster");
  if (cluster == nullptr) return bad_config("there is no cluster \"" + text_at(*chosen, "cluster") + "\"");
  if (auto read = read_cluster(*cluster, folder, read_file, access.connection); !read) return read.error();
  if (const json* user = named_entry(config, "users", text_at(*chosen, "user"), "user"); user != nullptr) {
    if (auto read = read_user(*user, folder, read_file, access.connection); !read) return read.error();
  }
  return access;
}

} // namespace actord::cli
