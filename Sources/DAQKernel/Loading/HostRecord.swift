// Part of daqd
// SPDX-License-Identifier: MIT

/// What the pointer that a plugin's entry point gets leads to.
///
/// Its layout is fixed for ever, because two kernels must understand it: the daemon's, and the copy that a badly linked plugin may
/// have brought. Each puts the address of its own class there, so that a copy is noticed before it touches the daemon's table.
struct HostRecord {
    /// `DAQDHOST` in memory order.
    var magic: UInt64 = 0x5453_4f48_4451_4144
    /// Bytes of this record; a later one may be longer.
    var size = UInt64(MemoryLayout<HostRecord>.size)
    /// The address of the daemon's ``Registry/Storage``.
    var storage: UInt
    /// The class of that object, as the daemon's kernel knows it.
    var owner: UInt
    /// The same class as the kernel knows it that read this record; 0 while none did.
    var reader: UInt = 0

    /// The address of this kernel's own class.
    static var ownClass: UInt {
        unsafe UInt(bitPattern: unsafeBitCast(Registry.Storage.self, to: UnsafeRawPointer.self))
    }
}

extension Registry {
    /// What the entry point of a plugin did with its pointer.
    enum Visit: Equatable {
        /// It never made a ``Registry`` of it.
        case ignored
        /// It used this kernel.
        case own
        /// It used another kernel.
        case foreign
    }

    /// Lends the pointer that a plugin's entry point takes.
    func lend(_ body: (UnsafeRawPointer) -> Void) -> Visit {
        withExtendedLifetime(storage) {
            var record = HostRecord(
                storage: UInt(bitPattern: unsafe Unmanaged.passUnretained(storage).toOpaque()),
                owner: HostRecord.ownClass)
            unsafe withUnsafeMutablePointer(to: &record) { unsafe body(UnsafeRawPointer($0)) }
            let reader = record.reader
            return reader == 0 ? .ignored : reader == HostRecord.ownClass ? .own : .foreign
        }
    }

    /// The table behind an entry point's pointer; an empty one of its own when another kernel made the pointer.
    static func borrowed(_ host: UnsafeRawPointer) -> Storage {
        let record = unsafe UnsafeMutableRawPointer(mutating: host).assumingMemoryBound(to: HostRecord.self)
        unsafe record.pointee.reader = HostRecord.ownClass
        guard unsafe record.pointee.owner == HostRecord.ownClass else { return Storage() }
        guard let storage = unsafe UnsafeRawPointer(bitPattern: record.pointee.storage) else { return Storage() }
        return unsafe Unmanaged<Storage>.fromOpaque(storage).takeUnretainedValue()
    }
}
