#include "tests/sim/api/simulated_leadership.hpp"

#include "actors/objects/object_router.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <charconv>
#include <fmt/format.h>

namespace actord::sim {
namespace {

constexpr time_us retry_us = 1'000'000;

class simulated_leadership : public std::enable_shared_from_this<simulated_leadership> {
public:
  simulated_leadership(leadership_parts parts, raft_term term) : parts_(std::move(parts)), term_(term) {}

  void begin() {
    parts_.router.open(term_);
    make_namespace();
  }
  void end() {
    parts_.router.close();
    ended_ = !parts_.never_ends;
  }

private:
  void make_namespace() {
    const schema::resource_type& type = schema::builtin("", "namespaces");
    const json object = {{"apiVersion", "v1"}, {"kind", type.kind}, {"metadata", {{"name", "default"}}}};
    submit(actors::write_verb::create, {type.id, {}, "default"}, object.dump(),
           [this](const result<actors::write_answer>& told) {
             const bool there = told || told.error().kind == error_kind::already_exists;
             if (!there) return after(retry_us, [this] { make_namespace(); });
             parts_.router.open_to_all();
             parts_.opened();
             tick();
           });
  }

  void tick() {
    after(parts_.chance.between(10'000, 300'000), [this] {
      if (parts_.quiet()) return;
      const schema::resource_type& type = schema::builtin("", "configmaps");
      const json patch = {{"apiVersion", "v1"},
                          {"kind", type.kind},
                          {"metadata", {{"name", "ticker"}}},
                          {"data", {{"ticks", fmt::format("{}/{}", term_.value, ++ticks_)}}}};
      submit(actors::write_verb::patch, {type.id, "default", "ticker"}, patch.dump(),
             [this](const result<actors::write_answer>&) { tick(); });
    });
  }

  void submit(actors::write_verb verb, object_key key, std::string body,
              std::function<void(const result<actors::write_answer>&)> then) {
    actors::write_command command;
    command.verb = verb;
    command.key = std::move(key);
    command.body = std::move(body);
    command.patch = schema::patch_format::apply;
    command.force = true;
    command.field_manager = "leader";
    const std::string author = ticker_author(parts_.self, term_);
    command.caller = {.user = author, .uid = {}, .groups = {"system:masters"}, .extra = {}};
    command.cause = {.actor = author, .verb = {}, .request_id = {}, .reacted_to = {}, .note = {}};
    if (!parts_.never_ends) command.only_in_term = term_;
    const auto kept = parts_.never_ends ? shared_from_this() : nullptr;
    command.done = [weak = weak_from_this(), kept,
                    then = std::move(then)](result<actors::write_answer> told) {
      if (const auto self = weak.lock()) self->after(0, [then, told = std::move(told)] { then(told); });
    };
    parts_.router.submit(std::move(command));
  }

  void after(time_us time, std::function<void()> what) {
    parts_.threads.post(time, [self = shared_from_this(), what = std::move(what)] {
      if (!self->ended_) what();
    });
  }

  leadership_parts parts_;
  const raft_term term_;
  std::uint64_t ticks_ = 0;
  bool ended_ = false;
};

class held_leadership final : public actors::leadership {
public:
  explicit held_leadership(std::shared_ptr<simulated_leadership> held) : held_(std::move(held)) {
    held_->begin();
  }
  ~held_leadership() override { held_->end(); }
  held_leadership(const held_leadership&) = delete;
  held_leadership& operator=(const held_leadership&) = delete;

private:
  std::shared_ptr<simulated_leadership> held_;
};

constexpr std::string_view author_prefix = "leader/";

} // namespace

std::unique_ptr<actors::leadership> begin_leadership(leadership_parts parts, raft_term term) {
  return std::make_unique<held_leadership>(std::make_shared<simulated_leadership>(std::move(parts), term));
}

std::string ticker_author(member_id self, raft_term term) {
  return fmt::format("{}{}/{}", author_prefix, self, term.value);
}

std::optional<raft_term> term_of_author(std::string_view author) {
  if (!author.starts_with(author_prefix)) return {};
  author.remove_prefix(author.rfind('/') + 1);
  raft_term term;
  std::from_chars(author.data(), author.data() + author.size(), term.value);
  return term;
}

} // namespace actord::sim
