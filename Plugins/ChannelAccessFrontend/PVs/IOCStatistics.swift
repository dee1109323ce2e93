// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// The device `daqd` under the names that engineers know from the IOC statistics module.
enum IOCStatistics {
    /// How a site chooses the set.
    static let name = "iocstats"

    /// The set, with the numbers of clients and channels of one frontend.
    static func nameSet(frontend: String) -> NameSet {
        let own = "frontends/\(frontend)"
        return NameSet(
            name, summary: "The daemon under the names of the IOC statistics module",
            entries: [
                number("UPTIME_SECONDS", "uptime"), number("HEARTBEAT", "heartbeat", .long),
                NameEntry("UPTIME", .parameter("uptime_text")), NameEntry("STARTTOD", .parameter("started")),
                NameEntry("TOD", .parameter("time")), NameEntry("HOSTNAME", .parameter("host")),
                NameEntry("ENGINEER", .stored(.string(""))) { $0.description = "Who answers for this daemon" },
                NameEntry("LOCATION", .stored(.string(""))) { $0.description = "Where the daemon runs" },
                number("PROCESS_ID", "process_id", .long), NameEntry("APP_DIR", .parameter("directory")),
                number("IOC_CPU_LOAD", "cpu"), number("SYS_CPU_LOAD", "host_cpu"), number("CPU_CNT", "cores", .long),
                number("MEM_USED", "memory", .double), number("MEM_FREE", "host_memory_free", .double),
                number("MEM_MAX", "host_memory", .double), number("FD_CNT", "files", .long),
                number("FD_MAX", "files_limit", .double), number("FD_FREE", "files_free", .double),
                number("THREAD_CNT", "threads", .long), number("CA_CLNT_CNT", "\(own)/circuits", .long),
                number("CA_CONN_CNT", "\(own)/channels", .long),
                number("CA_UPD_RATE", "\(own)/updates_per_second", .long),
            ])
    }

    private static func number(_ name: String, _ path: String, _ type: FrontendType? = nil) -> NameEntry {
        NameEntry(name, .parameter(path)) { $0.type = type }
    }
}
