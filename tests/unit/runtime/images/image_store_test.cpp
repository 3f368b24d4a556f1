#include "runtime/images/image_records.hpp"
#include "runtime/images/image_store.hpp"
#include "tests/support/failure_text.hpp"
#include "tests/support/oci_archive.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace {

using namespace actord;
using namespace actord::runtime;
using namespace actord::test_support;

boost::test_tools::assertion_result needs_root(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result allowed(::geteuid() == 0);
  allowed.message()
      << "unpacking layers gives files their owners and makes device nodes, which only root may";
  return allowed;
}

struct fixture {
  temporary_directory scratch;
  std::unique_ptr<image_store> store = open();

  std::unique_ptr<image_store> open() const {
    return std::move(image_store::open(scratch / "images")).value();
  }

  result<std::vector<image_info>> load(const std::string& archive, std::size_t piece = 65536) const {
    auto writer = store->begin_load();
    for (std::size_t at = 0; at < archive.size(); at += piece)
      if (auto written = writer->write(std::string_view(archive).substr(at, piece)); !written)
        return written.error();
    return writer->finish();
  }
  std::vector<std::string> on_disk() const { return directory_entries(scratch / "images/layers"); }
};

image_description simple(std::string reference, std::string content = "hello") {
  return {.reference = std::move(reference),
          .layers = {{.entries = {directory("etc"), {.path = "etc/motd", .content = std::move(content)}}}},
          .config = {{"Entrypoint", {"/bin/app"}},
                     {"Cmd", {"--serve"}},
                     {"Env", {"A=1", "B=x=y", "broken"}},
                     {"User", "1000"},
                     {"WorkingDir", "/srv"}}};
}

BOOST_FIXTURE_TEST_SUITE(images, fixture, *boost::unit_test::precondition(needs_root))

BOOST_AUTO_TEST_CASE(an_archive_becomes_an_image_found_by_every_name) {
  const auto loaded = load(make_oci_archive({simple("example/app:1")}), 1000);
  BOOST_REQUIRE_MESSAGE(loaded, failure_text(loaded));
  BOOST_REQUIRE(loaded->size() == 1);
  const image_info& info = loaded->front();
  BOOST_TEST(info.references == std::vector<std::string>{"docker.io/example/app:1"},
             boost::test_tools::per_element());
  for (const std::string& name : {std::string("example/app:1"), std::string("docker.io/example/app:1"),
                                  info.id, info.digest, "example/app@" + info.digest})
    BOOST_TEST(store->find(name).has_value(), name);
  BOOST_TEST(!store->find("example/app:2").has_value());
  BOOST_TEST(!store->find("not a name").has_value());
  BOOST_TEST(info.config.entrypoint == std::vector<std::string>{"/bin/app"},
             boost::test_tools::per_element());
  BOOST_TEST(info.config.user == "1000");
  BOOST_REQUIRE(info.config.env.size() == 2);
  BOOST_TEST(info.config.env[1].second == "x=y");
  BOOST_TEST(info.size_bytes > 0);
  const auto layers = store->layers(info.id);
  BOOST_REQUIRE(layers && layers->size() == 1);
  BOOST_TEST(read_host_file(layers->front() + "/etc/motd") == "hello");
}

BOOST_AUTO_TEST_CASE(gzip_and_zstd_layers_are_unpacked) {
  for (const int filter : {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD}) {
    image_description image =
        simple("example/packed:" + std::to_string(filter), "content " + std::to_string(filter));
    image.layers[0].filter = filter;
    const auto loaded = load(make_oci_archive({image}));
    BOOST_REQUIRE_MESSAGE(loaded, failure_text(loaded));
    BOOST_TEST(read_host_file(store->layers(loaded->front().id)->front() + "/etc/motd") ==
               "content " + std::to_string(filter));
  }
}

BOOST_AUTO_TEST_CASE(whiteouts_take_overlayfs_form) {
  image_description image = simple("example/app:1");
  image.layers.push_back({.entries = {directory("etc"),
                                      {.path = "etc/.wh.motd"},
                                      directory("opt"),
                                      {.path = "opt/.wh..wh..opq"},
                                      {.path = "opt/new", .content = "n"},
                                      {.path = ".wh.gone"},
                                      directory("gone"),
                                      {.path = "gone/inside", .content = "i"}}});
  const auto loaded = load(make_oci_archive({image}));
  BOOST_REQUIRE_MESSAGE(loaded, failure_text(loaded));
  const std::string top = store->layers(loaded->front().id)->back();
  struct stat status{};
  BOOST_REQUIRE(::lstat((top + "/etc/motd").c_str(), &status) == 0);
  BOOST_TEST(S_ISCHR(status.st_mode));
  BOOST_TEST(status.st_rdev == makedev(0, 0));
  char mark = 0;
  BOOST_TEST(::getxattr((top + "/opt").c_str(), "trusted.overlay.opaque", &mark, 1) == 1);
  BOOST_TEST(mark == 'y');
  // A whiteout and a directory of the same name in one layer: the directory hides the lower one.
  mark = 0;
  BOOST_TEST(::getxattr((top + "/gone").c_str(), "trusted.overlay.opaque", &mark, 1) == 1);
  BOOST_TEST(read_host_file(top + "/gone/inside") == "i");
}

