#include "runtime/files/file_tools.hpp"
#include "runtime/files/tree_archive.hpp"
#include "tests/support/failure_text.hpp"
#include "tests/support/temporary_directory.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace actord;
using namespace actord::runtime;
using test_support::failure_text;
namespace fs = std::filesystem;

namespace {

void put(const fs::path& path, std::string_view text, unsigned mode = 0644) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  ::chmod(path.c_str(), mode);
}

std::string text_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return stream ? std::string(std::istreambuf_iterator<char>(stream), {}) : std::string("absent");
}

/// Hands out a text in pieces.
archive_source pieces_of(const std::string& bytes, std::size_t size) {
  return [&bytes, size, at = std::size_t{0}]() mutable -> result<std::string> {
    std::string piece = bytes.substr(std::min(at, bytes.size()), size);
    at += size;
    return piece;
  };
}

std::string packed(const fs::path& path, const std::string& name) {
  std::string bytes;
  std::size_t largest = 0;
  const auto tree = write_tree_archive(path, name, [&](std::string_view piece) -> result<void> {
    largest = std::max(largest, piece.size());
    bytes += piece;
    return {};
  });
  BOOST_REQUIRE_MESSAGE(tree, failure_text(tree));
  BOOST_TEST(largest <= 32U * 1024U);
  return bytes;
}

/// An archive whose members are not what an honest tool writes.
class hostile_archive {
public:
  void add(const char* path, unsigned type, const char* link = nullptr, bool hard = false) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, path);
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, 0644);
    const std::string_view text = "evil";
    if (link != nullptr && hard) archive_entry_set_hardlink(entry, link);
    if (link != nullptr && !hard) archive_entry_set_symlink(entry, link);
    if (link == nullptr && type == AE_IFREG)
      archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
    BOOST_REQUIRE(archive_write_header(tar_, entry) == ARCHIVE_OK);
    if (link == nullptr && type == AE_IFREG) archive_write_data(tar_, text.data(), text.size());
    archive_entry_free(entry);
  }
  std::string bytes() {
    archive_write_close(tar_);
    archive_write_free(tar_);
    return bytes_;
  }

private:
  static archive* open(std::string* into) {
    archive* made = archive_write_new();
    archive_write_set_format_gnutar(made);
    archive_write_open(
        made, into, nullptr,
        [](archive*, void* to, const void* data, std::size_t count) {
          static_cast<std::string*>(to)->append(static_cast<const char*>(data), count);
          return static_cast<la_ssize_t>(count);
        },
        nullptr);
    return made;
  }
  std::string bytes_;
  archive* tar_ = open(&bytes_);
};

} // namespace

BOOST_AUTO_TEST_SUITE(tree_archives)

