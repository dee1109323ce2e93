// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// What the circuits of one server share.
final class CircuitServices: Sendable {
    let frontend: String
    let directory: any NameDirectory
    let limits: CircuitLimits
    /// Where searches over TCP send the client: this server.
    let tcpPort: UInt16
    /// Greatest payload; follows the largest value where the configuration says nothing.
    let maximumPayload: @Sendable () -> Int
    let counters: ServerCounters
    let logger: Logger

    init(
        frontend: String, directory: any NameDirectory, limits: CircuitLimits, tcpPort: UInt16,
        counters: ServerCounters, logger: Logger, maximumPayload: @escaping @Sendable () -> Int
    ) {
        self.frontend = frontend
        self.directory = directory
        self.limits = limits
        self.tcpPort = tcpPort
        self.counters = counters
        self.logger = logger
        self.maximumPayload = maximumPayload
    }
}

/// What the frontend counts; each appears under the device `daqd` and in the metrics.
struct ServerCounters: Sendable {
    let circuits: Counter
    let channels: Counter
    let subscriptions: Counter
    let reads: Counter
    let writes: Counter
    let updates: Counter
    let overwritten: Counter
    let bytesOut: Counter
    let searches: Counter
    let hits: Counter
    let protocolErrors: Counter
    let refused: Counter
    let slow: Counter

    /// - Parameter counter: Makes a counter from its name and one sentence.
    init(_ counter: (String, String) -> Counter) {
        circuits = counter("circuits", "Open circuits")
        channels = counter("channels", "Open channels")
        subscriptions = counter("subscriptions", "Subscriptions of all circuits")
        reads = counter("reads", "Read requests answered")
        writes = counter("writes", "Write requests carried out or refused")
        updates = counter("updates", "Updates sent to subscriptions")
        overwritten = counter("overwritten", "Updates replaced by newer ones because a client was slow")
        bytesOut = counter("bytes_out", "Bytes sent to clients")
        searches = counter("searches", "Names asked for in datagrams")
        hits = counter("hits", "Names asked for in datagrams that this server has")
        protocolErrors = counter("protocol_errors", "Requests that were malformed or not allowed")
        refused = counter("refused_circuits", "Connections closed at once because there were too many")
        slow = counter("slow_clients", "Clients that do not read what they asked for")
    }
}
