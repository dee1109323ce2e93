// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// What a channel leads to: a value with its type, or one of the fields beside it, perhaps through filters.
///
/// The server's core knows nothing else of names, types and devices. It calls everything from the threads of circuits,
/// several at once for one variable, and nothing here may wait. Subclasses say what stands behind the name; one with
/// filters belongs to one channel, the others are shared by all channels of that name.
class ProcessVariable: @unchecked Sendable {  // sound: what is stored here never changes; subclasses guard their own
    /// The name that was asked for, with field and modifiers.
    final let name: String
    /// The name without field and modifiers: what changes of the directory and access rules speak of.
    final let record: String
    /// The type announced at the creation of a channel; another type means another object.
    final let nativeType: NativeType
    /// The greatest number of elements; 1 for a scalar.
    final let nativeCount: Int
    /// Where updates come from; `nil` for what never changes; several fields may have the same one.
    final let parameter: AnyParameter?
    /// Whether samples of `parameter` are shown as they are, unfiltered: then ``receive(_:_:)`` is not called, and a
    /// number of native type DOUBLE that is asked for as DOUBLE is encoded by the core itself.
    final let isDirect: Bool
    /// The quick way to a scalar of native type DOUBLE that is shown as it is; `nil` where there is none.
    final let number: DirectNumber?
    /// Whether writes are noted in the put log: then no number is written the quick way.
    final let notesWrites: Bool
    /// Whether writes pass by those that wait on the same channel: abort, stop.
    final let interrupts: Bool

    init(
        name: String, record: String, nativeType: NativeType, nativeCount: Int, parameter: AnyParameter?,
        isDirect: Bool = false, number: DirectNumber? = nil, notesWrites: Bool = false, interrupts: Bool = false
    ) {
        self.name = name
        self.record = record
        self.nativeType = nativeType
        self.nativeCount = nativeCount
        self.parameter = parameter
        self.isDirect = isDirect
        self.number = number
        self.notesWrites = notesWrites
        self.interrupts = interrupts
    }

    // MARK: - Reading

    /// The value to answer a read with: the parameter's sample as shown, after the filters that apply to reads.
    func sample() -> Sample { parameter?.sample ?? Sample(.null, timestamp: .never) }

    /// Makes of the parameter's update what this variable shows.
    ///
    /// Called for every update, in order, before ``encode(_:as:count:limit:into:)``; not for direct ones. A unit's field
    /// turns a change of metadata into one of the value; a dead band lets nothing through.
    /// - Returns: Whether it is sent at all; the mask of the subscription is judged afterwards, by the core.
    func receive(_ sample: inout Sample, _ changes: inout UpdateChanges) -> Bool { true }

    /// Appends the payload: what stands in front of the value, then the elements; without the padding to 8 bytes.
    ///
    /// Large arrays go in by reference (``WireBuffer/append(shared:from:count:)``), swapped once per sample and kept.
    /// - Parameters:
    ///   - sample: From ``sample()`` or through ``receive(_:_:)``.
    ///   - type: One that exists: 0 to 38.
    ///   - count: 0 asks for as many as there are now, N for exactly N, zeros behind the value; N is not negative, fits 32
    ///     bits, and its size was compared with the limit.
    ///   - limit: Greatest size of a payload; what would be larger is refused with ``ECAStatus/tooLarge``.
    /// - Returns: The number of elements written; or why nothing was written at all.
    func encode(
        _ sample: Sample, as type: DBRType, count: Int, limit: Int, into buffer: WireBuffer
    ) -> Encoding {
        Encoding(failure: .getFailed)
    }

    // MARK: - Writing

    /// Writes what needs no device, at once.
    ///
    /// The payload has the size of type and count; a STRING of count 1 has 1 to 40 bytes. The type is 0 to 6, 35 or 36.
    /// - Returns: `nil` when a device or an operation takes part: then ``put(_:count:payload:origin:completion:)`` is
    ///   called, now or when earlier writes of the channel are done.
    func putNow(_ type: DBRType, count: Int, payload: Span<UInt8>, origin: Origin) -> PutResult? {
        PutResult(.putFailed, "\(name) cannot be written")
    }

    /// Writes, and calls `completion` exactly once, on any thread, when what the name promises is done.
    func put(
        _ type: DBRType, count: Int, payload: Span<UInt8>, origin: Origin,
        completion: @escaping @Sendable (PutResult) -> Void
    ) {
        completion(PutResult(.putFailed, "\(name) cannot be written"))
    }

    /// A write was refused before its value was looked at: for the put log.
    func noteRefused(_ result: PutResult, _ origin: Origin) {}

    // MARK: - Rights

    /// What a client may do with this variable.
    ///
    /// Asked when a channel is made and after ``DirectoryEvent/rights``. A value that nobody can write has no right to be
    /// written, whatever the rules say.
    func rights(of client: ClientIdentity) -> AccessRights { [.read, .write] }
}

/// What became of an encoding: a number of elements, or why there is none.
struct Encoding: Equatable, Sendable {
    var status = ECAStatus.normal
    var count = 0

    init(count: Int) { self.count = count }

    init(failure: ECAStatus) { status = failure }
}

/// What became of a write.
struct PutResult: Equatable, Sendable {
    var status: ECAStatus
    /// Name and cause for the client's user; empty on success.
    var message: String

    static let done = PutResult(.normal, "")

    init(_ status: ECAStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}
