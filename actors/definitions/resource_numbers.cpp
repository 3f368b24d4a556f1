#include "actors/definitions/resource_numbers.hpp"

#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/custom_rows.hpp"
#include "schema/tables/own_record.hpp"

namespace actord::actors {
namespace {

constexpr resource_id book_resource = schema::number_book_id;
constexpr const char* book_name = "custom-resources";

const schema::resource_type& book_row() {
  static const schema::resource_type row = schema::own_record(book_resource, "NumberBook", "numberbooks");
  return row;
}

std::string encode_book(const number_book& book, wall_time now, const schema::write_cause& cause) {
  json numbers = json::object();
  for (const auto& [name, number] : book) numbers[name] = number.value;
  const json object = {{"metadata", {{"name", book_name}, {"creationTimestamp", schema::format_time(now)}}},
                       {"numbers", std::move(numbers)}};
  return schema::encode_object(book_row(), object, cause);
}

} // namespace

object_key number_book_key() { return {book_resource, {}, book_name}; }

number_book read_number_book(std::string_view bytes) {
  number_book book;
  if (bytes.empty()) return book;
  const auto view = schema::object_view::open(bytes);
  if (!view) return book;
  const json object = json::parse(view->text(), nullptr, false);
  if (!object.is_object()) return book;
  const auto numbers = object.find("numbers");
  if (numbers == object.end() || !numbers->is_object()) return book;
  for (const auto& [name, number] : numbers->items())
    if (number.is_number_unsigned()) book.emplace(name, resource_id(number.get<std::uint16_t>()));
  return book;
}

std::optional<resource_id> next_number(const number_book& book) {
  std::vector<bool> used(schema::last_stored_number + std::size_t{1}, false);
  std::uint32_t next = schema::first_stored_number;
  for (const auto& [name, number] : book) {
    if (number.value < used.size()) used[number.value] = true;
    next = std::max<std::uint32_t>(next, number.value + 1U);
  }
  if (next <= schema::last_stored_number) return resource_id(static_cast<std::uint16_t>(next));
  for (std::uint32_t lowest = schema::first_stored_number; lowest < used.size(); ++lowest)
    if (!used[lowest]) return resource_id(static_cast<std::uint16_t>(lowest));
  return std::nullopt;
}

storage::object_change claim_number(const std::string& definition, const schema::write_cause& cause) {
  storage::object_change change{number_book_key(), {}, {}};
  change.what = [definition, cause](const storage::object_head& head,
                                    wall_time now) -> result<storage::resolved_change> {
    number_book book = read_number_book(head.value);
    if (book.contains(definition)) return storage::resolved_change{storage::keep_value{}};
    const auto number = next_number(book);
    if (!number)
      return error{.kind = error_kind::internal,
                   .message = "there are as many custom resource definitions as a cluster can hold"};
    book.emplace(definition, *number);
    return storage::resolved_change{storage::put_value{encode_book(book, now, cause)}};
  };
  return change;
}

storage::object_change release_number(const std::string& definition, const schema::write_cause& cause) {
  storage::object_change change{number_book_key(), {}, {}};
  change.what = [definition, cause](const storage::object_head& head,
                                    wall_time now) -> result<storage::resolved_change> {
    number_book book = read_number_book(head.value);
    if (book.erase(definition) == 0) return storage::resolved_change{storage::keep_value{}};
    return storage::resolved_change{storage::put_value{encode_book(book, now, cause)}};
  };
  return change;
}

} // namespace actord::actors
