#pragma once

#include "runtime/images/image_store.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

/// What the image store knows, as values: which images, under which names, on which layers. Pure; the store
/// writes it to disk as JSON after each change.

namespace actord::runtime {

struct image_record {
  image_info info;
  std::vector<std::string> layers; ///< hexadecimal diff ids, lowest first
};

class image_records {
public:
  static result<image_records> parse(std::string_view text);
  [[nodiscard]] std::string text() const;

  /// Adds or replaces. A reference names one image: others that had it lose it.
  void put(image_record record);
  bool remove(std::string_view id);
  /// `name`: any spelling of a reference, "sha256:..." of a configuration or manifest, or "name@sha256:...".
  [[nodiscard]] const image_record* find(std::string_view name) const;
  [[nodiscard]] const std::vector<image_record>& all() const { return records_; }
  /// Layers that some image needs.
  [[nodiscard]] std::set<std::string> layers_in_use() const;

private:
  std::vector<image_record> records_;
};

} // namespace actord::runtime
