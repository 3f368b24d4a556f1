#pragma once

#include <string>

namespace actord::actors {

/// Where a pod's files lie below the data directory:
///
///   pods/UID/volumes/NAME              what a volume mounts from (hostPath volumes aside)
///   pods/UID/sub-paths/CONTAINER/N     a subPath of a volume, bound safely
///   pods/UID/resources.json            which cpu and memory was set aside and is in force
///   pods/UID/termination/NAME-ATTEMPT  the container's termination message
///   logs/SPACE_NAME_UID/CONTAINER/ATTEMPT.log
class pod_files {
public:
  explicit pod_files(std::string data_dir) : data_dir_(std::move(data_dir)) {}

  [[nodiscard]] std::string all_pods() const { return data_dir_ + "/pods"; }
  [[nodiscard]] std::string pod(const std::string& uid) const { return all_pods() + "/" + uid; }
  [[nodiscard]] std::string amounts(const std::string& uid) const { return pod(uid) + "/resources.json"; }
  [[nodiscard]] std::string volume(const std::string& uid, const std::string& name) const {
    return pod(uid) + "/volumes/" + name;
  }
  [[nodiscard]] std::string sub_path(const std::string& uid, const std::string& container,
                                     std::size_t number) const {
    return pod(uid) + "/sub-paths/" + container + "/" + std::to_string(number);
  }
  [[nodiscard]] std::string termination_message(const std::string& uid, const std::string& container,
                                                int attempt) const {
    return pod(uid) + "/termination/" + container + "-" + std::to_string(attempt);
  }
  [[nodiscard]] std::string logs(const std::string& space, const std::string& name,
                                 const std::string& uid) const {
    return data_dir_ + "/logs/" + space + "_" + name + "_" + uid;
  }
  [[nodiscard]] std::string log(const std::string& space, const std::string& name, const std::string& uid,
                                const std::string& container, int attempt) const {
    return logs(space, name, uid) + "/" + container + "/" + std::to_string(attempt) + ".log";
  }

private:
  std::string data_dir_;
};

} // namespace actord::actors
