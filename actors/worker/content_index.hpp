#pragma once

#include "actors/worker/volume_content.hpp"
#include "schema/base/ids.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace actord::actors {

/// Which pods of this node show which ConfigMaps and Secrets in their volumes, so that a change reaches
/// exactly those.
class content_index {
public:
  void set(const std::string& uid, const schema::pod_view& pod) {
    remove(uid);
    const referred_objects names = referred_by_volumes(pod);
    for (const auto& name : names.config_maps) add(uid, "configmap", pod.meta.space, name);
    for (const auto& name : names.secrets) add(uid, "secret", pod.meta.space, name);
  }
  void remove(const std::string& uid) {
    const auto found = keys_.find(uid);
    if (found == keys_.end()) return;
    for (const auto& key : found->second) {
      const auto pods = pods_.find(key);
      pods->second.erase(uid);
      if (pods->second.empty()) pods_.erase(pods);
    }
    keys_.erase(found);
  }
  /// `kind` is "configmap" or "secret".
  [[nodiscard]] std::vector<std::string> showing(std::string_view kind, const object_key& key) const {
    const auto found = pods_.find(join(kind, key.space, key.name));
    if (found == pods_.end()) return {};
    return {found->second.begin(), found->second.end()};
  }

private:
  static std::string join(std::string_view kind, const std::string& space, const std::string& name) {
    return std::string(kind) + '/' + space + '/' + name;
  }
  void add(const std::string& uid, std::string_view kind, const std::string& space, const std::string& name) {
    const std::string key = join(kind, space, name);
    pods_[key].insert(uid);
    keys_[uid].push_back(key);
  }

  std::map<std::string, std::set<std::string>> pods_;
  std::map<std::string, std::vector<std::string>> keys_;
};

} // namespace actord::actors
