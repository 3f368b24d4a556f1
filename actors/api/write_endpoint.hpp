#pragma once

#include "actors/api/api_request.hpp"
#include "actors/conversion/form_source.hpp"

namespace actord::storage {
class store;
}

namespace actord::actors {

class object_router;

/// POST, PUT, PATCH and DELETE of objects: decode the request line and headers, hand the body to the object's
/// actor, answer with what became of it.
/// `forms` shows custom kinds in the version that was asked for.
void serve_write(object_router& router, const form_source_handle& forms, const request_handle& request);
/// DELETE of a collection: deletes what the options select, object by object, and answers with the list of
/// them.
void serve_delete_collection(storage::store& store, object_router& router, const form_source_handle& forms,
                             const request_handle& request);

} // namespace actord::actors
