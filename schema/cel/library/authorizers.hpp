#pragma once

#include "schema/cel/value.hpp"

#include <functional>
#include <string>

namespace actord::schema::cel {

/// What an expression asks the authorizer about. `path` is set for what is no resource.
struct access_question {
  std::string user; ///< "system:serviceaccount:a:b"; empty: who makes the request
  std::string verb;
  std::string path;
  std::string group;
  std::string resource;
  std::string subresource;
  std::string space;
  std::string name;
};
using access_judge = std::function<bool(const access_question&)>;

/// `authorizer`, which must not be used once `judge` is gone.
value authorizer_value(access_judge judge);
/// `authorizer.requestResource`: a question about the resource of the request.
value resource_check_value(access_judge judge, access_question about);

} // namespace actord::schema::cel
