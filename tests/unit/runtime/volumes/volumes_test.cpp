#include "runtime/volumes/content_volume.hpp"
#include "runtime/volumes/volume_mounts.hpp"
#include "tests/support/failure_text.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using namespace actord;
using namespace actord::runtime;
using test_support::failure_text;

boost::test_tools::assertion_result needs_root(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result allowed(::geteuid() == 0);
  allowed.message() << "volumes are mounted and change owners, which only root may";
  return allowed;
}

struct fixture {
  test_support::temporary_directory scratch;
  std::string volume = scratch / "volume";

  std::string text(const std::string& name) const {
    std::ostringstream all;
    all << std::ifstream(volume + "/" + name).rdbuf();
    return all.str();
  }
  bool write(const std::vector<volume_file>& files, std::optional<std::int64_t> group = {}) const {
    const auto written = write_content(volume, files, group);
    BOOST_REQUIRE_MESSAGE(written, failure_text(written));
    return *written;
  }
  struct stat status(const std::string& path) const {
    struct stat found{};
    BOOST_REQUIRE_MESSAGE(::stat(path.c_str(), &found) == 0, path);
    return found;
  }
};

BOOST_FIXTURE_TEST_SUITE(volumes, fixture, *boost::unit_test::precondition(needs_root))

BOOST_AUTO_TEST_CASE(content_is_replaced_at_once_and_only_when_it_differs) {
  BOOST_TEST(write({{"a", 0644, "1"}, {"dir/b", 0400, "2"}}));
  BOOST_TEST(text("a") == "1");
  BOOST_TEST(text("dir/b") == "2");
  BOOST_TEST((status(volume + "/dir/b").st_mode & 07777U) == 0400U);
  BOOST_TEST(!write({{"a", 0644, "1"}, {"dir/b", 0400, "2"}}));
  BOOST_TEST(write({{"a", 0600, "1"}, {"dir/b", 0400, "2"}}));
  BOOST_TEST((status(volume + "/a").st_mode & 07777U) == 0600U);
  BOOST_TEST(write({{"c", 0644, "3"}}));
  BOOST_TEST(directory_entries(volume).size() == 3U); // ..data, its directory, c
  BOOST_TEST(text("c") == "3");
  BOOST_TEST(write({}));
  BOOST_TEST(directory_entries(volume).size() == 2U);
  BOOST_TEST(!write({}));
}

BOOST_AUTO_TEST_CASE(readers_see_one_version_or_the_other) {
  write({{"left", 0644, "0"}, {"right", 0644, "0"}});
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  std::jthread reader([&] {
    while (!stop) {
      // Through one open directory, as a program that cares would read.
      const int data = ::open((volume + "/..data").c_str(), O_RDONLY | O_DIRECTORY);
      char left = 0;
      char right = 0;
      for (const auto& [name, into] : {std::pair{"left", &left}, {"right", &right}}) {
        const int file = ::openat(data, name, O_RDONLY);
        if (file >= 0 && ::read(file, into, 1) != 1) *into = '?';
        if (file >= 0) ::close(file);
      }
      ::close(data);
      // A directory that was replaced meanwhile may be half removed; a mix of two versions must never be
      // seen.
      if (left != 0 && right != 0 && left != right) ++torn;
    }
  });
  for (int version = 1; version < 200; ++version) {
    const std::string value(1, static_cast<char>('0' + version % 10));
    write({{"left", 0644, value}, {"right", 0644, value}});
  }
  stop = true;
  reader.join();
  BOOST_TEST(torn == 0);
}

BOOST_AUTO_TEST_CASE(paths_that_lead_out_are_refused) {
  for (const std::string& bad :
       {std::string{}, std::string("/etc/x"), std::string(".."), std::string("../x"), std::string("..data"),
        std::string("a/../../x"), std::string("a//b"), std::string("./a"), std::string("a/"),
        std::string("a\0b", 3), std::string(300, 'a')})
    BOOST_TEST(!write_content(volume, {{bad, 0644, "x"}}, {}), bad);
}

BOOST_AUTO_TEST_CASE(the_group_may_read) {
  write({{"secret", 0400, "s"}}, 4711);
  const auto found = status(volume + "/secret");
  BOOST_TEST(found.st_gid == 4711U);
  BOOST_TEST((found.st_mode & 07777U) == 0440U);
  BOOST_TEST(!write({{"secret", 0400, "s"}}, 4711));
}

BOOST_AUTO_TEST_CASE(what_a_crash_left_is_cleared) {
  write({{"a", 0644, "1"}});
  BOOST_REQUIRE(make_directories(volume + "/..fresh_dead/x"));
  BOOST_TEST(write({{"a", 0644, "2"}}));
  BOOST_TEST(directory_entries(volume).size() == 3U);
}