BOOST_AUTO_TEST_CASE(a_tree_comes_back_as_it_was) {
  const test_support::temporary_directory work;
  const fs::path source = fs::path(work.path()) / "source";
  put(source / "a", "first");
  put(source / "run", "#!/bin/sh\n", 0755);
  put(source / "deep" / "er" / std::string(120, 'n'), std::string(300'000, 'x'));
  fs::create_directories(source / "empty");
  const std::string bytes = packed(source, "there/it");
  for (const std::size_t size : {1U, 700U, 100'000U}) {
    const fs::path target = fs::path(work.path()) / std::to_string(size);
    const auto tree = read_tree_archive(pieces_of(bytes, size), "there/it", target);
    BOOST_REQUIRE_MESSAGE(tree, failure_text(tree));
    BOOST_TEST(tree->entries == 7U);
    BOOST_TEST(tree->skipped.empty());
    BOOST_TEST(text_of(target / "a") == "first");
    BOOST_TEST(text_of(target / "deep" / "er" / std::string(120, 'n')).size() == 300'000U);
    BOOST_TEST(fs::is_directory(target / "empty"));
    BOOST_TEST(::access((target / "run").c_str(), X_OK) == 0);
  }
}

BOOST_AUTO_TEST_CASE(one_file_gets_the_name_it_is_given) {
  const test_support::temporary_directory work;
  put(fs::path(work.path()) / "a", "text");
  const std::string bytes = packed(fs::path(work.path()) / "a", "b");
  const fs::path target = fs::path(work.path()) / "c";
  BOOST_TEST(read_tree_archive(pieces_of(bytes, 512), "b", target)->entries == 1U);
  BOOST_TEST(text_of(target) == "text");
  BOOST_TEST(read_tree_archive(pieces_of(bytes, 512), "other", target)->skipped.size() == 1U);
}

BOOST_AUTO_TEST_CASE(nothing_is_written_outside_of_the_target) {
  const test_support::temporary_directory work;
  const fs::path root(work.path());
  put(root / "outside", "mine");
  fs::create_directories(root / "target");
  fs::create_symlink("../outside", root / "target" / "planted"); // of an earlier copy
  hostile_archive made;
  made.add("it/../../outside", AE_IFREG);
  made.add("/outside", AE_IFREG);
  made.add("it/link", AE_IFLNK, "../outside");
  made.add("it/hard", AE_IFREG, "../outside", true);
  made.add("it/planted", AE_IFREG);
  made.add("it/pipe", AE_IFIFO);
  made.add("it/fine", AE_IFREG);
  const std::string bytes = made.bytes();
  const auto tree = read_tree_archive(pieces_of(bytes, 4096), "it", root / "target");
  BOOST_TEST(text_of(root / "outside") == "mine");
  if (tree) {
    BOOST_TEST(tree->skipped.size() == 5U);
    BOOST_TEST(text_of(root / "target" / "fine") == "evil");
    BOOST_TEST(!fs::exists(fs::symlink_status(root / "target" / "link")));
    BOOST_TEST(!fs::exists(fs::symlink_status(root / "target" / "hard")));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_archive_or_breaks_off_is_an_error) {
  const test_support::temporary_directory work;
  const std::string target = std::string(work.path()) + "/x";
  BOOST_TEST(!read_tree_archive(pieces_of(std::string(5'000, 'x'), 512), "a", target).has_value());
  BOOST_TEST(read_tree_archive([]() -> result<std::string> { return std::string(); }, "a", target)->entries ==
             0U);
  put(fs::path(work.path()) / "a", std::string(100'000, 'a'));
  const std::string bytes = packed(fs::path(work.path()) / "a", "a").substr(0, 50'000);
  BOOST_TEST(!read_tree_archive(pieces_of(bytes, 512), "a", target).has_value());
  const auto broken =
      read_tree_archive([]() -> result<std::string> { return error{.message = "cut"}; }, "a", target);
  BOOST_TEST(broken.error().message == "cut");
  const auto refused =
      write_tree_archive(std::string(work.path()) + "/a", "a",
                         [](std::string_view) -> result<void> { return error{.message = "full"}; });
  BOOST_TEST(refused.error().message == "full");
  BOOST_TEST(!write_tree_archive(std::string(work.path()) + "/absent", "a", [](std::string_view) {
                return result<void>();
              }).has_value());
}

BOOST_AUTO_TEST_CASE(links_are_packed_as_links) {
  const test_support::temporary_directory work;
  const fs::path root(work.path());
  put(root / "tree" / "a", "text");
  fs::create_symlink("a", root / "tree" / "link");
  fs::create_symlink("/nowhere", root / "tree" / "dangling");
  const std::string bytes = packed(root / "tree", "tree");
  const auto tree = read_tree_archive(pieces_of(bytes, 4096), "tree", root / "target");
  BOOST_TEST(tree->entries == 2U);
  BOOST_TEST(tree->skipped.size() == 2U);
}

BOOST_AUTO_TEST_CASE(names_are_what_tools_make_of_paths) {
  BOOST_TEST(archived_name("/var/log/") == "var/log");
  BOOST_TEST(archived_name("./a//b/.") == "a/b");
  BOOST_TEST(archived_name("../x") == "x");
  BOOST_TEST(archived_name("a/../../b") == "b");
  BOOST_TEST(archived_name("/").empty());
}

BOOST_AUTO_TEST_SUITE_END()
