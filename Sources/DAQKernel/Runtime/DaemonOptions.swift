// Part of daqd
// SPDX-License-Identifier: MIT

/// What the command line says about a run of the daemon.
public struct DaemonOptions: Sendable {
    /// Path of the configuration.
    public var configuration: String
    /// How log lines look; the configuration's word where it is `nil`.
    public var logFormat: LogFormat?
    /// The least level written; the configuration's word where it is `nil`.
    public var logLevel: LogLevel?

    /// Options with the configuration's path.
    public init(configuration: String) { self.configuration = configuration }
}

/// How the daemon ended, for the process's exit status.
public enum DaemonExit: Int32, Error {
    /// As it was asked to.
    case success = 0
    /// The state directory or the run log cannot be used.
    case failure = 1
    /// The configuration is wrong, or a required plugin was refused (EX_CONFIG of sysexits.h).
    case configuration = 78
}
