#include "tests/sim/api/spoiled_forwarding.hpp"

#include "net/peer/forwarding.hpp"

namespace actord::sim {

std::string spoil_question(mutant what, std::string question) {
  if (what != mutant::forwards_as_new && what != mutant::forgets_earlier_tries) return question;
  auto read = net::decode_forwarded_request(question);
  if (!read || !read->again) return question;
  if (what == mutant::forwards_as_new) read->request_id += "+";
  read->again = false;
  return net::encode_forwarded(*read);
}

std::string spoil_answer(mutant what, std::string answer) {
  if (what != mutant::answers_before_applied) return answer;
  auto read = net::decode_forwarded_answer(answer);
  if (!read) return answer;
  auto* const told = std::get_if<net::forwarded_answer::answered>(&read->what);
  if (told == nullptr) return answer;
  told->applied = revision{0};
  return net::encode_forwarded(*read);
}

} // namespace actord::sim
