#include "actors/conversion/conversion_review.hpp"

#include "actors/webhooks/admission_review.hpp"

#include <boost/test/unit_test.hpp>

namespace actord::actors {
namespace {

json widget(const char* name, const char* version) {
  return {{"apiVersion", std::string("example.com/") + version},
          {"kind", "Widget"},
          {"metadata",
           {{"name", name},
            {"namespace", "here"},
            {"uid", std::string("uid-of-") + name},
            {"generation", 3},
            {"labels", {{"kept", "yes"}}},
            {"annotations", {{"a", "b"}}}}},
          {"hostPort", "localhost:8080"}};
}

conversion_question question_about(std::vector<json> objects, std::string review_version = "v1") {
  return {.review_version = std::move(review_version),
          .uid = "the-question",
          .from = "example.com/v1",
          .to = "example.com/v2",
          .kind = "Widget",
          .objects = std::move(objects)};
}

json good_object(const char* name) {
  json object = widget(name, "v2");
  object.erase("hostPort");
  object["host"] = "localhost";
  return object;
}

json good_answer(const std::vector<const char*>& names) {
  json objects = json::array();
  for (const char* name : names) objects.push_back(good_object(name));
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "ConversionReview"},
          {"response",
           {{"uid", "the-question"}, {"result", {{"status", "Success"}}}, {"convertedObjects", objects}}}};
}

/// What a client is told, without `conversion webhook for example.com/v1, Kind=Widget `.
std::string complaint(const conversion_question& question, std::string_view answer) {
  const auto read = read_conversion(question, answer);
  BOOST_REQUIRE(!read);
  const auto words = words_of(read.error());
  BOOST_REQUIRE(words.has_value());
  const json status = json::parse(words->status);
  BOOST_TEST(words->code == 500);
  BOOST_TEST(status.at("status") == "Failure");
  BOOST_TEST(!status.contains("reason"));
  const std::string message = status.at("message");
  BOOST_TEST(read.error().message == message);
  constexpr std::string_view prefix = "conversion webhook for example.com/v1, Kind=Widget ";
  BOOST_REQUIRE(message.starts_with(prefix));
  return message.substr(prefix.size());
}

} // namespace

BOOST_AUTO_TEST_SUITE(conversion_reviews)

BOOST_AUTO_TEST_CASE(a_review_names_the_version_and_holds_the_objects) {
  const json review = json::parse(conversion_text(question_about({widget("a", "v1"), widget("b", "v1")})));
  BOOST_TEST(review.at("apiVersion") == "apiextensions.k8s.io/v1");
  BOOST_TEST(review.at("kind") == "ConversionReview");
  const json& request = review.at("request");
  BOOST_TEST(request.size() == 3);
  BOOST_TEST(request.at("uid") == "the-question");
  BOOST_TEST(request.at("desiredAPIVersion") == "example.com/v2");
  BOOST_TEST(request.at("objects") == json::array({widget("a", "v1"), widget("b", "v1")}));
  const json old = json::parse(conversion_text(question_about({widget("a", "v1")}, "v1beta1")));
  BOOST_TEST(old.at("apiVersion") == "apiextensions.k8s.io/v1beta1");
}

BOOST_AUTO_TEST_CASE(of_metadata_only_labels_and_annotations_are_the_webhooks) {
  json answer = good_answer({"a"});
  json& metadata = answer["response"]["convertedObjects"][0]["metadata"];
  metadata["labels"] = {{"new", "label"}};
  metadata.erase("annotations");
  metadata["generation"] = 77;
  metadata["finalizers"] = {"x"};
  metadata["ownerReferences"] = json::array({1});
  const auto read = read_conversion(question_about({widget("a", "v1")}), answer.dump());
  BOOST_REQUIRE(read);
  json expected = good_object("a");
  expected["metadata"]["labels"] = {{"new", "label"}};
  expected["metadata"].erase("annotations");
  BOOST_TEST(read->front() == expected);
}

