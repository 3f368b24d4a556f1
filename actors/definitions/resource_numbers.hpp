#pragma once

#include "schema/base/ids.hpp"
#include "schema/object/stored_object.hpp"
#include "storage/store.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

/// The book of numbers: which number in the store's keys stands for the objects of which custom resource
/// definition. One object of its own that no API shows, changed in the transactions that create and remove
/// definitions, so that every member reads the same.
///
/// A number belongs to a definition's name until the definition is removed while nothing is stored under it.
/// A definition that goes and leaves objects behind (somebody took the finalizer away) finds them again when
/// it comes back under its name; nobody else is ever given their number.

namespace actord::actors {

using number_book = std::map<std::string, resource_id>;

object_key number_book_key();
/// The book in its stored form; empty bytes are an empty book.
number_book read_number_book(std::string_view bytes);

/// The number for a name that has none yet: the next above all that are in use, or, once the end is reached,
/// the lowest that is free. Nothing when all are in use.
std::optional<resource_id> next_number(const number_book& book);

/// The change of the book that gives a definition a number, unless it has one.
storage::object_change claim_number(const std::string& definition, const schema::write_cause& cause);
/// The change that takes it back.
storage::object_change release_number(const std::string& definition, const schema::write_cause& cause);

} // namespace actord::actors
