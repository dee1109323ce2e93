// Part of daqd
// SPDX-License-Identifier: MIT

/// How large a configuration may grow; ample for a site, small enough that a hostile file costs nothing.
struct ConfigurationLimits: Sendable {
    /// Bytes of one file.
    var fileSize = 1 << 20
    /// Bytes of one scalar, after the environment was put in.
    var scalarSize = 1 << 16
    /// Levels of nesting, aliases followed.
    var depth = 64
    /// Nodes of one file, aliases followed: what stops a file whose aliases multiply.
    var nodes = 100_000
    /// Errors reported before the rest is only counted.
    var diagnostics = 100
}