BOOST_AUTO_TEST_CASE(labels_that_were_wrong_before_may_stay) {
  json before = widget("a", "v1");
  before["metadata"]["labels"] = {{"not a key", "!"}};
  json answer = good_answer({"a"});
  answer["response"]["convertedObjects"][0]["metadata"]["labels"] = {{"not a key", "!"}};
  BOOST_TEST(read_conversion(question_about({before}), answer.dump()).has_value());
}

BOOST_AUTO_TEST_CASE(an_old_review_is_not_asked_for_its_kind_or_uid) {
  json answer = good_answer({"a"});
  answer.erase("kind");
  answer["response"].erase("uid");
  BOOST_TEST(read_conversion(question_about({widget("a", "v1")}, "v1beta1"), answer.dump()).has_value());
}

BOOST_AUTO_TEST_CASE(answers_that_are_no_reviews) {
  const auto question = question_about({widget("a", "v1")});
  const auto wrong = [&](const std::function<void(json&)>& change) {
    json answer = good_answer({"a"});
    change(answer);
    return complaint(question, answer.dump());
  };
  BOOST_TEST(complaint(question, "").starts_with("failed: "));
  BOOST_TEST(complaint(question, "<html>").starts_with("failed: invalid character '<'"));
  BOOST_TEST(complaint(question, "{\"response\":").starts_with("failed: "));
  BOOST_TEST(complaint(question, "[]").starts_with("failed: "));
  BOOST_TEST(complaint(question, "null").starts_with("failed: "));
  BOOST_TEST(complaint(question, "7").starts_with("failed: "));
  BOOST_TEST(complaint(question, std::string(100'000, '[')).starts_with("failed: "));
  BOOST_TEST(
      complaint(question, "{}") ==
      "failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /, Kind=");
  BOOST_TEST(wrong([](json& answer) { answer["apiVersion"] = "apiextensions.k8s.io/v1beta1"; }) ==
             "failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got "
             "apiextensions.k8s.io/v1beta1, Kind=ConversionReview");
  BOOST_TEST(wrong([](json& answer) { answer["kind"] = "AdmissionReview"; }).find("got") !=
             std::string::npos);
  BOOST_TEST(wrong([](json& answer) { answer["kind"] = 7; }).find("got") != std::string::npos);
  BOOST_TEST(wrong([](json& answer) { answer.erase("response"); }) == "failed: no response provided");
  BOOST_TEST(wrong([](json& answer) { answer["response"] = nullptr; }) == "failed: no response provided");
  BOOST_TEST(wrong([](json& answer) { answer["response"] = "yes"; }).starts_with("failed: json: "));
  BOOST_TEST(wrong([](json& answer) { answer["response"]["uid"] = "another"; }) ==
             "failed: expected response.uid=\"the-question\", got \"another\"");
  BOOST_TEST(wrong([](json& answer) { answer["response"].erase("uid"); }) ==
             "failed: expected response.uid=\"the-question\", got \"\"");
  BOOST_TEST(wrong([](json& answer) {
               answer["response"]["result"] = {{"status", "Failure"}, {"message", "no such host"}};
             }) == "failed: no such host");
  BOOST_TEST(wrong([](json& answer) { answer["response"]["result"] = {{"status", "Failure"}}; }) ==
             "failed: response.result.status was 'Failure', not 'Success'");
  BOOST_TEST(wrong([](json& answer) { answer["response"].erase("result"); }) ==
             "failed: response.result.status was '', not 'Success'");
  BOOST_TEST(wrong([](json& answer) { answer["response"]["result"] = 1; }) ==
             "failed: response.result.status was '', not 'Success'");
}

BOOST_AUTO_TEST_CASE(objects_that_are_not_those_that_were_asked_for) {
  const auto question = question_about({widget("a", "v1")});
  const auto wrong = [&](const std::function<void(json & object)>& change) {
    json answer = good_answer({"a"});
    change(answer["response"]["convertedObjects"][0]);
    return complaint(question, answer.dump());
  };
  json none = good_answer({});
  BOOST_TEST(complaint(question, none.dump()) == "returned 0 objects, expected 1");
  none["response"].erase("convertedObjects");
  BOOST_TEST(complaint(question, none.dump()) == "returned 0 objects, expected 1");
  BOOST_TEST(complaint(question, good_answer({"a", "b"}).dump()) == "returned 2 objects, expected 1");
  none["response"]["convertedObjects"] = {{"a", 1}};
  BOOST_TEST(complaint(question, none.dump()).starts_with("failed: json: "));
  BOOST_TEST(
      wrong([](json& object) { object = nullptr; }).starts_with("returned invalid object at index 0: "));
  BOOST_TEST(wrong([](json& object) { object = json::array({1}); }).starts_with("returned invalid object"));
  BOOST_TEST(wrong([](json& object) { object.erase("kind"); }).find("'Kind' is missing") !=
             std::string::npos);
  BOOST_TEST(wrong([](json& object) { object["kind"] = "Gadget"; }) ==
             "returned invalid object at index 0: invalid kind (expected Widget, received Gadget)");
  BOOST_TEST(wrong([](json& object) { object["apiVersion"] = "example.com/v1"; }) ==
             "returned invalid object at index 0: invalid groupVersion (expected example.com/v2, received "
             "example.com/v1)");
  BOOST_TEST(wrong([](json& object) { object.erase("apiVersion"); }).find("invalid groupVersion") !=
             std::string::npos);
  BOOST_TEST(wrong([](json& object) { object["metadata"]["name"] = "b"; }) ==
             "returned invalid object: must have the same name: a != b");
  BOOST_TEST(wrong([](json& object) { object["metadata"].erase("name"); }) ==
             "returned invalid object: must have the same name: a != ");
  BOOST_TEST(wrong([](json& object) { object["metadata"]["namespace"] = "there"; }) ==
             "returned invalid object: must have the same namespace: here != there");
  BOOST_TEST(wrong([](json& object) { object["metadata"]["uid"] = "u"; }) ==
             "returned invalid object: must have the same UID: uid-of-a != u");
  BOOST_TEST(wrong([](json& object) { object.erase("metadata"); }).find("must have the same name") !=
             std::string::npos);
  BOOST_TEST(wrong([](json& object) { object["metadata"] = "m"; }).find("must have the same name") !=
             std::string::npos);
  BOOST_TEST(wrong([](json& object) { object["metadata"]["labels"] = "l"; }) ==
             "returned invalid metadata: invalid metadata.labels of type string in converted object");
  BOOST_TEST(wrong([](json& object) { object["metadata"]["annotations"] = json::array(); }) ==
             "returned invalid metadata: invalid metadata.annotations of type []interface {} in converted "
             "object");
  BOOST_TEST(
      wrong([](json& object) { object["metadata"]["labels"] = {{"n", 1}}; }) ==
      "returned invalid metadata: metadata.labels[n] must be a string, but is int64 in converted object");
  BOOST_TEST(wrong([](json& object) {
               object["metadata"]["labels"] = {{"no key", "v"}};
             }).starts_with("returned invalid metadata: metadata.labels: Invalid value: \"no key\""));
  BOOST_TEST(wrong([](json& object) {
               object["metadata"]["annotations"] = {{"no key", "v"}};
             }).starts_with("returned invalid metadata: metadata.annotation: Invalid value: \"no key\""));
}

BOOST_AUTO_TEST_CASE(among_many_the_place_is_named) {
  const auto question = question_about({widget("a", "v1"), widget("b", "v1")});
  BOOST_TEST(complaint(question, good_answer({"a"}).dump()) == "returned 1 objects, expected 2");
  BOOST_TEST(complaint(question, good_answer({"b", "a"}).dump()) ==
             "returned invalid converted object at index 0: must have the same name: a != b");
  json answer = good_answer({"a", "b"});
  answer["response"]["convertedObjects"][1]["metadata"]["labels"] = 1;
  BOOST_TEST(complaint(question, answer.dump()) ==
             "returned invalid metadata in object at index 1: invalid metadata.labels of type int64 in "
             "converted object");
  const auto read = read_conversion(question, good_answer({"a", "b"}).dump());
  BOOST_REQUIRE(read);
  BOOST_TEST((*read == std::vector<json>{good_object("a"), good_object("b")}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace actord::actors
