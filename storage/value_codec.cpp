#include "storage/value_codec.hpp"

#include "schema/object/protect_object.hpp"
#include "schema/object/stored_object.hpp"

namespace actord::storage {
namespace {

schema::object_view open(std::string_view value) {
  auto opened = schema::object_view::open_envelope(value);
  return std::move(opened).value();
}

class object_codec final : public value_codec {
public:
  [[nodiscard]] result<value_facts> facts(std::string_view value) const override {
    auto opened = schema::object_view::open_envelope(value);
    if (!opened) return std::move(opened).error();
    const schema::object_view& object = *opened;
    value_facts found{object.uid(), object.at(), object.labels(), {}, object.node_name(), object.deadline()};
    for (schema::owner_reference& owner : object.owners()) found.owner_uids.push_back(std::move(owner.uid));
    return found;
  }
  [[nodiscard]] revision revision_of(std::string_view value) const override { return open(value).at(); }
  [[nodiscard]] std::string_view uid_of(std::string_view value) const override { return open(value).uid(); }
  [[nodiscard]] object_key key_of(std::string_view value) const override { return open(value).key(); }
  void stamp(std::string& value, revision at) const override { schema::stamp_revision(value, at); }
  [[nodiscard]] result<bool> protect(std::string& value) const override {
    return schema::protect_object(value, system_random_source());
  }
};

} // namespace

const value_codec& stored_object_codec() {
  static const object_codec codec;
  return codec;
}

} // namespace actord::storage
