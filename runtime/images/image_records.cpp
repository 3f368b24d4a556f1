#include "runtime/images/image_records.hpp"

#include "runtime/images/digest.hpp"
#include "schema/base/json.hpp"

#include <algorithm>

namespace actord::runtime {
namespace {

constexpr int format_version = 1;

json config_json(const image_config& config) {
  json env = json::array();
  for (const auto& [name, value] : config.env) env.push_back(json::array({name, value}));
  return {{"entrypoint", config.entrypoint},
          {"command", config.command},
          {"env", std::move(env)},
          {"workingDirectory", config.working_directory},
          {"user", config.user},
          {"stopSignal", config.stop_signal},
          {"volumes", config.volumes}};
}

image_config config_from(const json& value) {
  image_config config;
  value.at("entrypoint").get_to(config.entrypoint);
  value.at("command").get_to(config.command);
  for (const json& pair : value.at("env"))
    config.env.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
  value.at("workingDirectory").get_to(config.working_directory);
  value.at("user").get_to(config.user);
  value.at("stopSignal").get_to(config.stop_signal);
  value.at("volumes").get_to(config.volumes);
  return config;
}

} // namespace

result<image_records> image_records::parse(std::string_view text) {
  try {
    const json document = json::parse(text);
    if (document.at("version").get<int>() != format_version)
      return error{.message = "image index of an unknown version"};
    image_records records;
    for (const json& item : document.at("images")) {
      image_record record;
      item.at("id").get_to(record.info.id);
      item.at("digest").get_to(record.info.digest);
      item.at("references").get_to(record.info.references);
      item.at("sizeBytes").get_to(record.info.size_bytes);
      record.info.config = config_from(item.at("config"));
      item.at("layers").get_to(record.layers);
      records.records_.push_back(std::move(record));
    }
    return records;
  } catch (const json::exception& failure) {
    return error{.message = std::string("image index: ") + failure.what()};
  }
}

std::string image_records::text() const {
  json images = json::array();
  for (const image_record& record : records_)
    images.push_back({{"id", record.info.id},
                      {"digest", record.info.digest},
                      {"references", record.info.references},
                      {"sizeBytes", record.info.size_bytes},
                      {"config", config_json(record.info.config)},
                      {"layers", record.layers}});
  return json{{"version", format_version}, {"images", std::move(images)}}.dump(1);
}

void image_records::put(image_record record) {
  for (image_record& other : records_)
    std::erase_if(other.info.references, [&](const std::string& reference) {
      return std::find(record.info.references.begin(), record.info.references.end(), reference) !=
             record.info.references.end();
    });
  const auto same = std::find_if(records_.begin(), records_.end(),
                                 [&](const image_record& other) { return other.info.id == record.info.id; });
  if (same == records_.end()) {
    records_.push_back(std::move(record));
    return;
  }
  record.info.references.insert(record.info.references.begin(), same->info.references.begin(),
                                same->info.references.end());
  *same = std::move(record);
}

bool image_records::remove(std::string_view id) {
  return std::erase_if(records_, [&](const image_record& record) { return record.info.id == id; }) != 0;
}

const image_record* image_records::find(std::string_view name) const {
  const auto first = [&](auto&& matches) {
    const auto found = std::find_if(records_.begin(), records_.end(), matches);
    return found == records_.end() ? nullptr : &*found;
  };
  const auto by_digest = [&](std::string_view digest) {
    return first(
        [&](const image_record& record) { return record.info.id == digest || record.info.digest == digest; });
  };
  if (!digest_hex(name).empty()) return by_digest(name);
  if (const std::size_t at = name.find('@'); at != std::string_view::npos)
    return by_digest(name.substr(at + 1));
  const auto normal = normalize_reference(name);
  if (!normal) return nullptr;
  return first([&](const image_record& record) {
    const auto& references = record.info.references;
    return std::find(references.begin(), references.end(), *normal) != references.end();
  });
}

std::set<std::string> image_records::layers_in_use() const {
  std::set<std::string> layers;
  for (const image_record& record : records_) layers.insert(record.layers.begin(), record.layers.end());
  return layers;
}

} // namespace actord::runtime
