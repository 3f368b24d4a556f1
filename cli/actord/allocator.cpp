/// What jemalloc, which takes the place of the C library's allocator in this program, reads before `main`
/// (docs/decisions/031). MALLOC_CONF in the environment goes before it.
///
/// - as many arenas as cores: threads of one core seldom wait for each other;
/// - memory that was freed goes back to the machine over five seconds, by a thread of the allocator's own and
///   also when nothing else happens; large pieces too, which would otherwise go back at once and cost a fault
///   for each page when the next list is written;
/// - a thread keeps 600 free pieces of a size instead of 200: a batch of creates frees as many at once of
/// what
///   other threads have made.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas_ratio:1,background_thread:true,dirty_decay_ms:5000,oversize_threshold:0,"
                          "lg_tcache_nslots_mul:2,tcache_nslots_small_max:600";
}
