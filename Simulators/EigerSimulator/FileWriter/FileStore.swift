// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel
internal import Synchronization

/// One file in the control unit's memory.
struct StoredFile: Sendable {
    var name: String
    var content: MemoryFile
    /// Where it stands in the list of everything ever written.
    var record: Int
}

/// One file that the file writer ever completed, for tests that ask what must have arrived.
struct FileRecord: Sendable {
    var name: String
    var size: Int
    var sha256: String
    var series: String
    var seriesNumber: Int
    var images: Int
    var written: String
    /// `present`, or what became of it: `deleted`, `cleared`, `lost`, `overwritten`.
    var fate = "present"
    /// How many GET requests it answered.
    var reads = 0

    /// What `GET /sim/files` answers for it.
    var json: JSON {
        .object([
            ("name", .string(name)), ("size", .integer(Int64(size))), ("sha256", .string(sha256)),
            ("series_unique_id", .string(series)), ("series", .integer(Int64(seriesNumber))),
            ("images", .integer(Int64(images))), ("written", .string(written)), ("fate", .string(fate)),
            ("reads", .integer(Int64(reads))),
        ])
    }
}

/// The control unit's file memory: bounded, lost at restart; and the list of everything ever completed.
final class FileStore: Sendable {
    private struct State {
        var files: [String: StoredFile] = [:]
        var used = 0
        var limit: Int
        var records: [FileRecord] = []
    }
    private let state: Mutex<State>

    /// The name of a file that still grows stands for no record.
    static let noRecord = -1

    init(limit: Int) { state = Mutex(State(limit: limit)) }

    /// The names of all files, in alphabetical order.
    var names: [String] { state.withLock { $0.files.keys.sorted() } }

    /// Bytes that are still free.
    var free: Int { state.withLock { max(0, $0.limit - $0.used) } }

    /// Bytes that fit in all; may be lowered below what is used.
    var limit: Int {
        get { state.withLock { $0.limit } }
        set { state.withLock { $0.limit = newValue } }
    }

    /// Everything ever completed, in the order it was.
    var records: [FileRecord] { state.withLock { $0.records } }

    /// The file of that name.
    func file(_ name: String) -> StoredFile? { state.withLock { $0.files[name] } }

    /// Notes that a GET of the file was answered.
    func noteRead(_ file: StoredFile) {
        guard file.record >= 0 else { return }
        state.withLock { $0.records[file.record].reads += 1 }
    }

    /// Stores a file, over one of the same name without a word, as the control unit does.
    ///
    /// - Parameter record: What to note; `nil` for a file that still grows.
    /// - Returns: `false` when it does not fit.
    func put(_ name: String, _ content: MemoryFile, record: FileRecord?) -> Bool {
        state.withLock { state in
            let before = state.files[name]
            guard state.used - (before?.content.size ?? 0) + content.size <= state.limit else { return false }
            Self.drop(name, from: &state, fate: "overwritten")
            var slot = Self.noRecord
            if let record {
                slot = state.records.count
                state.records.append(record)
            }
            state.files[name] = StoredFile(name: name, content: content, record: slot)
            state.used += content.size
            return true
        }
    }

    /// Removes one file; `false` when there is none of that name.
    func remove(_ name: String) -> Bool {
        state.withLock { state in
            guard state.files[name] != nil else { return false }
            Self.drop(name, from: &state, fate: "deleted")
            return true
        }
    }

    /// Takes back a file that still grows: the early master of a series whose true one never comes.
    func forget(_ name: String) {
        state.withLock { state in
            if state.files[name]?.record == Self.noRecord { Self.drop(name, from: &state, fate: "") }
        }
    }

    /// Removes all files.
    func removeAll(fate: String) {
        state.withLock { state in
            for name in state.files.keys.sorted() { Self.drop(name, from: &state, fate: fate) }
        }
    }

    private static func drop(_ name: String, from state: inout State, fate: String) {
        guard let file = state.files.removeValue(forKey: name) else { return }
        state.used -= file.content.size
        if file.record >= 0 { state.records[file.record].fate = fate }
    }
}
