#pragma once

#include "runtime/images/digest.hpp"
#include "runtime/oci/oci_runtime.hpp"
#include "runtime/oci/runtime_records.hpp"
#include "tests/support/failure_text.hpp"
#include "tests/support/oci_archive.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include <unistd.h>

/// A machine's runtime for tests, real in every part: crun or runc, conmon, CNI, overlayfs.

namespace actord::test_support {

using namespace runtime;
using namespace std::chrono_literals;

inline boost::test_tools::assertion_result can_run_pods(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result allowed(true);
  const auto need = [&](bool there, const char* why) {
    if (there) return;
    allowed = boost::test_tools::assertion_result(false);
    allowed.message() << why;
  };
  need(::access("/usr/bin/conmon", X_OK) == 0, "conmon is not installed");
  need(::access("/usr/lib/cni/bridge", X_OK) == 0, "the CNI plugins are not installed");
  need(::access("/bin/busybox", X_OK) == 0, "busybox-static is not installed");
  need(::geteuid() == 0, "pods need root");
  return allowed;
}

/// Ends as the runtime tells them.
class ends {
public:
  void add(std::string sandbox, std::string container) {
    const std::lock_guard lock(mutex_);
    seen_.emplace(std::move(sandbox), std::move(container));
    changed_.notify_all();
  }
  bool wait_for(const std::string& sandbox, const std::string& container) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return seen_.contains({sandbox, container}); });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::pair<std::string, std::string>> seen_;
};

/// One machine's runtime with its own bridge and directories; everything is removed at the end.
struct node {
  std::string pod_cidr;
  temporary_directory scratch;
  std::unique_ptr<image_store> images = std::move(image_store::open(scratch / "images")).value();
  std::unique_ptr<net::program_runner> runner = make_program_runner(system_process_launcher());
  std::unique_ptr<net::pod_network> network = net::make_cni_network(network_options(), *runner);
  ends seen;
  std::unique_ptr<container_runtime> runtime = open();

  explicit node(std::string cidr = "10.213.7.0/24") : pod_cidr(std::move(cidr)) {
    auto writer = images->begin_load();
    const std::string archive = make_oci_archive(
        {{.reference = "box:1",
          .layers = {busybox_layer()},
          .config = {{"Env", {"PATH=/bin", "FROM_IMAGE=yes"}}, {"Cmd", {"sleep", "1000"}}}}});
    BOOST_REQUIRE(writer->write(archive));
    const auto loaded = writer->finish();
    BOOST_REQUIRE_MESSAGE(loaded, failure_text(loaded));
  }
  ~node() {
    const auto removed = remove_everything(*runtime, options());
    BOOST_TEST(removed.has_value(), failure_text(removed));
  }

  net::cni_options network_options() const {
    net::cni_options wish;
    wish.state_dir = scratch / "network";
    wish.bridge = "rt" + scratch.path().substr(scratch.path().size() - 6);
    wish.pod_cidr = pod_cidr;
    return wish;
  }
  oci_runtime_options options() const {
    oci_runtime_options wish;
    wish.state_dir = scratch / "run";
    wish.data_dir = scratch / "data";
    wish.images = images.get();
    wish.network = network.get();
    wish.pause_path = std::string(BIN_DIR) + "/actord-pause";
    wish.deadline_path = scratch / "deadline";
    return wish;
  }
  std::unique_ptr<container_runtime> open() {
    auto opened = open_oci_runtime(options());
    BOOST_REQUIRE_MESSAGE(opened, failure_text(opened));
    (*opened)->on_exit([this](std::string sandbox, std::string container) {
      seen.add(std::move(sandbox), std::move(container));
    });
    return std::move(*opened);
  }
  void restart() {
    runtime.reset();
    runtime = open();
  }

  sandbox pod(const std::string& uid, const std::function<void(sandbox_spec&)>& change = {}) {
    sandbox_spec spec;
    spec.pod_uid = uid;
    spec.space = "test";
    spec.name = "pod-" + uid;
    spec.hostname = "host-" + uid;
    spec.dns_servers = {"10.96.0.10"};
    spec.dns_searches = {"test.svc.cluster.local"};
    if (change) change(spec);
    auto made = runtime->run_sandbox(spec);
    BOOST_REQUIRE_MESSAGE(made, failure_text(made));
    return *made;
  }
  container_spec shell(const sandbox& pod, const std::string& script,
                       const std::string& name = "main") const {
    container_spec spec;
    spec.sandbox_id = pod.id;
    spec.name = name;
    spec.image = images->find("box:1")->id;
    spec.command = {"/bin/sh", "-c", script};
    spec.log_path = scratch / ("logs/" + pod.id + "/" + name + ".log");
    return spec;
  }
  std::string start(const container_spec& spec) {
    const auto created = runtime->create_container(spec);
    BOOST_REQUIRE_MESSAGE(created, failure_text(created));
    const auto started = runtime->start_container(created->id);
    BOOST_REQUIRE_MESSAGE(started, failure_text(started));
    return created->id;
  }
  /// Runs to its end and returns what it wrote, each line behind "stdout " or "stderr ".
  std::string output_of(const sandbox& pod, const container_spec& spec, int expected_code = 0) {
    const std::string id = start(spec);
    BOOST_REQUIRE(seen.wait_for(pod.id, id));
    const auto status = runtime->status(id);
    BOOST_REQUIRE(status);
    BOOST_TEST(status->exit_code == expected_code);
    return text_of(spec.log_path);
  }
  std::string parent_group() const { return "/actord-" + sha256_hex(scratch / "data").substr(0, 8); }
  static std::string text_of(const std::string& log_path) {
    std::string text;
    std::istringstream lines(read_host_file(log_path));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream fields(line);
      std::string time;
      std::string stream;
      std::string tag;
      fields >> time >> stream >> tag;
      std::string rest;
      std::getline(fields, rest);
      text += stream + rest + "\n";
    }
    return text;
  }
};

} // namespace actord::test_support
