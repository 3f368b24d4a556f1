#include "runtime/fence/deadline_file.hpp"

#include "runtime/files/file_tools.hpp"
#include "runtime/files/unique_fd.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace actord::runtime {
namespace {

constexpr std::size_t boot_id_length = 36;

struct contents {
  std::atomic<std::uint64_t> end_ns;
  std::array<char, boot_id_length> boot_id;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

class mapped_deadline final : public deadline_file {
public:
  explicit mapped_deadline(contents* mapped) : mapped_(mapped) {}
  ~mapped_deadline() override { ::munmap(mapped_, sizeof(contents)); }
  mapped_deadline(const mapped_deadline&) = delete;
  mapped_deadline& operator=(const mapped_deadline&) = delete;

  [[nodiscard]] boot_time get() const override {
    return boot_time(std::chrono::nanoseconds(static_cast<std::int64_t>(mapped_->end_ns.load())));
  }
  void set(boot_time end) override {
    mapped_->end_ns = static_cast<std::uint64_t>(end.time_since_epoch().count());
  }

  /// What another start of the machine left has no meaning.
  void forget_unless(std::string_view boot_id) {
    if (boot_id == std::string_view(mapped_->boot_id.data(), boot_id_length)) return;
    mapped_->end_ns = 0;
    std::memcpy(mapped_->boot_id.data(), boot_id.data(), boot_id_length);
  }

private:
  contents* const mapped_;
};

} // namespace

boot_time boot_clock::now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return boot_time(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

result<std::unique_ptr<deadline_file>> deadline_file::open(const std::string& path) {
  const auto boot_id = read_file("/proc/sys/kernel/random/boot_id", 64);
  if (!boot_id || !*boot_id || (*boot_id)->size() < boot_id_length)
    return error{.message = "this kernel does not say which of its starts this is"};
  const unique_fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return system_error("open " + path, errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || (status.st_size < static_cast<off_t>(sizeof(contents)) &&
                                            ::ftruncate(file.get(), sizeof(contents)) != 0))
    return system_error("write " + path, errno);
  void* const mapped = ::mmap(nullptr, sizeof(contents), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (mapped == MAP_FAILED) return system_error("map " + path, errno);
  auto made = std::make_unique<mapped_deadline>(static_cast<contents*>(mapped));
  made->forget_unless(std::string_view(**boot_id).substr(0, boot_id_length));
  return std::unique_ptr<deadline_file>(std::move(made));
}

} // namespace actord::runtime
