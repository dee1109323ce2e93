// Part of daqd
// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import DAQKernel

@Suite("Limit of open files")
struct FileLimitTests {
    @Test("the daemon takes what the system allows, and never less than it had")
    func raised() {
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var before = rlimit()
        #expect(unsafe getrlimit(files, &before) == 0)
        // Still enough for the tests beside this one.
        var low = before
        low.rlim_cur = before.rlim_cur - before.rlim_cur / 10
        #expect(unsafe setrlimit(files, &low) == 0)
        FileLimit.raise()
        var after = rlimit()
        #expect(unsafe getrlimit(files, &after) == 0)
        #expect(after.rlim_max == before.rlim_max)
        #expect(after.rlim_cur == max(low.rlim_cur, min(before.rlim_max, 65536)))
        _ = unsafe setrlimit(files, &before)
    }
}
