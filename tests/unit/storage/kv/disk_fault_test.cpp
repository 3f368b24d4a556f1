#include "schema/base/rng.hpp"
#include "storage/kv/lmdb_kv.hpp"
#include "tests/unit/storage/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

/// What a real disk may do to a real LMDB: be full, fail, or keep only pieces of what was not synced.

using namespace actord;
using namespace actord::storage;
using namespace actord::storage::kv;

namespace {

/// Every descriptor of the map's file becomes one of `other`.
void replace_disk(const std::string& directory, const char* other) {
  const std::string file = directory + "/data.mdb";
  const int instead = ::open(other, O_RDWR | O_CLOEXEC);
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) == file)
      ::dup2(instead, std::stoi(entry.path().filename().string()));
  }
}

/// What becomes of a process whose disk turns into `other` before its second commit: the number of a signal,
/// or 1000 and more: 1000 when the commit succeeds, 1001 when it says that there is no space.
int commit_on(const char* other) {
  const test::temporary_directory directory;
  const pid_t child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    const auto disk = open_lmdb({directory.path(), 1ULL << 30U, false}).value();
    const auto first = disk->write();
    first->put(table::objects, "a", "1");
    if (!first->commit()) ::_exit(9);
    replace_disk(directory.path(), other);
    const auto second = disk->write();
    second->put(table::objects, "b", std::string(100'000, 'x'));
    const auto done = second->commit();
    if (!done && done.error().kind != error_kind::unavailable) ::_exit(9);
    // What was there is there.
    if (disk->read()->get(table::objects, "a") != "1") ::_exit(9);
    ::_exit(done ? 0 : 1);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 1000 + WEXITSTATUS(status);
}

std::string contents(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_disk_that_fails)

BOOST_AUTO_TEST_CASE(without_space_a_commit_is_refused) { BOOST_TEST(commit_on("/dev/full") == 1001); }

/// Writes below any mapping of the process: EIO, for the process and for nobody else.
BOOST_AUTO_TEST_CASE(an_input_output_error_ends_the_process) {
  BOOST_TEST(commit_on("/proc/self/mem") == SIGABRT);
}

/// The power fails in a commit: any of the sectors it wrote may be on the disk, but for those of the page
/// that makes it count, which is written only once all others are synced. It never happened.
BOOST_AUTO_TEST_CASE(a_torn_commit_never_happened) {
  constexpr std::size_t sector = 512;
  constexpr std::size_t meta_bytes = 2 * 4096;
  const test::temporary_directory directory;
  const std::string file = directory.path() + "/data.mdb";
  const auto write = [&](char fill, std::size_t bytes) {
    const auto disk = open_lmdb({directory.path(), 1ULL << 30U, false}).value();
    const auto batch = disk->write();
    for (int i = 0; i < 200; ++i)
      batch->put(table::objects, "key-" + std::to_string(i), std::string(bytes, fill));
    BOOST_REQUIRE(batch->commit().has_value());
  };
  write('a', 300);
  write('b', 400);
  const std::string before = contents(file);
  write('c', 500);
  std::string after = contents(file);
  BOOST_REQUIRE(after.size() > before.size());
  seeded_random_source random(7);
  for (int round = 0; round < 40; ++round) {
    std::string torn = before;
    // The file may have grown, or not yet, or in part.
    torn.resize(before.size() + random.next() % (after.size() - before.size() + 1), '\0');
    std::size_t changed = 0;
    for (std::size_t at = meta_bytes; at + sector <= torn.size(); at += sector) {
      if (random.next() % 3 == 0) continue;
      changed += torn.compare(at, sector, after, at, sector) != 0 ? 1U : 0U;
      torn.replace(at, sector, after, at, sector);
    }
    BOOST_REQUIRE(changed > 0U);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << torn;
    const auto disk = open_lmdb({directory.path(), 1ULL << 30U, false}).value();
    const auto view = disk->read();
    for (int i = 0; i < 200; ++i)
      BOOST_REQUIRE(*view->get(table::objects, "key-" + std::to_string(i)) == std::string(400, 'b'));
    // And it goes on from there.
    const auto batch = disk->write();
    batch->put(table::objects, "next", "1");
    BOOST_REQUIRE(batch->commit().has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()
