// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// An error as a Python client raises it: the name of a built-in exception, or the generic one.
struct RPCException: Error, Sendable, Equatable {
    /// What a client raises whose Python has no exception of that kind.
    static let generic = "GenericRemoteException"

    var className: String
    var message: String
    /// Lines as a Python traceback has them, each with its end.
    var traceback: [String]

    init(_ className: String, _ message: String, traceback: [String] = []) {
        self.className = className
        self.message = message
        self.traceback = traceback
    }

    static func noAttribute(_ name: String, of target: String) -> RPCException {
        RPCException("AttributeError", "'\(target)' object has no attribute '\(name)'")
    }

    /// A device's error, with one synthetic line for the place it came from.
    init(_ error: DeviceError, target: String, type: String, method: String) {
        var traceback = ["  daqd, target \(target), method \(method)\n    \(error.code): \(error.message)\n"]
        if error.vendorCode != nil || error.vendorText != nil {
            let parts = [error.vendorCode.map { "\($0)" }, error.vendorText].compactMap { $0 }
            traceback.append("  device type \(type)\n    \(parts.joined(separator: ": "))\n")
        }
        let name = Self.className(of: error.code)
        self.init(
            name, name == Self.generic ? Self.genericMessage(error, type: type) : error.message, traceback: traceback)
    }

    /// The form that clients know from drivers in Python: `AndorError: 20024: DRV_NO_NEW_DATA`.
    private static func genericMessage(_ error: DeviceError, type: String) -> String {
        guard error.code == .vendor || error.vendorCode != nil else {
            return error.code == .failed ? "DeviceError: \(error.message)" : "\(error.code.name): \(error.message)"
        }
        var parts = [type.prefix(1).uppercased() + type.dropFirst() + "Error"]
        if let code = error.vendorCode { parts.append("\(code)") }
        let text = error.vendorText ?? ""
        if !text.isEmpty, text != error.message { parts.append(text) }
        // A sentence that ends with number and name needs them once only.
        let ending = " (\(error.vendorCode.map { "\($0), " } ?? "")\(text))"
        let sentence = error.message.hasSuffix(ending) ? String(error.message.dropLast(ending.count)) : error.message
        if parts.count < 3 || !sentence.hasPrefix(text) || text.isEmpty { parts.append(sentence) }
        return parts.joined(separator: ": ")
    }

    /// The built-in exception for a kind of error; kinds of a plugin's own become the generic one.
    private static func className(of code: DeviceError.Code) -> String {
        switch code {
        case .outOfRange, .unknownChoice: "ValueError"
        case .wrongType, .badArguments: "TypeError"
        case .readOnly: "PermissionError"
        case .notFound: "KeyError"
        case .busy, .wrongState: "RuntimeError"
        case .disconnected, .unavailable: "ConnectionError"
        case .timeout: "TimeoutError"
        case .cancelled: "InterruptedError"
        case .storage: "OSError"
        default: generic
        }
    }
}
