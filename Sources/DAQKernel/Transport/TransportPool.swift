// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// The transports that are open, by kind and configuration, with how many devices use each.
final class TransportPool: Sendable {
    private struct Key: Hashable {
        let kind: ObjectIdentifier
        let configuration: AnyHashable
    }

    private struct Entry {
        let transport: any Transport
        var users: Int
    }

    private struct State {
        var entries: [Key: Entry] = [:]
    }

    private let state = Mutex(State())

    /// The transport of a configuration, made if it is not open yet.
    func acquire<T: Transport>(_: T.Type, _ configuration: T.Configuration, logger: Logger) throws -> T {
        let identity = ObjectIdentifier(T.self)
        return try state.withLock { state in
            let key = Key(kind: identity, configuration: AnyHashable(configuration))
            if let entry = state.entries[key], let transport = entry.transport as? T {
                state.entries[key]?.users += 1
                return transport
            }
            let transport = try T(configuration, logger: logger)
            state.entries[key] = Entry(transport: transport, users: 1)
            return transport
        }
    }

    /// Lets go of a transport; the last user's call closes it.
    func release(_ transport: any Transport) async {
        let isLast = state.withLock { state in
            guard let key = state.entries.first(where: { $0.value.transport === transport })?.key else { return false }
            state.entries[key]?.users -= 1
            guard state.entries[key]?.users == 0 else { return false }
            state.entries[key] = nil
            return true
        }
        if isLast { await transport.close() }
    }
}