BOOST_AUTO_TEST_CASE(memory_volumes_have_a_size_and_go_without_trace) {
  BOOST_REQUIRE(mount_memory_volume(volume, 1 << 20));
  BOOST_REQUIRE(mount_memory_volume(volume, 1 << 20));
  BOOST_TEST(mount_points_below(volume).size() == 1U);
  struct statfs filesystem{};
  BOOST_REQUIRE(::statfs(volume.c_str(), &filesystem) == 0);
  BOOST_TEST(static_cast<std::int64_t>(filesystem.f_blocks) * filesystem.f_bsize == 1 << 20);
  BOOST_REQUIRE(remove_volumes(volume));
  BOOST_REQUIRE(remove_volumes(volume));
  BOOST_TEST(mount_points_below(volume).empty());
  BOOST_TEST(::access(volume.c_str(), F_OK) != 0);
}

BOOST_AUTO_TEST_CASE(group_ownership_stays_inside_the_volume) {
  BOOST_REQUIRE(make_directories(volume + "/sub"));
  std::ofstream(volume + "/sub/file") << "x";
  std::ofstream(scratch / "outside") << "x";
  BOOST_REQUIRE(::symlink((scratch / "outside").c_str(), (volume + "/link").c_str()) == 0);
  BOOST_REQUIRE(give_to_group(volume, 4711, false));
  BOOST_TEST(status(volume + "/sub/file").st_gid == 4711U);
  BOOST_TEST((status(volume + "/sub/file").st_mode & 0660U) == 0660U);
  BOOST_TEST((status(volume + "/sub").st_mode & 02070U) == 02070U);
  BOOST_TEST(status(scratch / "outside").st_gid == 0U);
}

BOOST_AUTO_TEST_CASE(host_paths_are_what_they_are_said_to_be) {
  BOOST_TEST(check_host_path(scratch / "made/deep", "DirectoryOrCreate").has_value());
  BOOST_TEST(check_host_path(scratch / "made/file", "FileOrCreate").has_value());
  BOOST_TEST(!check_host_path(scratch / "absent/file", "FileOrCreate").has_value());
  BOOST_TEST(check_host_path(scratch / "made/file", "File").has_value());
  BOOST_TEST(!check_host_path(scratch / "made/file", "Directory").has_value());
  BOOST_TEST(!check_host_path(scratch / "nothing", "Directory").has_value());
  BOOST_TEST(check_host_path("/dev/null", "CharDevice").has_value());
  BOOST_TEST(!check_host_path("/dev/null", "BlockDevice").has_value());
  BOOST_TEST(!check_host_path("/dev/null", "Socket").has_value());
  BOOST_TEST(check_host_path("/dev/null", "").has_value());
  BOOST_TEST(!check_host_path("/dev/null", "Nonsense").has_value());
}

BOOST_AUTO_TEST_CASE(sub_paths_are_bound_and_made) {
  BOOST_REQUIRE(make_directories(volume));
  std::ofstream(volume + "/file") << "content";
  BOOST_REQUIRE(bind_sub_path(volume, "file", scratch / "bound/file"));
  BOOST_REQUIRE(bind_sub_path(volume, "file", scratch / "bound/file"));
  BOOST_TEST(mount_points_below(scratch / "bound").size() == 1U);
  BOOST_REQUIRE(bind_sub_path(volume, "new/dir", scratch / "bound/dir"));
  BOOST_TEST((status(volume + "/new/dir").st_mode & 07777U) == 0750U);
  for (const char* bad : {"../x", "a/../../x", "/etc", "", ".."})
    BOOST_TEST(!bind_sub_path(volume, bad, scratch / "bound/bad"), bad);
  BOOST_REQUIRE(::symlink("/etc", (volume + "/absolute").c_str()) == 0);
  BOOST_REQUIRE(bind_sub_path(volume, "absolute/passwd", scratch / "bound/passwd") || true);
  BOOST_TEST(read_file(scratch / "bound/passwd").value().value_or("").find("root:") == std::string::npos);
}

// CVE-2017-1002101, CVE-2021-25741: a container swaps a directory for a symlink while its sub path is bound.
BOOST_AUTO_TEST_CASE(a_racing_symlink_never_leads_out) {
  BOOST_REQUIRE(make_directories(volume + "/dir/target"));
  BOOST_REQUIRE(make_directories(scratch / "host/target"));
  std::ofstream(scratch / "host/target/prize") << "x";
  BOOST_REQUIRE(::symlink((scratch / "host").c_str(), (volume + "/link").c_str()) == 0);
  std::atomic<bool> stop = false;
  std::jthread racer([&] {
    while (!stop)
      ::syscall(SYS_renameat2, AT_FDCWD, (volume + "/dir").c_str(), AT_FDCWD, (volume + "/link").c_str(),
                2 /* RENAME_EXCHANGE */);
  });
  int escapes = 0;
  int bound = 0;
  for (int attempt = 0; attempt < 2000; ++attempt) {
    const std::string target = scratch / ("race/" + std::to_string(attempt));
    if (!bind_sub_path(volume, "dir/target", target)) continue;
    ++bound;
    escapes += ::access((target + "/prize").c_str(), F_OK) == 0 ? 1 : 0;
    static_cast<void>(unmount_below(target));
  }
  stop = true;
  racer.join();
  BOOST_TEST(escapes == 0);
  BOOST_TEST(bound > 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
