// Part of daqd
// SPDX-License-Identifier: MIT
import Synchronization

/// Which API version each module of the control unit speaks, as it said itself.
final class VersionTable: Sendable {
    /// The version that the site's configuration demands of every module; then nobody is asked.
    let fixed: String?
    private let found = Mutex<[SIMPLONKey.Module: String]>([:])

    init(fixed: String?) { self.fixed = fixed }

    /// The version of a module, the detector's where it does not say; empty until it is known.
    func of(_ module: SIMPLONKey.Module) -> String {
        fixed ?? found.withLock { $0[module] ?? $0[.detector] ?? "" }
    }

    func set(_ versions: [SIMPLONKey.Module: String]) { found.withLock { $0 = versions } }
}
