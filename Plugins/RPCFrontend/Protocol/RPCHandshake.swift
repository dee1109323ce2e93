// Part of daqd
// SPDX-License-Identifier: MIT

/// What the first lines of a connection say.
enum RPCHandshake {
    /// Which of the sister protocols a client speaks.
    enum Channel: String, CaseIterable {
        case rpc = "ARTIQ pc_rpc"
        case syncStruct = "ARTIQ sync_struct"
        case broadcast = "ARTIQ broadcast"
        case logging = "ARTIQ logging"
    }

    /// The longest line before the handshake ends; a target's name is shorter.
    static let maximumLine = 4096

    /// What a client selected.
    struct Selection: Equatable {
        var target: String
        var version: PYONVersion
        var wantsRawArrays: Bool

        /// - Throws: A sentence for the log; the client hears nothing.
        init(_ line: String, allowsV1: Bool, allowsRawArrays: Bool) throws(RPCException) {
            let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            target = words[0]
            version = .v1
            wantsRawArrays = false
            for word in words.dropFirst() {
                switch word {
                case "pyon_v2": version = .v2
                case "raw_arrays" where allowsRawArrays: wantsRawArrays = true
                default:
                    throw RPCException(
                        "ValueError", "the client asks for a feature “\(word.prefix(80))” that is not offered")
                }
            }
            guard !target.isEmpty else { throw RPCException("ValueError", "the client names no target") }
            guard version == .v2 || allowsV1 else {
                throw RPCException("ValueError", "the client speaks PYON v1, which is switched off here")
            }
            guard version == .v2 || !wantsRawArrays else {
                throw RPCException("ValueError", "raw_arrays needs pyon_v2")
            }
        }
    }
}