BOOST_AUTO_TEST_CASE(owners_modes_links_and_capabilities_are_kept_and_overlay_marks_are_not) {
  const std::string capability(
      "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
  image_description image{
      .layers = {{.entries = {{.path = "tool",
                               .content = "x",
                               .mode = 04755,
                               .user = 7,
                               .group = 8,
                               .attributes = {{"security.capability", capability}}},
                              {.path = "same", .type = 0, .link = "tool"},
                              soft_link("soft", "/tool"),
                              {.path = "dir",
                               .mode = 02770,
                               .type = AE_IFDIR,
                               .attributes = {{"trusted.overlay.redirect", "/etc"}, {"user.note", "n"}}}}}}};
  const auto loaded = load(make_oci_archive({image}));
  BOOST_REQUIRE_MESSAGE(loaded, failure_text(loaded));
  const std::string layer = store->layers(loaded->front().id)->front();
  struct stat tool{};
  struct stat same{};
  BOOST_REQUIRE(::stat((layer + "/tool").c_str(), &tool) == 0 &&
                ::stat((layer + "/same").c_str(), &same) == 0);
  BOOST_TEST((tool.st_mode & 07777U) == 04755U);
  BOOST_TEST(tool.st_uid == 7U);
  BOOST_TEST(tool.st_gid == 8U);
  BOOST_TEST(tool.st_mtim.tv_sec == 1'700'000'000);
  BOOST_TEST(tool.st_ino == same.st_ino);
  char buffer[64];
  BOOST_TEST(::getxattr((layer + "/tool").c_str(), "security.capability", buffer, sizeof buffer) == 20);
  BOOST_TEST(::getxattr((layer + "/dir").c_str(), "trusted.overlay.redirect", buffer, sizeof buffer) == -1);
  BOOST_TEST(::getxattr((layer + "/dir").c_str(), "user.note", buffer, sizeof buffer) == 1);
  struct stat dir{};
  BOOST_REQUIRE(::stat((layer + "/dir").c_str(), &dir) == 0);
  BOOST_TEST((dir.st_mode & 07777U) == 02770U);
}

BOOST_AUTO_TEST_CASE(names_are_any_bytes_whatever_the_locale) {
  const std::string name = "d\xc3\xa9j\xc3\xa0/\xe6\x97\xa5\xe6\x9c\xac " + std::string(120, 'x');
  image_description image;
  image.layers = {{.entries = {{.path = name, .content = "n"},
                               soft_link("zu-\xc3\xa9", name),
                               {.path = "hart-\xc3\xa9", .type = 0, .link = name}}}};
  const auto loaded = load(make_oci_archive({image}));
  BOOST_REQUIRE_MESSAGE(loaded, failure_text(loaded));
  const std::string layer = store->layers(loaded->front().id)->front();
  BOOST_TEST(read_host_file(layer + "/" + name) == "n");
  BOOST_TEST(read_host_file(layer + "/zu-\xc3\xa9") == "n");
  BOOST_TEST(read_host_file(layer + "/hart-\xc3\xa9") == "n");
}

BOOST_AUTO_TEST_CASE(nothing_is_written_outside_the_layer) {
  const std::string victim = scratch / "victim";
  const auto planted = make_directories(victim);
  BOOST_REQUIRE(planted);
  const std::string deep = "../../../../../../../../../../../.." + victim;
  const std::vector<std::vector<tar_entry>> attacks{
      {{.path = deep + "/dots", .content = "x"}},
      {soft_link("out", victim), {.path = "out/through-symlink", .content = "x"}},
      {soft_link("out", deep), {.path = "out/through-dots", .content = "x"}},
      {directory("a"), soft_link("a/out", "../../../../../.." + victim), {.path = "a/out/x", .content = "x"}},
      {{.path = "link", .type = 0, .link = "/etc/passwd"}, {.path = "link", .content = "owned"}},
      {soft_link("etc", "/etc"), {.path = "stolen", .type = 0, .link = "etc/passwd"}},
      {{.path = "link", .type = 0, .link = deep + "/x"}},
      {soft_link("out", victim), {.path = "out/.wh.name"}},
      {soft_link("out", victim), {.path = "out/.wh..wh..opq"}},
      {{.path = ".wh..."}, {.path = ".wh..", .content = ""}},
  };
  for (const auto& attack : attacks) {
    const auto loaded = load(make_oci_archive({{.reference = "attack:1", .layers = {{.entries = attack}}}}));
    BOOST_TEST(directory_entries(victim).empty(),
               "attack with " << attack.front().path << " " << (loaded ? "accepted" : failure_text(loaded)));
  }
  // The name of a file is taken as below the root when it is absolute.
  const auto absolute =
      load(make_oci_archive({{.reference = "absolute:1",
                              .layers = {{.entries = {{.path = victim + "/absolute", .content = "x"}}}}}}));
  BOOST_REQUIRE_MESSAGE(absolute, failure_text(absolute));
  BOOST_TEST(directory_entries(victim).empty());
  BOOST_TEST(read_host_file(store->layers(absolute->front().id)->front() + victim + "/absolute") == "x");
  struct stat passwd{};
  BOOST_REQUIRE(::stat("/etc/passwd", &passwd) == 0);
  BOOST_TEST(passwd.st_nlink == 1U);
}

BOOST_AUTO_TEST_CASE(images_that_redirect_mount_points_are_refused) {
  for (const std::string& name : {std::string("dev"), std::string("proc"), std::string("sys")}) {
    const auto loaded = load(make_oci_archive(
        {{.reference = "trick:1", .layers = {{.entries = {directory("real"), soft_link(name, "real")}}}}}));
    BOOST_REQUIRE(!loaded);
    BOOST_TEST(loaded.error().message.find("/" + name) != std::string::npos);
    BOOST_TEST((loaded.error().kind == error_kind::bad_request));
  }
  BOOST_TEST(!load(make_oci_archive(
      {{.reference = "trick:1", .layers = {{.entries = {{.path = "etc/x", .type = AE_IFCHR}}}}}})));
  BOOST_TEST(store->list().empty());
  BOOST_TEST(on_disk().empty());
}

BOOST_AUTO_TEST_CASE(damaged_archives_are_refused_and_leave_nothing) {
  const std::vector<tar_entry> good = make_oci_layout({simple("example/app:1")});
  const std::string whole = make_tar(good);
  // Every single file changed by one byte, or missing.
  for (std::size_t at = 1; at < good.size(); ++at) {
    std::vector<tar_entry> changed = good;
    changed[at].content[changed[at].content.size() / 2] ^= 1;
    BOOST_TEST(!load(make_tar(changed)), good[at].path + " changed");
    changed = good;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(at));
    BOOST_TEST(!load(make_tar(changed)), good[at].path + " missing");
  }
  for (const std::string& text :
       {std::string{}, std::string("{}"), std::string("[]"), std::string("\xff\xfe"), std::string(10000, '['),
        std::string(R"({"manifests":[{"digest":"sha256:../../../x","mediaType":""}]})"),
        std::string(R"({"manifests":"x"})")}) {
    BOOST_TEST(!load(make_tar({{.path = "index.json", .content = text}})));
    BOOST_TEST(!load(make_tar({{.path = "manifest.json", .content = text}})));
    BOOST_TEST(!load(text));
  }
  BOOST_TEST(!load(whole.substr(0, whole.size() / 2)));
  BOOST_TEST(store->list().empty());
  BOOST_TEST(on_disk().empty());
  BOOST_TEST(directory_entries(scratch / "images/intake").empty());
  BOOST_TEST(load(whole).has_value());
}

BOOST_AUTO_TEST_CASE(a_layer_that_is_not_what_the_configuration_says_is_refused) {
  std::vector<tar_entry> files = make_oci_layout({simple("example/app:1")});
  const image_description other = simple("example/app:1", "other content");
  const std::vector<tar_entry> other_files = make_oci_layout({other});
  // A manifest of one image with the configuration of the other: all digests fit, the diff id does not.
  json manifest = json::parse(files[3].content);
  const json other_manifest = json::parse(other_files[3].content);
  manifest["layers"] = other_manifest["layers"];
  const std::string text = manifest.dump();
  const std::string hex = sha256_hex(text);
  files.push_back({.path = "blobs/sha256/" + hex, .content = text});
  files.push_back(other_files[1]);
  for (tar_entry& file : files)
    if (file.path == "index.json")
      file.content =
          json{{"manifests", json::array({{{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                                           {"digest", "sha256:" + hex}}})}}
              .dump();
  const auto loaded = load(make_tar(files));
  BOOST_REQUIRE(!loaded);
  BOOST_TEST(loaded.error().message.find("unpacks to") != std::string::npos, failure_text(loaded));
}

BOOST_AUTO_TEST_CASE(images_for_other_machines_are_left_out) {
  image_description foreign = simple("example/app:arm", "arm");
  foreign.architecture = "arm9000";
  BOOST_TEST(!load(make_oci_archive({foreign})));
  const auto both = load(make_oci_archive({foreign, simple("example/app:1")}));
  BOOST_REQUIRE_MESSAGE(both, failure_text(both));
  BOOST_TEST(both->size() == 1U);
}

BOOST_AUTO_TEST_CASE(docker_save_archives_are_understood) {
  const std::string layer = make_tar({directory("etc"), {.path = "etc/motd", .content = "docker"}});
  const std::string config =
      json{{"config", {{"Cmd", {"/x"}}}}, {"rootfs", {{"diff_ids", {"sha256:" + sha256_hex(layer)}}}}}.dump();
  const json manifest = json::array(
      {{{"Config", "abc.json"}, {"RepoTags", {"team/tool:3", "tool:4"}}, {"Layers", {"one/layer.tar"}}}});
  const auto loaded = load(make_tar({{.path = "manifest.json", .content = manifest.dump()},
                                     {.path = "abc.json", .content = config},
                                     soft_link("one/layer.tar", "../two/layer.tar"),
                                     {.path = "two/layer.tar", .content = layer}}));
  BOOST_REQUIRE_MESSAGE(loaded, failure_text(loaded));
  BOOST_TEST(store->find("tool:4").has_value());
  BOOST_TEST(read_host_file(store->layers("team/tool:3")->front() + "/etc/motd") == "docker");
}

BOOST_AUTO_TEST_CASE(shared_layers_live_as_long_as_one_image_needs_them) {
  image_description first = simple("example/first:1");
  image_description second = first;
  second.reference = "example/second:1";
  second.layers.push_back({.entries = {{.path = "extra", .content = "e"}}});
  BOOST_REQUIRE(load(make_oci_archive({first, second})));
  BOOST_TEST(on_disk().size() == 2U);
  BOOST_REQUIRE(store->remove(store->find("example/second:1")->id));
  BOOST_TEST(on_disk().size() == 1U);
  BOOST_TEST(store->find("example/first:1").has_value());
  BOOST_REQUIRE(store->remove(store->find("example/first:1")->id));
  BOOST_TEST(on_disk().empty());
  BOOST_TEST(store->remove("sha256:unknown").has_value());
}

BOOST_AUTO_TEST_CASE(a_reference_moves_to_the_image_loaded_last) {
  BOOST_REQUIRE(load(make_oci_archive({simple("example/app:1", "old")})));
  const std::string old_id = store->find("example/app:1")->id;
  BOOST_REQUIRE(load(make_oci_archive({simple("example/app:1", "new")})));
  BOOST_TEST(store->find("example/app:1")->id != old_id);
  BOOST_TEST(store->find(old_id)->references.empty());
}

BOOST_AUTO_TEST_CASE(the_store_is_the_same_after_a_restart_and_clears_what_a_crash_left) {
  BOOST_REQUIRE(load(make_oci_archive({simple("example/app:1")})));
  const image_info before = *store->find("example/app:1");
  BOOST_REQUIRE(make_directories(scratch / "images/intake/7/layer-abc/etc"));
  BOOST_REQUIRE(make_directories(scratch / "images/layers/half-removed"));
  store = open();
  const auto after = store->find("example/app:1");
  BOOST_REQUIRE(after.has_value());
  BOOST_TEST(after->id == before.id);
  BOOST_TEST(after->digest == before.digest);
  BOOST_TEST(after->config.command == before.config.command, boost::test_tools::per_element());
  BOOST_TEST((after->config.env == before.config.env));
  BOOST_TEST(on_disk().size() == 1U);
  BOOST_TEST(directory_entries(scratch / "images/intake").empty());
}

BOOST_AUTO_TEST_CASE(a_dropped_load_leaves_nothing) {
  const std::string archive = make_oci_archive({simple("example/app:1")});
  {
    auto writer = store->begin_load();
    BOOST_REQUIRE(writer->write(std::string_view(archive).substr(0, 3000)));
  }
  BOOST_TEST(directory_entries(scratch / "images/intake").empty());
  BOOST_TEST(store->list().empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
