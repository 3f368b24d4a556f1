#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <nlohmann/json.hpp>

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace actord::cli {

/// One object of a manifest and where it stands.
struct manifest_object {
  json object;
  std::string file;     ///< "-" for standard input
  std::size_t line = 1; ///< first line of its document
  std::string document; ///< the text of its document
  std::string prefix;   ///< where in the document it is: "items[2]", or empty
};

/// Reads files, folders (*.yaml, *.yml, *.json) and "-" in order; `kind: List` counts as its items. Errors
/// name file and line.
result<std::vector<manifest_object>> read_manifests(const std::vector<std::string>& files, bool recursive,
                                                    std::istream& input);

/// All objects of one text.
result<std::vector<manifest_object>> parse_manifest(const std::string& file, const std::string& text);

/// The line of the file at which a field ("spec.containers[0].image", also "spec.labels[a.b/c]") stands, or
/// the closest field around it.
std::size_t line_of_field(const manifest_object& where, std::string_view field);

} // namespace actord::cli
