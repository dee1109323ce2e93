// Part of daqd
// SPDX-License-Identifier: MIT

/// The global actor behind which every libhdf5 call of the process is made, on one thread.
///
/// Files, groups and datasets belong to it, so the compiler refuses a call from anywhere else:
///
///     let shape = try await HDF5.run {
///         try HDF5File.open("run_1_data_000001.h5").dataset("/entry/data/data").shape
///     }
///
/// Work is done in the order of arrival and never interleaved: one `run` is one turn, so a long loop should be cut into several.
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
    public static func blocking<Success: Sendable>(_ body: @HDF5 () throws -> Success) throws -> Success {
        typealias Plain = () throws -> Success
        return try withoutActuallyEscaping(body) { body in
            // The isolation is satisfied by running on the actor's own thread.
            nonisolated(unsafe) let plain = unsafe unsafeBitCast(body, to: Plain.self)
            var outcome: Result<Success, any Error>?
            thread.wait { outcome = Result { unsafe try plain() } }
            guard let outcome else { throw StorageError(.hdf5, "the HDF5 thread did not answer") }
            return try outcome.get()
        }
    }
}
