// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc

/// A program to run as a child in a process group of its own, described before it starts.
public struct ChildProcess: Sendable {
    /// The program and its arguments, never through a shell.
    ///
    /// A program without a slash is searched on `PATH`.
    public var arguments: [String]
    /// The whole environment of the child; `nil` hands on the daemon's own.
    public var environment: [String: String]?
    /// Where the child starts; `nil` for the daemon's own directory.
    public var workingDirectory: String?
    /// What the child reads on its standard input; then the input ends.
    public var input: [UInt8] = []
    /// How long it may run; `nil` without limit.
    public var timeout: Duration?
    /// Between SIGTERM and SIGKILL.
    public var grace: Duration = .seconds(5)
    /// The bytes kept of each of its outputs; what comes beyond is read, counted and dropped.
    public var outputLimit = 64 << 10

    /// Describes a child.
    public init(_ arguments: [String]) {
        self.arguments = arguments
    }

    /// How a child ended.
    public enum Ending: Sendable, Equatable {
        /// It returned this status.
        case exited(Int32)
        /// This signal ended it.
        case signalled(Int32)
    }

    /// One output of a child, as far as it was kept.
    public struct Output: Sendable, Equatable {
        /// The first bytes, at most ``ChildProcess/outputLimit``.
        public var bytes: [UInt8] = []
        /// How many bytes were dropped.
        public var dropped = 0

        /// The bytes as text, malformed UTF-8 replaced.
        public var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// What a finished child left.
    public struct Outcome: Sendable {
        /// How it ended.
        public var ending: Ending
        /// Whether it was ended because its time was over.
        public var timedOut: Bool
        /// Its standard output.
        public var output: Output
        /// Its standard error.
        public var errors: Output
        /// From start to end.
        public var duration: Duration

        /// Whether it returned 0 in its time.
        public var succeeded: Bool { ending == .exited(0) && !timedOut }
    }

    /// Starts the child and waits for its end on a thread of its own.
    ///
    /// When the time is over, or the awaiting task is cancelled, the child's whole process group gets SIGTERM and, after
    /// ``grace``, SIGKILL. A grandchild that keeps an output open does not delay the return.
    /// - Throws: ``ChildProcessError`` when it could not be started; `CancellationError` after the child of a cancelled task ended.
    public func run() async throws -> Outcome {
        let supervisor = ChildSupervisor(self)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let started = NamedThread.start("daqd-child") {
                    continuation.resume(with: Result { try supervisor.run() })
                }
                if !started {
                    continuation.resume(
                        throwing: ChildProcessError("the system gave no thread", self, errorNumber: EAGAIN))
                }
            }
        } onCancel: {
            supervisor.cancel()
        }
    }
}

/// Why a child could not be started.
public struct ChildProcessError: Error, Sendable, CustomStringConvertible {
    /// One sentence naming the program and the reason.
    public var description: String
    /// The system's error number.
    public var errorNumber: Int32

    init(_ reason: String, _ child: ChildProcess, errorNumber: Int32) {
        description = "The program \(child.arguments.first ?? "(none)") could not be started: \(reason)."
        self.errorNumber = errorNumber
    }
}
