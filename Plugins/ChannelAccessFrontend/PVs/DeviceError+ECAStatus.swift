// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

extension ECAStatus {
    /// What a client is told of a refusal or failure; the sentence travels beside it where the protocol has room.
    init(_ error: DeviceError) {
        switch error.code {
        case .readOnly: self = .noWriteAccess
        // Not ECA_PUTCBINPROG, though it sounds like it: clients show that as “put callback timed out”, and rsrv sends it for
        // nothing else than that.
        case .busy: self = .putFailed
        case .outOfRange, .wrongType, .unknownChoice, .badArguments, .notFound, .wrongState: self = .putFailed
        case .disconnected, .timeout, .vendor, .cancelled, .storage, .unavailable, .failed: self = .putFailed
        default: self = .putFailed  // kinds of a plugin's own
        }
    }
}

extension PutResult {
    /// What became of a write of a name.
    init(_ name: String, _ result: Result<DataValue, DeviceError>) {
        switch result {
        case .success: self = .done
        case .failure(let error): self.init(ECAStatus(error), "\(name): \(error.description)")
        }
    }

    /// A write that was not even tried.
    init(_ name: String, _ refusal: PutRefusal) { self.init(refusal.status, "\(name): \(refusal.reason)") }
}
