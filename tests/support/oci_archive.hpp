#pragma once

#include "runtime/images/digest.hpp"
#include "schema/base/json.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <clocale>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// Container images made of thin air, for tests.

namespace actord::test_support {

struct tar_entry {
  std::string path;
  std::string content = {};
  unsigned mode = 0644;
  unsigned type = AE_IFREG;
  std::string link = {}; ///< target; of a hard link when `type` is 0
  int user = 0;
  int group = 0;
  std::vector<std::pair<std::string, std::string>> attributes = {};
  unsigned device_major = 0;
  unsigned device_minor = 0;
};

inline tar_entry directory(std::string path, unsigned mode = 0755) {
  return {.path = std::move(path), .mode = mode, .type = AE_IFDIR};
}
inline tar_entry soft_link(std::string path, std::string target) {
  return {.path = std::move(path), .mode = 0777, .type = AE_IFLNK, .link = std::move(target)};
}

/// `filter`: ARCHIVE_FILTER_NONE, _GZIP or _ZSTD.
inline std::string make_tar(const std::vector<tar_entry>& entries, int filter = ARCHIVE_FILTER_NONE) {
  std::string bytes;
  // libarchive writes names by the locale; readers are tested in the plain one that daemons run in.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  const std::unique_ptr<archive, int (*)(archive*)> out(archive_write_new(), archive_write_free);
  archive_write_set_format_pax(out.get());
  archive_write_add_filter(out.get(), filter);
  archive_write_set_bytes_in_last_block(out.get(), 1);
  archive_write_open(
      out.get(), &bytes, nullptr,
      [](archive*, void* into, const void* data, std::size_t size) {
        static_cast<std::string*>(into)->append(static_cast<const char*>(data), size);
        return static_cast<la_ssize_t>(size);
      },
      nullptr);
  for (const tar_entry& entry : entries) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> header(archive_entry_new(),
                                                                          archive_entry_free);
    archive_entry_set_pathname_utf8(header.get(), entry.path.c_str());
    archive_entry_set_perm(header.get(), entry.mode);
    archive_entry_set_uid(header.get(), entry.user);
    archive_entry_set_gid(header.get(), entry.group);
    archive_entry_set_mtime(header.get(), 1'700'000'000, 0);
    if (entry.type == 0) {
      archive_entry_set_filetype(header.get(), AE_IFREG);
      archive_entry_set_hardlink_utf8(header.get(), entry.link.c_str());
    } else {
      archive_entry_set_filetype(header.get(), entry.type);
      if (entry.type == AE_IFLNK) archive_entry_set_symlink_utf8(header.get(), entry.link.c_str());
      if (entry.type == AE_IFREG)
        archive_entry_set_size(header.get(), static_cast<la_int64_t>(entry.content.size()));
      if (entry.type == AE_IFCHR || entry.type == AE_IFBLK) {
        archive_entry_set_rdevmajor(header.get(), entry.device_major);
        archive_entry_set_rdevminor(header.get(), entry.device_minor);
      }
    }
    for (const auto& [name, value] : entry.attributes)
      archive_entry_xattr_add_entry(header.get(), name.c_str(), value.data(), value.size());
    if (archive_write_header(out.get(), header.get()) != ARCHIVE_OK)
      throw std::runtime_error(archive_error_string(out.get()));
    if (entry.type == AE_IFREG) archive_write_data(out.get(), entry.content.data(), entry.content.size());
  }
  archive_write_close(out.get());
  std::setlocale(LC_CTYPE, "C");
  return bytes;
}

struct image_layer {
  std::vector<tar_entry> entries;
  int filter = ARCHIVE_FILTER_NONE;
};

struct image_description {
  std::string reference = "example/test:1";
  std::vector<image_layer> layers;
  json config = json::object(); ///< "Entrypoint", "Env", "User", ...
  std::string architecture = "amd64";
};

/// The files of an OCI layout, to be damaged before they are packed.
inline std::vector<tar_entry> make_oci_layout(const std::vector<image_description>& images) {
  std::vector<tar_entry> files{{.path = "oci-layout", .content = R"({"imageLayoutVersion":"1.0.0"})"}};
  json manifests = json::array();
  const auto add_blob = [&](const std::string& media_type, const std::string& content) {
    const std::string hex = runtime::sha256_hex(content);
    const bool known = std::any_of(files.begin(), files.end(),
                                   [&](const tar_entry& file) { return file.path.ends_with(hex); });
    if (!known) files.push_back({.path = "blobs/sha256/" + hex, .content = content});
    return json{{"mediaType", media_type}, {"digest", "sha256:" + hex}, {"size", content.size()}};
  };
  for (const image_description& image : images) {
    json layers = json::array();
    json diff_ids = json::array();
    for (const image_layer& layer : image.layers) {
      diff_ids.push_back("sha256:" + runtime::sha256_hex(make_tar(layer.entries)));
      const std::string suffix = layer.filter == ARCHIVE_FILTER_GZIP   ? "+gzip"
                                 : layer.filter == ARCHIVE_FILTER_ZSTD ? "+zstd"
                                                                       : "";
      layers.push_back(
          add_blob("application/vnd.oci.image.layer.v1.tar" + suffix, make_tar(layer.entries, layer.filter)));
    }
    const json config{{"architecture", image.architecture},
                      {"os", "linux"},
                      {"config", image.config},
                      {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}};
    const json manifest{{"schemaVersion", 2},
                        {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                        {"config", add_blob("application/vnd.oci.image.config.v1+json", config.dump())},
                        {"layers", layers}};
    json entry = add_blob("application/vnd.oci.image.manifest.v1+json", manifest.dump());
    entry["annotations"] = {{"org.opencontainers.image.ref.name", image.reference}};
    entry["platform"] = {{"architecture", image.architecture}, {"os", "linux"}};
    manifests.push_back(std::move(entry));
  }
  files.push_back(
      {.path = "index.json", .content = json{{"schemaVersion", 2}, {"manifests", manifests}}.dump()});
  return files;
}

inline std::string make_oci_archive(const std::vector<image_description>& images) {
  return make_tar(make_oci_layout(images));
}

inline std::string read_host_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// A usable system: static busybox with a link for each of these commands.
inline image_layer busybox_layer() {
  image_layer layer;
  for (const char* path : {"bin", "dev", "etc", "proc", "sys", "root", "var"})
    layer.entries.push_back(directory(path));
  layer.entries.push_back(directory("tmp", 01777));
  layer.entries.push_back({.path = "bin/busybox", .content = read_host_file("/bin/busybox"), .mode = 0755});
  for (const char* name :
       {"sh",    "cat",  "echo",  "ls",   "sleep", "env",   "id",      "hostname", "httpd", "wget",
        "ps",    "true", "false", "kill", "touch", "mount", "unshare", "readlink", "ip",    "grep",
        "mkdir", "rm",   "dd",    "yes",  "head",  "chmod", "stat",    "mknod",    "df"})
    layer.entries.push_back(soft_link(std::string("bin/") + name, "busybox"));
  layer.entries.push_back(
      {.path = "etc/passwd",
       .content = "root:x:0:0:root:/root:/bin/sh\nworker:x:1000:1001:worker:/home/worker:/bin/sh\n"});
  layer.entries.push_back(
      {.path = "etc/group", .content = "root:x:0:\nworkers:x:1001:\nextra:x:1002:worker\n"});
  return layer;
}

} // namespace actord::test_support
