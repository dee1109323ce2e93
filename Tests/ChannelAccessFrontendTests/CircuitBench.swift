// Part of daqd
// SPDX-License-Identifier: MIT
import Synchronization

@testable import ChannelAccessFrontend
@testable import DAQKernel

/// A circuit without a socket: bytes in, replies out.
final class CircuitBench {
    let circuit: Circuit
    let directory: TestDirectory
    let output = WireBuffer()
    private var rest: [UInt8] = []

    /// Makes a circuit, with the version already said unless told otherwise.
    init(
        _ variables: [ProcessVariable] = [], limits: CircuitLimits = CircuitLimits(), minor: Int? = 13,
        maximumPayload: Int = 65_536
    ) {
        directory = TestDirectory(variables)
        let inbox = Inbox()
        circuit = Circuit(
            Self.services(directory, limits, maximumPayload) { [lines] record in
                lines.all.withLock { $0.append(record.text) }
            }, address: "127.0.0.1", port: 40_312
        ) { inbox.put($0) }
        self.inbox = inbox
        if let minor {
            _ = send(message(0, count: minor))
        }
    }

    private let inbox: Inbox
    private let lines = Lines()

    /// What the circuit said to the log.
    var log: [String] { lines.all.withLock { $0 } }

    private final class Lines: Sendable { let all = Mutex<[String]>([]) }

    final class Inbox: Sendable {
        private let events = Mutex<[Circuit.Event]>([])
        func put(_ event: Circuit.Event) { events.withLock { $0.append(event) } }
        func take() -> [Circuit.Event] {
            events.withLock { events in
                defer { events = [] }
                return events
            }
        }
    }

    static func services(
        _ directory: any NameDirectory, _ limits: CircuitLimits, _ maximumPayload: Int,
        log: @escaping @Sendable (LogRecord) -> Void = { _ in }
    ) -> CircuitServices {
        CircuitServices(
            frontend: "ca", directory: directory, limits: limits, tcpPort: 15_064,
            counters: ServerCounters { Counter(Parameter<Int64>($0, $1, initial: 0)) },
            logger: Logger(component: "ca", log)
        ) { maximumPayload }
    }

    /// Feeds bytes and returns what the circuit says at once; what is unfinished stays in front of the next ones.
    func send(_ bytes: [UInt8]) -> [Reply] {
        rest += bytes
        let used = rest.withUnsafeBytes { circuit.process(ByteView($0), limit: .max, into: output) }
        rest.removeFirst(used)
        return take()
    }

    /// Carries out what other threads posted, and returns what the circuit says of it.
    func settle() -> [Reply] {
        for event in inbox.take() {
            switch event {
            case .updates: circuit.deliver(into: output)
            case .putEnded(let channel, let token, let result):
                circuit.putEnded(channel: channel, token: token, result, into: output)
            }
        }
        return take()
    }

    /// Carries out what other threads post until the circuit has said so many things.
    func settled(_ count: Int) async -> [Reply] {
        var replies: [Reply] = []
        while replies.count < count {
            replies += settle()
            await Task.yield()
        }
        return replies
    }

    /// Follows a change of the names.
    func follow(_ event: DirectoryEvent) -> [Reply] {
        var changes = DirectoryChanges()
        changes.add(event)
        circuit.follow(changes, into: output)
        return take() + settle()
    }

    /// What waits to be sent, taken away.
    func takeBytes() -> [UInt8] {
        let bytes = WireBufferTests.bytes(of: output)
        output.clear()
        return bytes
    }

    private func take() -> [Reply] { Reply.all(takeBytes()) }

    /// Makes a channel; its number.
    func channel(_ name: String, client: UInt32 = 5) -> UInt32 {
        send(message(18, client, 13, name.wire)).last?.second ?? .max
    }
}
