#include "actors/worker/volume_content.hpp"

#include <algorithm>
#include <map>
#include <variant>

namespace actord::actors {
namespace {

template <class... Handlers>
struct overloaded : Handlers... {
  using Handlers::operator()...;
};

using file_map = std::map<std::string, volume_file>;

error missing(std::string message) { return {error_kind::not_found, std::move(message), {}, {}, 0}; }

void put(file_map& files, std::string path, std::int64_t mode, std::string bytes) {
  files[path] = {path, static_cast<unsigned>(mode), std::move(bytes)};
}

/// The collaborators of one volume's content.
struct content_reader {
  const schema::pod_view& pod;
  const pod_facts& facts;
  const reference_lookup& lookup;
  file_map files;

  /// A ConfigMap's or a Secret's keys as files: all of them, or those of `items`.
  result<void> keyed(std::string_view kind, const std::string& name, const object_content& content,
                     bool optional, const std::vector<schema::key_to_path>& items,
                     std::int64_t default_mode) {
    if (!content) {
      if (optional) return {};
      return missing(std::string(kind) + " \"" + name + "\" not found");
    }
    if (items.empty())
      for (const auto& [key, value] : *content) put(files, key, default_mode, value);
    for (const auto& item : items) {
      const auto found = content->find(item.key);
      if (found != content->end())
        put(files, item.path, item.mode.value_or(default_mode), found->second);
      else if (!optional)
        return missing(std::string(kind) + " references non-existent key: " + item.key);
    }
    return {};
  }

  result<void> downward(const std::vector<schema::downward_item>& items, std::int64_t default_mode) {
    for (const auto& item : items) {
      result<std::string> value = std::string();
      if (item.field) {
        value = field_value(pod, facts, item.field->path);
      } else if (item.resource) {
        const schema::container_view* container = referred_container(pod, item.resource->container, nullptr);
        if (container == nullptr) return missing("container \"" + item.resource->container + "\" not found");
        value = resource_value(*container, facts, *item.resource);
      }
      if (!value) return std::move(value).error();
      put(files, item.path, item.mode.value_or(default_mode), std::move(*value));
    }
    return {};
  }

  result<void> source(const schema::config_map_volume& from, std::int64_t mode) {
    return keyed("configmap", from.name, lookup.config_map(from.name), from.optional, from.items, mode);
  }
  result<void> source(const schema::secret_volume& from, std::int64_t mode) {
    return keyed("secret", from.name, lookup.secret(from.name), from.optional, from.items, mode);
  }
  result<void> source(const schema::downward_api_volume& from, std::int64_t mode) {
    return downward(from.items, mode);
  }
  result<void> source(const schema::token_source& from, std::int64_t mode) {
    auto token = lookup.token(from.audience, from.expiration_s);
    if (!token) return std::move(token).error();
    put(files, from.path, mode, std::move(*token));
    return {};
  }
};

} // namespace

bool has_api_content(const schema::volume_view& volume) {
  return std::visit(overloaded{[](const schema::config_map_volume&) { return true; },
                               [](const schema::secret_volume&) { return true; },
                               [](const schema::downward_api_volume&) { return true; },
                               [](const schema::projected_volume&) { return true; },
                               [](const auto&) { return false; }},
                    volume.source);
}

bool has_secret_content(const schema::volume_view& volume) {
  if (std::holds_alternative<schema::secret_volume>(volume.source)) return true;
  const auto* projected = std::get_if<schema::projected_volume>(&volume.source);
  if (projected == nullptr) return false;
  return std::any_of(projected->sources.begin(), projected->sources.end(), [](const auto& source) {
    return std::holds_alternative<schema::secret_volume>(source) ||
           std::holds_alternative<schema::token_source>(source);
  });
}

referred_objects referred_by_volumes(const schema::pod_view& pod) {
  referred_objects names;
  const auto note = overloaded{
      [&](const schema::config_map_volume& from) { names.config_maps.push_back(from.name); },
      [&](const schema::secret_volume& from) { names.secrets.push_back(from.name); },
      [](const auto&) {},
  };
  for (const auto& volume : pod.spec.volumes) {
    std::visit(note, volume.source);
    if (const auto* projected = std::get_if<schema::projected_volume>(&volume.source))
      for (const auto& source : projected->sources) std::visit(note, source);
  }
  return names;
}

result<std::vector<volume_file>> volume_content(const schema::pod_view& pod,
                                                const schema::volume_view& volume, const pod_facts& facts,
                                                const reference_lookup& lookup) {
  content_reader reader{pod, facts, lookup, {}};
  const auto read = overloaded{
      [&](const schema::projected_volume& from) -> result<void> {
        for (const auto& source : from.sources) {
          auto done =
              std::visit([&](const auto& each) { return reader.source(each, from.default_mode); }, source);
          if (!done) return done;
        }
        return {};
      },
      [&](const schema::config_map_volume& from) { return reader.source(from, from.default_mode); },
      [&](const schema::secret_volume& from) { return reader.source(from, from.default_mode); },
      [&](const schema::downward_api_volume& from) { return reader.source(from, from.default_mode); },
      [](const auto&) -> result<void> { return {}; },
  };
  if (auto done = std::visit(read, volume.source); !done) return std::move(done).error();
  std::vector<volume_file> files;
  for (auto& [path, file] : reader.files) files.push_back(std::move(file));
  return files;
}

} // namespace actord::actors
