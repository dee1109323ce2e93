// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// The device `daqd` under the names that engineers know from the IOC statistics module.
enum IOCStatistics {
    /// The set that a site chooses as `iocstats`.
    static let nameSet = NameSet(
        "iocstats", summary: "The daemon under the names of the IOC statistics module",
        entries: [
            number("UPTIME_SECONDS", "uptime"), number("HEARTBEAT", "heartbeat", .long),
            NameEntry("UPTIME", .parameter("uptime_text")), NameEntry("STARTTOD", .parameter("started")),
            NameEntry("TOD", .parameter("time")), NameEntry("HOSTNAME", .parameter("host")),
            NameEntry("ENGINEER", .stored(.string(""))), NameEntry("LOCATION", .stored(.string(""))),
            number("PROCESS_ID", "process_id", .long), NameEntry("APP_DIR", .parameter("directory")),
            NameEntry("DAQD_VERS", .parameter("version")),
            number("IOC_CPU_LOAD", "cpu"), number("SYS_CPU_LOAD", "host_cpu"), number("CPU_CNT", "cores", .long),
            number("MEM_USED", "memory"), number("MEM_FREE", "host_memory_free"), number("MEM_MAX", "host_memory"),
            number("FD_CNT", "files", .long), number("FD_MAX", "files_limit", .long),
            number("FD_FREE", "files_free", .long), number("THREAD_CNT", "threads", .long),
            number("CA_CLNT_CNT", "clients", .long), number("CA_CONN_CNT", "channels", .long),
            number("CA_UPD_RATE", "updates_per_second"),
        ])

    private static func number(_ name: String, _ path: String, _ type: FrontendType? = nil) -> NameEntry {
        NameEntry(name, .parameter(path)) { $0.type = type }
    }
}
