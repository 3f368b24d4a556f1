#include "storage/encoding/checksum.hpp"
#include "storage/kv/memory_kv.hpp"
#include "storage/layout.hpp"
#include "storage/log/log_entry.hpp"
#include "storage/log/log_table.hpp"

#include <boost/test/unit_test.hpp>

using namespace actord;
using namespace actord::storage;
using namespace std::chrono_literals;

namespace {

std::string sample(std::size_t value_bytes = 100) {
  batch_builder builder(raft_term{3}, revision{10}, wall_time{5s}, 77);
  builder.add(item_kind::put, {resource_id{7}, "space", "first"}, revision{0}, std::string(value_bytes, 'a'));
  builder.add(item_kind::remove, {resource_id{8}, "", "second"}, revision{4}, std::string(value_bytes, 'b'));
  builder.add_request("request", {revision{10}, revision{0}});
  builder.compact(revision{2}, raft_index{1});
  return builder.finish();
}

log_entry command(std::string payload, raft_term term = raft_term{3}) {
  return {term, entry_kind::command, std::make_shared<const std::string>(std::move(payload))};
}

} // namespace

BOOST_AUTO_TEST_SUITE(the_log)

BOOST_AUTO_TEST_CASE(a_batch_says_what_was_put_into_it) {
  const std::string bytes = sample();
  const auto batch = batch_view::open(bytes, false);
  BOOST_REQUIRE(batch.has_value());
  BOOST_TEST(batch->header().term.value == 3U);
  BOOST_TEST(batch->header().last().value == 11U);
  BOOST_TEST((batch->header().time == wall_time{5s}));
  BOOST_TEST(batch->header().logged_before == 77U);
  BOOST_TEST(batch->header().announce.value == 2U);
  BOOST_TEST(batch->header().trim.value == 1U);
  const log_item first = batch->item(0);
  BOOST_TEST((first.key == object_key{resource_id{7}, "space", "first"}));
  BOOST_TEST(first.value == std::string(100, 'a'));
  const log_item second = batch->item(1);
  BOOST_TEST((second.kind == item_kind::remove));
  BOOST_TEST((second.key == object_key{resource_id{8}, "", "second"}));
  BOOST_TEST(second.previous.value == 4U);
  const auto requests = batch->requests();
  BOOST_REQUIRE(requests.size() == 1U);
  BOOST_TEST(requests[0].id == "request");
  BOOST_TEST((requests[0].revisions == std::vector<revision>{revision{10}, revision{0}}));
}

BOOST_AUTO_TEST_CASE(damage_is_found) {
  const std::string good = sample();
  for (std::size_t i = 0; i < good.size(); ++i) {
    if (i == 2 || i == 3) continue; // reserved
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    BOOST_TEST(!batch_view::open(bad, false), "byte " << i);
    BOOST_TEST(!batch_view::open(std::string_view(good).substr(0, i), false), "cut at " << i);
  }
}

