// Part of daqd
// SPDX-License-Identifier: MIT

/// Why a device, a command or a write refused or failed.
public struct DeviceError: Error, Equatable, Sendable {
    /// The kind of failure; a struct, so that a new kind breaks no plugin's `switch`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The stable name of the kind, as frontends show it.
        public let name: String
        /// A kind of one's own.
        public init(_ name: String) { self.name = name }
        /// The stable name.
        public var description: String { name }

        /// A value outside the range that holds.
        public static let outOfRange = Code("outOfRange")
        /// A value of another type than declared.
        public static let wrongType = Code("wrongType")
        /// A label that is not among the choices.
        public static let unknownChoice = Code("unknownChoice")
        /// The parameter cannot be written.
        public static let readOnly = Code("readOnly")
        /// There is nothing of that name.
        public static let notFound = Code("notFound")
        /// Something else is running that excludes it.
        public static let busy = Code("busy")
        /// Not allowed in the present state.
        public static let wrongState = Code("wrongState")
        /// Arguments are missing, surplus or unknown.
        public static let badArguments = Code("badArguments")
        /// The device does not answer.
        public static let disconnected = Code("disconnected")
        /// The device did not answer in time.
        public static let timeout = Code("timeout")
        /// The vendor's side said no; see ``DeviceError/vendorCode`` and ``DeviceError/vendorText``.
        public static let vendor = Code("vendor")
        /// The operation was cancelled.
        public static let cancelled = Code("cancelled")
        /// A file or disk refused.
        public static let storage = Code("storage")
        /// The device was never made: plugin refused or configuration at fault.
        public static let unavailable = Code("unavailable")
        /// An error of the plugin itself.
        public static let failed = Code("failed")
    }

    /// What a frontend translates into its own status.
    public var code: Code
    /// One sentence for the operator: what was asked, the value, the unit, the limit.
    public var message: String
    /// The vendor's own number, unchanged: HTTP status, `DRV_*`, `errno`.
    public var vendorCode: Int?
    /// The vendor's own words, unchanged.
    public var vendorText: String?

    /// An error with its kind, its sentence and the vendor's own number and words.
    public init(_ code: Code, _ message: String, vendorCode: Int? = nil, vendorText: String? = nil) {
        self.code = code
        self.message = message
        self.vendorCode = vendorCode
        self.vendorText = vendorText
    }

    /// Any error as one of these: cancellation is told apart, the rest keeps its own words.
    public init(wrapping error: any Error) {
        if let error = error as? DeviceError {
            self = error
        } else if error is CancellationError {
            self.init(.cancelled, "the operation was cancelled")
        } else {
            self.init(.failed, String(describing: error))
        }
    }
}

extension DeviceError {
    /// Whether the request was at fault, or somebody's wish, and not the device: nothing is known that was not before.
    var isOfRequest: Bool {
        [.outOfRange, .wrongType, .unknownChoice, .readOnly, .notFound, .busy, .wrongState, .badArguments, .cancelled]
            .contains(code)
    }
}

extension DeviceError: CustomStringConvertible {
    /// The sentence, with the vendor's number where there is one that it does not end with.
    public var description: String {
        guard let vendorCode, !message.hasSuffix("(\(vendorCode), \(vendorText ?? ""))") else { return message }
        return "\(message) (\(vendorCode))"
    }
}
