#pragma once

#include "runtime/files/unique_fd.hpp"
#include "runtime/oci/running_process.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace actord::runtime {

/// One thread that learns of ends: of containers by the files conmon puts into the exit directory, of other
/// processes (pause processes, conmon itself) by their descriptors. Both callbacks run on that thread.
class exit_watcher {
public:
  struct callbacks {
    std::function<void(const std::string& container)> exit_file;
    std::function<void(const std::string& key)> process_ended;
  };

  static result<std::unique_ptr<exit_watcher>> open(const std::string& exit_directory, callbacks to_call);
  ~exit_watcher();
  exit_watcher(const exit_watcher&) = delete;
  exit_watcher& operator=(const exit_watcher&) = delete;

  /// Reports `key` when the process ends; at once when it already has. Watching a key again replaces it.
  void watch(const std::string& key, const process_identity& process);
  void forget(const std::string& key);

private:
  /// Poll events carry the number, not the descriptor, which may have been closed and used again meanwhile.
  struct watched_process {
    std::uint64_t number = 0;
    unique_fd descriptor;
  };

  exit_watcher(std::string directory_path, callbacks to_call)
      : directory_path_(std::move(directory_path)), callbacks_(std::move(to_call)) {}
  void run();
  void read_directory_events();
  void report_ended(std::uint64_t number);
  void report_late();
  void wake() const;

  std::string directory_path_;
  callbacks callbacks_;
  unique_fd poll_;
  unique_fd directory_;
  unique_fd waker_;
  std::mutex mutex_; ///< of what follows
  std::map<std::string, watched_process> watched_;
  std::uint64_t next_number_ = 2;
  std::vector<std::string> ended_before_; ///< watched when they had ended
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace actord::runtime
