// Part of daqd
// SPDX-License-Identifier: MIT
internal import CSQLite

/// A prepared statement; its row is read by column number from 0.
@safe
final class SQLiteStatement {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { _ = unsafe sqlite3_finalize(pointer) }

    /// Sets all the parameters; texts are copied by SQLite.
    func bind(_ values: [SQLiteValue], _ connection: SQLiteConnection) throws(RunLogError) {
        let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)  // SQLITE_TRANSIENT, a macro
        for (offset, value) in values.enumerated() {
            let index = Int32(offset) + 1
            let status =
                switch value {
                case .null: unsafe sqlite3_bind_null(pointer, index)
                case .integer(let number): unsafe sqlite3_bind_int64(pointer, index, number)
                case .text(let text): unsafe Self.bind(text, pointer, index, copied)
                }
            if status != SQLITE_OK { throw connection.error(status, "bind a value for") }
        }
    }

    private static func bind(
        _ text: String, _ pointer: OpaquePointer, _ index: Int32, _ copied: sqlite3_destructor_type
    ) -> Int32 {
        var text = text
        return text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) {
                // An empty text has no base address, which SQLite would take for NULL.
                guard let base = $0.baseAddress else { return unsafe sqlite3_bind_text(pointer, index, "", 0, copied) }
                return unsafe sqlite3_bind_text64(pointer, index, base, UInt64($0.count), copied, UInt8(SQLITE_UTF8))
            }
        }
    }

    /// Goes to the next row; `false` at the end.
    func step(_ connection: SQLiteConnection) throws(RunLogError) -> Bool {
        let status = unsafe sqlite3_step(pointer)
        switch status {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw connection.error(status, "write or read")
        }
    }

    /// Makes it ready for the next use and forgets its values.
    func reset() {
        _ = unsafe sqlite3_reset(pointer)
        _ = unsafe sqlite3_clear_bindings(pointer)
    }

    /// Whether the column is NULL.
    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(pointer, column) == SQLITE_NULL }

    /// The column as a number; 0 for NULL.
    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(pointer, column) }

    /// The column as a number, `nil` for NULL.
    func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    /// The column as text; empty for NULL.
    func text(_ column: Int32) -> String {
        guard let base = unsafe sqlite3_column_text(pointer, column) else { return "" }
        let count = Int(unsafe sqlite3_column_bytes(pointer, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
    }

    /// The column as text, `nil` for NULL.
    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }
}
