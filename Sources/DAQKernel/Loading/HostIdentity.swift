// Part of daqd
// SPDX-License-Identifier: MIT

internal import CDAQPlugin

/// What this kernel is, for the comparison with a plugin's stamp.
struct HostIdentity: Equatable, Sendable {
    /// daqd's release.
    var release: String
    /// The kernel interface that it offers.
    var kernelABI: PluginStamp.Version
    /// The Swift compiler that made it, as major × 10000 + minor × 100 + patch.
    var swiftCompiler: UInt32
    /// That compiler's version and commit.
    var compiler: String
    /// SHA-256 of its public interface.
    var kernelInterface: [UInt8]
    /// Whether it was compiled without optimisation.
    var isDebug: Bool

    /// This process.
    static let current = HostIdentity(
        release: DaemonRelease.number,
        kernelABI: PluginStamp.Version(major: UInt16(DAQD_KERNEL_ABI_MAJOR), minor: UInt16(DAQD_KERNEL_ABI_MINOR)),
        swiftCompiler: UInt32(daqd_swift_compiler()),
        compiler: unsafe String(cString: daqd_compiler_identity()),
        kernelInterface: (0..<32).map { daqd_kernel_interface_byte($0) },
        isDebug: isDebugBuild)

    private static var isDebugBuild: Bool {
        #if DEBUG
            true
        #else
            false
        #endif
    }
}

/// daqd's own version.
public enum DaemonRelease {
    /// The release, as in CHANGELOG.md.
    public static let number = "0.1.0"
}
