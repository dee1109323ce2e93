// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc

/// The sockets of one server: they are open from its start to its end.
final class ServerSockets: Sendable {
    /// One of them.
    struct Socket: Sendable {
        enum Kind: Sendable {
            case listener
            /// Replies leave from the socket of the interface, also to what was sent to all.
            case datagrams(replier: Int32)
        }
        var descriptor: Int32
        var kind: Kind
    }

    let all: [Socket]
    let udpPort: UInt16
    let tcpPort: UInt16

    /// Opens everything, or nothing.
    init(_ plan: AddressPlan, _ settings: ServerSettings, _ logger: Logger) throws {
        var opened: [Socket] = []
        do {
            udpPort = try Self.openDatagrams(plan, UInt16(truncatingIfNeeded: settings.port), logger, &opened)
            let wanted = settings.tcpPort.map { UInt16(truncatingIfNeeded: $0) } ?? udpPort
            tcpPort = try Self.openListeners(plan, wanted, settings.strictPort, logger, &opened)
        } catch {
            for socket in opened { Glibc.close(socket.descriptor) }
            throw error
        }
        all = opened
    }

    deinit { for socket in all { Glibc.close(socket.descriptor) } }

    private static func openDatagrams(
        _ plan: AddressPlan, _ wanted: UInt16, _ logger: Logger, _ opened: inout [Socket]
    ) throws -> UInt16 {
        if wanted != 0, Sockets.isShared(udpPort: wanted) {
            logger.notice(
                "The UDP port is shared with another server of this machine; searches to one address reach only one of them",
                ["port": .integer(Int64(wanted))])
        }
        var port = wanted
        for address in plan.listening {
            let descriptor = try Sockets.datagrams(at: IPv4Endpoint(address, port))
            opened.append(Socket(descriptor: descriptor, kind: .datagrams(replier: descriptor)))
            port = Sockets.port(of: descriptor)
            guard let broadcast = plan.broadcasts[address], broadcast != address else { continue }
            let listening = try Sockets.datagrams(at: IPv4Endpoint(broadcast, port))
            opened.append(Socket(descriptor: listening, kind: .datagrams(replier: descriptor)))
        }
        for group in plan.multicasts {
            let descriptor = try Sockets.datagrams(at: IPv4Endpoint(group, port))
            opened.append(
                Socket(descriptor: descriptor, kind: .datagrams(replier: opened.first?.descriptor ?? descriptor)))
            for address in plan.listening { try Sockets.join(descriptor, group: group, interface: address) }
        }
        return port
    }

    private static func openListeners(
        _ plan: AddressPlan, _ wanted: UInt16, _ isStrict: Bool, _ logger: Logger, _ opened: inout [Socket]
    ) throws -> UInt16 {
        let before = opened.count
        do throws(SocketError) {
            return try listen(plan, wanted, &opened)
        } catch {
            guard error.isAddressInUse, !isStrict else { throw error }
        }
        for socket in opened[before...] { Glibc.close(socket.descriptor) }
        opened.removeSubrange(before...)
        let port = try listen(plan, 0, &opened)
        logger.warning(
            "The TCP port is taken, another one is used and announced; two or more servers share the UDP port",
            ["wanted": .integer(Int64(wanted)), "port": .integer(Int64(port))])
        return port
    }

    private static func listen(
        _ plan: AddressPlan, _ wanted: UInt16, _ opened: inout [Socket]
    ) throws(SocketError) -> UInt16 {
        var port = wanted
        for address in plan.listening {
            let descriptor = try Sockets.listener(at: IPv4Endpoint(address, port))
            opened.append(Socket(descriptor: descriptor, kind: .listener))
            port = Sockets.port(of: descriptor)
        }
        return port
    }
}
