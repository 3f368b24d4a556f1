#pragma once

#include "actors/conversion/write_conversions.hpp"
#include "actors/webhooks/match_conditions.hpp"
#include "schema/base/clock.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace actord::actors {

/// One question to one webhook.
struct review_call {
  std::size_t number = 0; ///< among those that are due together
  std::shared_ptr<const webhook> hook;
  std::string text; ///< the AdmissionReview
  std::chrono::milliseconds timeout{0};
};

/// What webhooks have to say to one attempt at a write (or to one CONNECT): which are asked, in which order,
/// and what becomes of their answers. Decides; asks nobody itself.
///
/// A write is planned in one go and cannot wait in the middle, so a plan that meets mutating webhooks is
/// given up, and made again with their outcome in the place where it was given up:
///
///   plan ─ mutate: plugins ─▶ object ─▶ interrupted ─▶ webhooks, one after the other ─▶ object'
///   plan ─ mutate: object' ─▶ changed? plugins again ─▶ interrupted ─▶ those webhooks to reinvoke ─▶
///   object'' plan ─ mutate: object'' ─ ... ─ validate: notes the planned object ─▶ complete plan
///          ─▶ validating webhooks, all at once ─▶ the plan is carried out
///
/// An outcome belongs to the revision of the stored object that it was made of: planned against another one,
/// all begins anew. Nothing here is for two threads at once.
class write_reviews {
public:
  struct environment {
    std::shared_ptr<const webhook_set> hooks;
    /// Labels of a namespace; none: there is no such namespace.
    std::function<std::optional<schema::text_map>(const std::string& space)> space_labels;
    std::function<wall_time()> now;
    random_source& random;
    /// What a caller may, for conditions that ask.
    access_check may = {};
    /// Who converts custom kinds into the versions that webhooks ask for; null: nobody.
    const conversion_gate* conversions = nullptr;
  };
  /// `operation` is what the request is unless it turns out that there is something to create.
  write_reviews(environment with, review_subject subject, json create_options);

  /// Null where no webhook names what the command may turn out to be.
  static std::shared_ptr<write_reviews> of_command(environment with, const write_command& command);

  // For the plan.

  /// The mutating step. `plugins` are those in process. An error when it was interrupted.
  result<void> mutate(json& object, const json* old, const std::function<result<void>(json&)>& plugins);
  /// Notes what shall be validated.
  void validate(const json& object, const json* old);
  /// A deletion: mutating webhooks are asked too but have nothing to change.
  void remove(const json& old);
  /// A connection, which nobody changes either.
  void connect(const json& options);

  // For who carries out.

  /// The plan was given up: it is to be made again once nothing is due.
  [[nodiscard]] bool interrupted() const { return interrupted_; }
  /// What must be asked now, together. Call it again when all of it was answered; empty when nothing is left
  /// to ask, or while `wants_conversion`.
  std::vector<review_call> due();
  /// Whether `conversions` has something to fetch before anything is due.
  [[nodiscard]] bool wants_conversion() const { return conversions_ != nullptr && conversions_->wants(); }
  [[nodiscard]] write_conversions& conversions() { return *conversions_; }
  /// The answer's body, or why there is none.
  void take(std::size_t number, result<std::string> answer);

  [[nodiscard]] const std::optional<review_refusal>& refusal() const { return refusal_; }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  [[nodiscard]] const std::map<std::string, std::string>& audit_notes() const { return notes_; }

private:
  enum class stage : std::uint8_t { untouched, first, second };
  struct question {
    concerned_webhook to;
    std::string uid;
  };
  /// An answer whose object has yet to come back into the version of the write.
  struct unfinished_mutation {
    question asked;
    review_answer answer;
    std::size_t rank;
  };

  void know_operation(const json* old);
  bool start_mutation(const json& object, const json* old);
  std::optional<review_call> next_mutation();
  std::vector<review_call> validations();
  bool is_selected(const concerned_webhook& each);
  bool meets_conditions(const concerned_webhook& each);
  [[nodiscard]] json shown(const concerned_webhook& to, const json& object) const;
  review_call ask(std::size_t number, const concerned_webhook& each);
  /// False: its object waits for a conversion.
  bool take_mutation(const question& asked, const review_answer& answer);
  void finish_mutation(unfinished_mutation what);
  /// Whether a webhook that is asked about `as` needs another one to convert the object.
  [[nodiscard]] bool converts(const schema::resource_handle& as) const;
  /// None: it waits for a conversion.
  [[nodiscard]] std::optional<result<json>> back(const concerned_webhook& from, const json& patched) const;
  [[nodiscard]] json turned(const schema::resource_handle& from, const schema::resource_handle& to,
                            const json& object) const;
  void refuse(std::size_t number, review_refusal why);
  void fail(std::size_t number, const webhook& hook, std::string_view why);

  const environment with_;
  review_subject subject_;
  const json create_options_;
  const wall_time until_;

  // The objects in question; null for none.
  json object_;
  json old_;
  const std::shared_ptr<write_conversions> conversions_; ///< null where none converts the kind
  std::optional<unfinished_mutation> unfinished_;
  std::vector<question> asked_; ///< by number

  bool interrupted_ = false;
  stage stage_ = stage::untouched;
  std::string made_of_; ///< revision of the stored object that `object_` was made of; empty: of none
  int restarts_ = 0;
  bool mutating_ = false;
  bool fixed_ = false; ///< nobody may change the object
  std::vector<concerned_webhook> mutators_;
  std::size_t at_ = 0; ///< in `mutators_`: who is asked next
  bool changed_ = false;
  std::set<std::size_t> asked_before_; ///< of those to reinvoke, since the last change
  std::set<std::size_t> to_reinvoke_;
  bool validation_due_ = false;

  std::optional<review_refusal> refusal_;
  std::size_t refused_by_ = 0;
  std::vector<std::string> warnings_;
  std::map<std::string, std::string> notes_;
};

} // namespace actord::actors
