// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc

/// How many files, and so connections, this process may have open.
enum FileLimit {
    /// No list of the operating system's becomes long by so many.
    private static let most: rlim_t = 65536

    /// Takes what the system allows: the usual 1024 are meant for programs that use `select`, and a frontend may need them all.
    static func raise() {
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(files, &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, most)
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        _ = unsafe setrlimit(files, &limit)
    }
}
