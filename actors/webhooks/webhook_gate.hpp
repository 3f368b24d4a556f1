#pragma once

#include "actors/webhooks/webhook_mirror.hpp"
#include "actors/webhooks/write_reviews.hpp"
#include "net/calls/https_caller.hpp"

#include <functional>
#include <memory>

namespace actord::actors {

/// Where writes and connections meet the webhooks of the cluster: knows which there are, and asks them.
/// Must not outlive what it is given. Any thread.
class webhook_gate {
public:
  webhook_gate(storage::store& store, random_source& random, std::unique_ptr<net::https_caller> caller,
               access_check may, const conversion_gate* conversions = nullptr)
      : store_(store), random_(random), mirror_(store), caller_(std::move(caller)), may_(std::move(may)),
        conversions_(conversions) {}

  /// Null where no webhook is concerned, which costs next to nothing to say while there are none.
  [[nodiscard]] std::shared_ptr<write_reviews> begin(const write_command& command) const;
  /// Of what is no write of an object: a connection, a review.
  [[nodiscard]] std::shared_ptr<write_reviews> begin_request(review_subject subject) const;
  [[nodiscard]] bool any() const { return mirror_.current() != nullptr; }

  /// Runs a job: one at a time, maybe later, on whatever thread.
  using runner = std::function<void(std::function<void()> job)>;
  /// Asks what is due, and what is due then, until nothing is; `done` runs by `run` too.
  void carry_out(std::shared_ptr<write_reviews> reviews, runner run, std::function<void()> done) const;

  /// Who converts custom kinds between their versions; null: nobody.
  [[nodiscard]] const conversion_gate* conversions() const { return conversions_; }

  /// Ends all calls; what waits for them is answered.
  void stop() const { caller_->stop(); }

private:
  [[nodiscard]] write_reviews::environment environment(std::shared_ptr<const webhook_set> hooks) const;
  [[nodiscard]] std::optional<schema::text_map> space_labels(const std::string& space) const;
  void ask(const review_call& call, std::function<void(result<std::string>)> answer) const;

  storage::store& store_;
  random_source& random_;
  webhook_mirror mirror_;
  std::unique_ptr<net::https_caller> caller_;
  const access_check may_;
  const conversion_gate* conversions_; ///< null: nobody converts custom kinds
};

} // namespace actord::actors
