#include "schema/base/json.hpp"
#include "schema/codec/status.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::schema;

BOOST_AUTO_TEST_SUITE(status_objects)

BOOST_AUTO_TEST_CASE(a_failure_has_details_only_where_there_is_something_to_say) {
  BOOST_TEST(status_text({.kind = error_kind::bad_request, .message = "a \"b\""}) ==
             R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"a \"b\"",)"
             R"("reason":"BadRequest","code":400})");
  BOOST_TEST(
      status_text({.kind = error_kind::not_found,
                   .message = "secrets \"none\" not found",
                   .subject = error_subject{.group = "", .kind = "secrets", .name = "none", .uid = ""}}) ==
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"secrets \"none\" not found",)"
      R"("reason":"NotFound","details":{"name":"none","kind":"secrets"},"code":404})");
  BOOST_TEST(status_text({.kind = error_kind::not_found, .message = "gone", .subject = error_subject{}}) ==
             R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"gone",)"
             R"("reason":"NotFound","details":{},"code":404})");
}

BOOST_AUTO_TEST_CASE(causes_and_waiting_time_are_details) {
  error failure{.kind = error_kind::invalid, .message = "m"};
  failure.subject = error_subject{.group = "apps", .kind = "Deployment", .name = "v0", .uid = ""};
  failure.causes = {{"FieldValueInvalid", "Invalid value", "spec.x"}, {"R", "", ""}};
  failure.retry_after_s = 3;
  BOOST_TEST(
      json::parse(status_text(failure)) ==
      json::parse(
          R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"m","reason":"Invalid",
          "details":{"name":"v0","group":"apps","kind":"Deployment","causes":[{"reason":"FieldValueInvalid",
          "message":"Invalid value","field":"spec.x"},{"reason":"R"}],"retryAfterSeconds":3},"code":422})"));
}

BOOST_AUTO_TEST_CASE(a_deletion_succeeds_with_what_was_deleted) {
  BOOST_TEST(success_status_text({.group = "apps", .kind = "deployments", .name = "d", .uid = "u"}) ==
             R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success",)"
             R"("details":{"name":"d","group":"apps","kind":"deployments","uid":"u"}})");
}

BOOST_AUTO_TEST_SUITE_END()
