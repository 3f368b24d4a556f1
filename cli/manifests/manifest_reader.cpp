#include "cli/manifests/manifest_reader.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/decode.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <yaml-cpp/yaml.h>

namespace actord::cli {

namespace {

error manifest_error(const std::string& file, std::size_t line, const std::string& message) {
  return error{.kind = error_kind::bad_request,
               .message = file + ":" + std::to_string(line) + ": " + message};
}

struct document_text {
  std::size_t line = 1;
  std::string text;
};

/// Cuts at lines that begin a YAML document.
std::vector<document_text> cut_documents(const std::string& text) {
  std::vector<document_text> documents(1);
  std::istringstream lines(text);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const bool separates = line == "---" || line == "---\r" || line.starts_with("--- ");
    if (separates) {
      documents.push_back({.line = number + 1, .text = {}});
    } else {
      documents.back().text += line + "\n";
    }
  }
  return documents;
}

/// "yaml: line 3: did not find..." becomes the number and the rest.
std::pair<std::size_t, std::string> split_line_number(const std::string& message) {
  constexpr std::string_view start = "yaml: line ";
  if (!message.starts_with(start)) return {1, message};
  std::size_t line = 1;
  const auto parsed = std::from_chars(message.data() + start.size(), message.data() + message.size(), line);
  const auto rest = static_cast<std::size_t>(parsed.ptr - message.data());
  return {std::max<std::size_t>(line, 1),
          message.substr(std::min(message.find_first_not_of(": ", rest), message.size()))};
}

bool is_blank(const json& value) { return value.is_null(); }

result<void> check_object(const manifest_object& candidate) {
  const auto complain = [&candidate](const std::string& field, const std::string& message) {
    return manifest_error(candidate.file, line_of_field(candidate, field), message);
  };
  const json& object = candidate.object;
  if (!object.is_object())
    return complain("", "a manifest must be an object, not " + std::string(object.type_name()));
  for (const auto* field : {"apiVersion", "kind"}) {
    const auto found = object.find(field);
    if (found == object.end()) return complain("", std::string(field) + " is not set");
    if (!found->is_string() || found->get<std::string>().empty()) {
      return complain(field, std::string(field) + " must be a text");
    }
  }
  const auto metadata = object.find("metadata");
  const bool named = metadata != object.end() && metadata->is_object() &&
                     (metadata->contains("name") || metadata->contains("generateName"));
  if (!named && !object.at("kind").get<std::string>().ends_with("List")) {
    return complain("metadata", "metadata.name is not set");
  }
  return {};
}

result<void> add_object(manifest_object candidate, std::vector<manifest_object>& into) {
  if (auto checked = check_object(candidate); !checked) return checked;
  const bool is_list = candidate.object.at("kind").get<std::string>().ends_with("List") &&
                       candidate.object.contains("items") && candidate.object.at("items").is_array();
  if (!is_list) {
    into.push_back(std::move(candidate));
    return {};
  }
  std::size_t index = 0;
  for (json& item : candidate.object.at("items")) {
    manifest_object part = candidate;
    part.prefix =
        (candidate.prefix.empty() ? "" : candidate.prefix + ".") + "items[" + std::to_string(index++) + "]";
    part.object = std::move(item);
    if (auto added = add_object(std::move(part), into); !added) return added;
  }
  return {};
}

bool is_manifest(const std::filesystem::path& path) {
  const auto extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

result<std::vector<std::string>> expand(const std::string& name, bool recursive) {
  std::error_code code;
  if (!std::filesystem::is_directory(name, code)) return std::vector<std::string>{name};
  std::vector<std::string> files;
  if (recursive) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(name, code)) {
      if (entry.is_regular_file() && is_manifest(entry.path())) files.push_back(entry.path().string());
    }
  } else {
    for (const auto& entry : std::filesystem::directory_iterator(name, code)) {
      if (entry.is_regular_file() && is_manifest(entry.path())) files.push_back(entry.path().string());
    }
  }
  if (code) return error{.kind = error_kind::bad_request, .message = name + ": " + code.message()};
  if (files.empty()) {
    return error{.kind = error_kind::bad_request,
                 .message =
                     "error reading [" + name + "]: recognized file extensions are [.json .yaml .yml]"};
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// The steps of a field path: names without brackets, indices and quoted keys with them.
std::vector<std::string> steps_of(std::string_view field) {
  std::vector<std::string> steps;
  std::string step;
  bool bracket = false;
  for (const char character : field) {
    const bool ends = bracket ? character == ']' : character == '.' || character == '[';
    if (ends) {
      if (!step.empty()) steps.push_back(std::exchange(step, {}));
      bracket = character == '[';
    } else if (character != '"' || !bracket) {
      step += character;
    }
  }
  if (!step.empty()) steps.push_back(step);
  return steps;
}

/// Items are named by position ("2") or by keys of theirs ("containerPort=80,protocol=TCP"; one that is
/// defaulted need not be there). The size of the list when there is none.
std::size_t index_of(const YAML::Node& list, const std::string& step) {
  std::size_t index = 0;
  const auto parsed = std::from_chars(step.data(), step.data() + step.size(), index);
  if (parsed.ec == std::errc() && parsed.ptr == step.data() + step.size()) return index;
  const std::string first = step.substr(0, step.find(','));
  const std::size_t equals = first.find('=');
  if (equals == std::string::npos) return list.size();
  const std::string key = first.substr(0, equals);
  for (index = 0; index < list.size(); ++index) {
    const YAML::Node item = list[index];
    if (item.IsMap() && item[key].IsDefined() && item[key].IsScalar() &&
        item[key].Scalar() == first.substr(equals + 1)) {
      break;
    }
  }
  return index;
}

/// Follows the steps as far as they go and gives the line (from 0) of the last key or item found.
std::size_t follow(const YAML::Node& root, const std::vector<std::string>& steps) {
  YAML::Node node = root;
  int line = std::max(root.Mark().line, 0);
  for (const auto& step : steps) {
    YAML::Node next;
    if (node.IsMap()) {
      for (const auto& entry : node) {
        if (entry.first.Scalar() != step) continue;
        line = entry.first.Mark().line;
        next.reset(entry.second);
      }
    } else if (node.IsSequence()) {
      const std::size_t index = index_of(node, step);
      if (index < node.size()) {
        next.reset(node[index]);
        line = next.Mark().line;
      }
    }
    if (!next.IsDefined() || next.IsNull()) break;
    node.reset(next);
  }
  return static_cast<std::size_t>(line);
}

} // namespace

result<std::vector<manifest_object>> parse_manifest(const std::string& file, const std::string& text) {
  std::vector<manifest_object> objects;
  for (auto& document : cut_documents(text)) {
    const auto as_json = schema::yaml_to_json(document.text);
    if (!as_json) {
      const auto [line, message] = split_line_number(as_json.error().message);
      return manifest_error(file, document.line + line - 1, message);
    }
    json value = json::parse(*as_json, nullptr, false);
    if (is_blank(value)) continue;
    manifest_object found{.object = std::move(value),
                          .file = file,
                          .line = document.line,
                          .document = document.text,
                          .prefix = {}};
    if (auto added = add_object(std::move(found), objects); !added) return added.error();
  }
  return objects;
}

result<std::vector<manifest_object>> read_manifests(const std::vector<std::string>& files, bool recursive,
                                                    std::istream& input) {
  std::vector<manifest_object> all;
  for (const auto& name : files) {
    const auto expanded = name == "-" ? result<std::vector<std::string>>(std::vector<std::string>{"-"})
                                      : expand(name, recursive);
    if (!expanded) return expanded.error();
    for (const auto& file : *expanded) {
      std::string text;
      if (file == "-") {
        text.assign(std::istreambuf_iterator<char>(input), {});
      } else {
        std::ifstream stream(file, std::ios::binary);
        if (!stream)
          return error{.kind = error_kind::bad_request,
                       .message = "the path \"" + file + "\" cannot be read"};
        text.assign(std::istreambuf_iterator<char>(stream), {});
      }
      auto objects = parse_manifest(file, text);
      if (!objects) return objects.error();
      std::move(objects->begin(), objects->end(), std::back_inserter(all));
    }
  }
  if (all.empty()) return error{.kind = error_kind::bad_request, .message = "no objects passed"};
  return all;
}

std::size_t line_of_field(const manifest_object& where, std::string_view field) {
  const std::string path =
      where.prefix + (where.prefix.empty() || field.empty() ? "" : ".") + std::string(field);
  try {
    return where.line + follow(YAML::Load(where.document), steps_of(path));
  } catch (const YAML::Exception&) {
    return where.line;
  }
}

} // namespace actord::cli
