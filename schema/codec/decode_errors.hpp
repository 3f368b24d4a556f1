#pragma once

#include "schema/codec/body_format.hpp"

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace actord::schema {

struct value_type;

/// Where a decoder is in the body and what it has to complain about. Two notations of the same place: strict
/// errors count list items (spec.containers[0].name), type errors name Go structs
/// (Container.spec.containers.name).
class decode_errors {
public:
  explicit decode_errors(field_validation validation) : strict_(validation != field_validation::ignore) {}

  /// Sets the place back when it goes out of scope.
  class place {
  public:
    explicit place(decode_errors& owner)
        : owner_(owner), strict_size_(owner.strict_path_.size()), go_size_(owner.go_path_.size()),
          go_struct_(owner.go_struct_) {}
    ~place() {
      owner_.strict_path_.resize(strict_size_);
      owner_.go_path_.resize(go_size_);
      owner_.go_struct_ = go_struct_;
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;

  private:
    decode_errors& owner_;
    std::size_t strict_size_;
    std::size_t go_size_;
    std::string_view go_struct_;
  };

  void enter_key(std::string_view key);
  void enter_field(std::string_view go_struct, std::string_view go_embedded, std::string_view name);
  void enter_item(std::size_t index);

  void unknown_field(std::string_view name) { add_strict("unknown field ", name); }
  void duplicate_field(std::string_view name) { add_strict("duplicate field ", name); }
  /// A strict complaint about the body as a whole.
  void complain(std::string message) { strict_errors_.push_back(std::move(message)); }
  /// Fields below this place are not checked (Go decodes them by themselves).
  void set_strict(bool strict) { strict_ = strict; }
  [[nodiscard]] bool is_strict() const { return strict_; }

  /// `found` is "string", "number", "object", "array" or "bool", or "number 1.5". Only the first error
  /// counts.
  void wrong_type(std::string_view found, const value_type& wanted);
  void fail(std::string message);
  [[nodiscard]] bool failed() const { return !first_.empty(); }
  [[nodiscard]] const std::string& first() const { return first_; }
  [[nodiscard]] std::vector<std::string> take_strict() { return std::move(strict_errors_); }

private:
  void add_strict(std::string_view what, std::string_view name);

  bool strict_;
  std::string strict_path_;
  std::string go_path_;
  std::string_view go_struct_;
  std::string first_;
  std::vector<std::string> strict_errors_;
  std::unordered_set<std::string> seen_;
};

/// The name Go gives a type: "string", "[]string", "v1.PodSpec", "map[string]string".
std::string go_type_name(const value_type& type);

} // namespace actord::schema
