// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc

/// Tells the repeaters of client machines that this server lives.
final class BeaconSender {
    private let descriptor: Int32
    private let targets: [IPv4Endpoint]
    private let port: UInt16
    /// The server's address where it has only one; 0 lets the receiver fill in the source.
    private let address: UInt32
    private let logger: Logger
    private let message = WireBuffer(capacity: 64)
    private var failing: Set<IPv4Endpoint> = []

    init(_ targets: [IPv4Endpoint], multicastTTL: Int, tcpPort: UInt16, address: UInt32, logger: Logger)
        throws(SocketError)
    {
        descriptor = try Sockets.sender(multicastTTL: multicastTTL)
        self.targets = targets
        port = tcpPort
        self.address = address
        self.logger = logger
    }

    deinit { close(descriptor) }

    /// Sends one beacon to each target; what fails is logged when it begins to fail and when it works again.
    func send(_ number: UInt32) {
        message.clear()
        var header = CAHeader(.serverIsUp, type: CAVersion.minor, count: Int(port), first: number, second: address)
        header.size = CAHeader.shortSize  // the count is a port here, of any value
        message.append(header)
        for target in targets {
            let result = unsafe target.withRaw { raw, size in
                unsafe sendto(descriptor, message.memory, message.end, Int32(MSG_NOSIGNAL), raw, size)
            }
            note(target, failed: result < 0 && errno != ECONNREFUSED && errno != EAGAIN)
        }
    }

    private func note(_ target: IPv4Endpoint, failed: Bool) {
        guard failed != failing.contains(target) else { return }
        if failed {
            let reason = unsafe String(cString: strerror(errno))
            failing.insert(target)
            logger.warning(
                "Beacons cannot be sent", ["to": .string(target.description), "reason": .string(reason)])
        } else {
            failing.remove(target)
            logger.notice("Beacons are sent again", ["to": .string(target.description)])
        }
    }
}