/// Without the checksum, what is broken must at least never be read beyond its end.
BOOST_AUTO_TEST_CASE(trusted_bytes_stay_within_their_bounds) {
  const std::string good = sample(20);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ change);
      const auto batch = batch_view::open(bad, true);
      if (!batch) continue;
      for (std::uint32_t item = 0; item < batch->header().items; ++item) {
        const std::string_view value = batch->item(item).value;
        BOOST_REQUIRE(value.data() >= bad.data() && value.data() + value.size() <= bad.data() + bad.size());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(entries_are_cut_into_rows_and_put_together) {
  const kv::memory_disk disk;
  const auto open = kv::open_memory(disk);
  const std::vector<std::size_t> sizes{1, 1900, 1950, 2000, 3990, 4080, 4100, 100'000};
  {
    const auto out = open->write();
    std::uint64_t index = 1;
    for (const std::size_t size : sizes) {
      append_entry(*out, raft_index{index}, command(sample(size)), index == 1);
      ++index;
    }
    append_entry(*out, raft_index{index},
                 {raft_term{4}, entry_kind::barrier, std::make_shared<const std::string>()}, true);
    BOOST_REQUIRE(out->commit().has_value());
  }
  const auto view = open->read();
  const log_reader log(*view);
  BOOST_TEST(log.bounds().second.value == sizes.size() + 1);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const raft_index index{i + 1};
    BOOST_TEST(*log.entry(index)->payload == sample(sizes[i]));
    const auto header = log.batch(index);
    BOOST_REQUIRE(header);
    const logged_item item = log.item(index, *header, 1);
    BOOST_TEST(item.value == std::string(sizes[i], 'b'));
    BOOST_TEST((log.item_key(index, *header, 0) == object_key{resource_id{7}, "space", "first"}));
  }
  BOOST_TEST(!log.batch(raft_index{sizes.size() + 1}));
  BOOST_TEST(!log.entry(raft_index{99}));
  BOOST_TEST((log_terms(*view, raft_index{1}) ==
              std::vector<std::pair<raft_index, raft_term>>{{raft_index{1}, raft_term{3}},
                                                            {raft_index{9}, raft_term{4}}}));
}

BOOST_AUTO_TEST_CASE(terms_survive_truncation_and_trimming) {
  const kv::memory_disk disk;
  const auto open = kv::open_memory(disk);
  const auto out = open->write();
  const std::uint64_t terms[] = {1, 1, 2, 2, 2, 5, 5};
  for (std::uint64_t i = 0; i < std::size(terms); ++i) {
    append_entry(*out, raft_index{i + 1}, command("x", raft_term{terms[i]}),
                 i == 0 || terms[i] != terms[i - 1]);
  }
  using runs = std::vector<std::pair<raft_index, raft_term>>;
  trim_log(*out, raft_index{1}, raft_index{3});
  BOOST_TEST(
      (log_terms(*out, raft_index{4}) == runs{{raft_index{4}, raft_term{2}}, {raft_index{6}, raft_term{5}}}));
  truncate_log(*out, raft_index{6});
  BOOST_TEST((log_terms(*out, raft_index{4}) == runs{{raft_index{4}, raft_term{2}}}));
  BOOST_TEST((log_reader(*out).bounds() == std::pair{raft_index{4}, raft_index{5}}));
}

BOOST_AUTO_TEST_CASE(revisions_are_found_among_other_entries) {
  const kv::memory_disk disk;
  const auto open = kv::open_memory(disk);
  const auto out = open->write();
  std::uint64_t base = 1;
  for (std::uint64_t index = 1; index <= 40; ++index) {
    if (index % 7 == 1 || index % 7 == 2) {
      append_entry(*out, raft_index{index},
                   {raft_term{1}, entry_kind::barrier, std::make_shared<const std::string>()}, index == 1);
      continue;
    }
    batch_builder builder(raft_term{1}, revision{base}, wall_time{}, 0);
    for (std::uint64_t item = 0; item < index % 4; ++item) {
      builder.add(item_kind::put, {resource_id{1}, "", "n"}, revision{0}, std::to_string(base + item));
    }
    base += index % 4;
    append_entry(*out, raft_index{index}, command(builder.finish(), raft_term{1}), false);
  }
  const log_reader log(*out);
  for (std::uint64_t at = 1; at < base; ++at) {
    const auto found = log.version(revision{at});
    BOOST_REQUIRE(found);
    BOOST_TEST(found->value == std::to_string(at));
  }
  BOOST_TEST(!log.version(revision{base}));
  BOOST_TEST(!log.version(revision{0}));
}

BOOST_AUTO_TEST_CASE(known_checksums) {
  BOOST_TEST(crc32c("") == 0U);
  BOOST_TEST(crc32c("123456789") == 0xe3069283U); // RFC 3720, B.4
  BOOST_TEST(crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  // Part of index keys on disk: these may never change.
  BOOST_TEST((stable_hash("app=web") == hash128{0xa7ab11180598215eULL, 0x1d73631b3ef0ebc8ULL}));
  BOOST_TEST((stable_hash("a") != stable_hash(std::string("a\0", 2))));
}

BOOST_AUTO_TEST_CASE(addresses_order_as_names_do) {
  using layout::address;
  const resource_id pods{7};
  const std::vector<object_key> ordered{
      {pods, "", "a"},   {pods, "", "a-b"},          {pods, "", "b"}, {pods, "a", "z"}, {pods, "a-b", "a"},
      {pods, "ab", "a"}, {resource_id{300}, "", "a"}};
  for (std::size_t i = 1; i < ordered.size(); ++i)
    BOOST_TEST((address(ordered[i - 1]) < address(ordered[i])));
  for (const object_key& key : ordered) BOOST_TEST((*layout::parse_address(address(key)) == key));
  const object_key longest{pods, std::string(63, 's'), std::string(253, 'n')};
  BOOST_TEST((*layout::parse_address(address(longest)) == longest));
  const object_key cut{pods, "s", std::string(2000, 'n')};
  BOOST_TEST(address(cut).size() == layout::max_address_bytes);
  BOOST_TEST(!layout::parse_address(address(cut)));
  BOOST_TEST((layout::row_key(address(cut), layout::full_names(cut, address(cut))) == cut));
  BOOST_TEST(layout::version_row(address(cut), revision{1}).size() <= kv::max_key_bytes);
  BOOST_TEST(
      (layout::label_address(layout::label_row(pods, "l", "v", address(longest))) == address(longest)));
}

BOOST_AUTO_TEST_SUITE_END()
