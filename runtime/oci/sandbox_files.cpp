#include "runtime/oci/sandbox_files.hpp"

namespace actord::runtime {

std::string hosts_text(const sandbox_spec& spec, std::string_view address, std::string_view host_text) {
  std::string text;
  if (spec.host_network) {
    text.append("# Kubernetes-managed hosts file (host network).\n").append(host_text);
    if (!text.ends_with('\n')) text += '\n';
  } else {
    text = "# Kubernetes-managed hosts file.\n"
           "127.0.0.1\tlocalhost\n"
           "::1\tlocalhost ip6-localhost ip6-loopback\n"
           "fe00::0\tip6-localnet\n"
           "fe00::0\tip6-mcastprefix\n"
           "fe00::1\tip6-allnodes\n"
           "fe00::2\tip6-allrouters\n";
    if (!address.empty()) text.append(address).append("\t").append(spec.hostname).append("\n");
  }
  if (!spec.hosts.empty()) text += "\n# Entries added by HostAliases.\n";
  for (const auto& [extra_address, names] : spec.hosts) text += extra_address + "\t" + names + "\n";
  return text;
}

std::string resolver_text(const sandbox_spec& spec, std::string_view host_text) {
  if (spec.dns_servers.empty() && spec.dns_searches.empty() && spec.dns_options.empty())
    return std::string(host_text);
  std::string text;
  const auto joined = [&](const char* keyword, const std::vector<std::string>& words) {
    if (words.empty()) return;
    text += keyword;
    for (const std::string& word : words) text += " " + word;
    text += '\n';
  };
  joined("search", spec.dns_searches);
  for (const std::string& server : spec.dns_servers) text += "nameserver " + server + "\n";
  joined("options", spec.dns_options);
  return text;
}

} // namespace actord::runtime
