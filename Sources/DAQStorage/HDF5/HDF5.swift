// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// The global actor behind which every libhdf5 call of the process is made, on one thread.
///
/// Files, groups and datasets belong to it, so the compiler refuses a call from anywhere else:
///
///     let shape = try await HDF5.run {
///         try HDF5File.open("run_1_data_000001.h5").dataset("/entry/data/data").shape
///     }
///
/// Work is done in the order of arrival and never interleaved: one `run` is one turn, so a long loop should be cut
/// into several.
@globalActor
public actor HDF5 {
    /// The only instance.
    public static let shared = HDF5()
    private static let thread = HDF5Thread()

    private init() {}

    /// The executor that is the HDF5 thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe Self.thread.asUnownedSerialExecutor()
    }

    /// Runs a closure on the HDF5 thread and returns what it returns.
    @HDF5
    public static func run<Result: Sendable>(
        _ body: @HDF5 @Sendable () throws -> Result
    ) async rethrows -> Result {
        try body()
    }

    /// Runs a closure on the HDF5 thread while the calling thread waits; for threads of one's own, never inside a task.
    public static func blocking<Success: Sendable>(
        _ body: @escaping @HDF5 @Sendable () throws -> Success
    ) throws -> Success {
        let outcome = Outcome<Success>()
        thread.wait {
            // The isolation is satisfied by running on the actor's own thread.
            let plain = unsafe unsafeBitCast(body, to: (@Sendable () throws -> Success).self)
            outcome.store(Result { try plain() })
        }
        return try outcome.take()
    }
}

/// What a blocking call gave, passed from thread to thread.
private final class Outcome<Success: Sendable>: Sendable {
    private let result = Mutex<Result<Success, any Error>?>(nil)

    func store(_ value: Result<Success, any Error>) { result.withLock { $0 = value } }

    func take() throws -> Success {
        guard let value = result.withLock({ $0 }) else {
            throw StorageError(.hdf5, "the HDF5 thread did not answer")
        }
        return try value.get()
    }
}
