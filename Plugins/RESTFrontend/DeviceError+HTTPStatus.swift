// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

extension DeviceError {
    /// The status that says the same over HTTP.
    var httpStatus: Int {
        switch code {
        case .outOfRange, .wrongType, .unknownChoice, .badArguments: 422
        case .readOnly: 405
        case .notFound: 404
        // The vendor's side said no: to this value, now. A 502 would tell monitors that daqd is broken.
        case .busy, .wrongState, .cancelled, .vendor: 409
        case .disconnected, .unavailable: 503
        case .timeout: 504
        case .storage: 507
        default: 500
        }
    }

    /// The error as members of a JSON object.
    var json: JSON {
        .object([
            ("code", .string(code.name)), ("message", .string(message)),
            ("vendor_code", vendorCode.map { .integer(Int64($0)) } ?? .null),
            ("vendor_text", vendorText.map { .string($0) } ?? .null),
        ])
    }
}
