// Part of daqd
// SPDX-License-Identifier: MIT
internal import CHDF5

/// Turns libhdf5's error stack into one sentence.
@HDF5
enum HDF5ErrorStack {
    /// Collects the messages of the failed call and empties the stack.
    ///
    /// The outermost entry names what failed, the innermost one why; what lies between repeats both.
    static func take(_ what: String) -> StorageError {
        let collected = Messages()
        withExtendedLifetime(collected) {
            let context = unsafe Unmanaged.passUnretained(collected).toOpaque()
            _ = unsafe H5Ewalk2(
                0, H5E_WALK_UPWARD,
                { _, entry, context in
                    guard let entry = unsafe entry, let context = unsafe context,
                        let text = unsafe entry.pointee.desc
                    else { return 0 }
                    unsafe Unmanaged<Messages>.fromOpaque(context).takeUnretainedValue().list.append(
                        String(cString: text))
                    return 0
                }, context)
        }
        _ = H5Eclear2(0)
        guard let reason = collected.list.first(where: { !$0.isEmpty }) else {
            return StorageError(.hdf5, "\(what): HDF5 gives no reason")
        }
        let outer = collected.list.last ?? reason
        // Every decoder of the library says so of a message or superblock made by a later one.
        let code: StorageError.Code = reason.contains("bad version number") ? .newerFormat : .hdf5
        return StorageError(code, outer == reason ? "\(what): \(reason)" : "\(what): \(outer) (\(reason))")
    }

    private final class Messages {
        var list: [String] = []
    }
}

/// Returns an identifier or throws what the error stack says.
@HDF5
func identifier(_ id: hid_t, _ what: @autoclosure () -> String) throws(StorageError) -> hid_t {
    guard id >= 0 else { throw HDF5ErrorStack.take(what()) }
    return id
}

/// Throws what the error stack says when a call reports failure.
@HDF5
func check(_ status: herr_t, _ what: @autoclosure () -> String) throws(StorageError) {
    guard status >= 0 else { throw HDF5ErrorStack.take(what()) }
}

/// An identifier that is closed at the end of its owner's life.
@HDF5
struct OwnedIdentifier: ~Copyable {
    let id: hid_t
    private let close: (hid_t) -> herr_t

    init(_ id: hid_t, _ close: @escaping (hid_t) -> herr_t) {
        self.id = id
        self.close = close
    }

    deinit { _ = close(id) }
}
