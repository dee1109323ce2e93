// Part of daqd
// SPDX-License-Identifier: MIT

/// A status code of Channel Access, as the wire carries it: number × 8 + severity; odd means success.
struct ECAStatus: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt32

    static let normal = ECAStatus(rawValue: 1)
    static let maximumReached = ECAStatus(rawValue: 10)
    static let allocationFailed = ECAStatus(rawValue: 48)
    static let tooLarge = ECAStatus(rawValue: 72)
    static let badType = ECAStatus(rawValue: 114)
    static let internalError = ECAStatus(rawValue: 142)
    static let getFailed = ECAStatus(rawValue: 152)
    static let putFailed = ECAStatus(rawValue: 160)
    static let badCount = ECAStatus(rawValue: 176)
    static let badMonitor = ECAStatus(rawValue: 242)
    static let defunct = ECAStatus(rawValue: 278)
    static let badMask = ECAStatus(rawValue: 330)
    static let putInProgress = ECAStatus(rawValue: 362)
    static let noReadAccess = ECAStatus(rawValue: 368)
    static let noWriteAccess = ECAStatus(rawValue: 376)
    static let badChannel = ECAStatus(rawValue: 410)
    static let clientTooOldForArrays = ECAStatus(rawValue: 464)

    /// Whether the request was carried out.
    var isSuccess: Bool { rawValue & 1 == 1 }
}
