#pragma once

#include "net/http/http_client.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace actord::cli {

/// What a kubeconfig says about one context.
struct cluster_access {
  net::http_client_options connection;
  std::string space = "default"; ///< namespace of the context
};

/// Reads a kubeconfig (YAML or JSON). `context` empty takes the current one. Files it names are read with
/// `read_file`, relative ones from the kubeconfig's own folder.
result<cluster_access>
parse_kubeconfig(std::string_view text, const std::string& context, const std::string& folder,
                 const std::function<result<std::string>(const std::string& path)>& read_file);

} // namespace actord::cli
