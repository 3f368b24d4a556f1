#pragma once

#include "tests/sim/api/api_attempt.hpp"
#include "tests/sim/api/object_book.hpp"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace actord::sim {

/// Knows what answers and history may be:
///
///   acknowledged  in the history once, where it was said, with what it puts, and later than what anybody had
///                 been told of when it was sent; the server that answers has applied it
///   refused       nowhere in the history, and for a reason that held while it was under way
///   unknown       at most once
///   each revision is of a request, and is what that request makes of what was there
///
/// Throws `failure`.
class api_judge {
public:
  api_judge(const truth& history, std::function<time_us()> now) : book_(history), now_(std::move(now)) {}

  /// A new attempt, sent now.
  api_attempt& enter(api_attempt attempt);
  /// What the history says since.
  void read_on();
  /// An attempt's answer is there: `told`, `code` and `body` are set.
  void hear(api_attempt& attempt);

  [[nodiscard]] const object_book& book() const { return book_; }
  /// The newest revision anybody was told of.
  [[nodiscard]] revision acknowledged() const { return acknowledged_; }
  /// A list, filtered or not, is what there was at its revision.
  void check_list(const std::string& who, const std::map<std::string, held_object>& listed, revision at,
                  const std::function<bool(const std::string& name, const held_object&)>& wanted) const;

private:
  void check_entry(const book_entry& entry);
  void check_effect(const api_attempt& attempt, const book_entry& entry) const;
  void check_done(api_attempt& attempt);
  void check_refused(const api_attempt& attempt) const;
  void check_read(api_attempt& attempt);
  void check_listed(api_attempt& attempt);

  object_book book_;
  std::function<time_us()> now_;
  std::size_t judged_ = 0; ///< entries of the book
  std::deque<api_attempt> attempts_;
  std::map<std::string, api_attempt*> by_id_;
  std::set<std::string> uids_;
  std::vector<time_us> published_; ///< when each revision was first seen
  revision acknowledged_;
};

} // namespace actord::sim
