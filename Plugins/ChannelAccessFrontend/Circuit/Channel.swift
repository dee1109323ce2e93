// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// One client's use of one variable over one circuit.
@safe
struct Channel {
    var variable: ProcessVariable {
        didSet { findQuickWays() }
    }
    /// The number that the client gave.
    var client: UInt32
    /// The number that the server gave.
    var server: UInt32
    var rights: AccessRights {
        didSet { findQuickWays() }
    }
    /// The variable's number where the client may read it the quick way; not counted, because `variable` holds it.
    private(set) var readable: Unmanaged<DirectNumber>?
    /// The same for writes.
    private(set) var writable: Unmanaged<DirectNumber>?
    /// The newest subscription; -1 for none.
    var monitors: Int32 = -1
    /// Writes that have not ended, made with the first of them.
    var puts: PutQueue?

    init(_ variable: ProcessVariable, client: UInt32, rights: AccessRights) {
        self.variable = variable
        self.client = client
        server = 0
        self.rights = rights
        findQuickWays()
    }

    private mutating func findQuickWays() {
        let number = unsafe variable.number.map { unsafe Unmanaged.passUnretained($0) }
        unsafe readable = rights.contains(.read) ? number : nil
        unsafe writable = rights.contains(.write) && !variable.notesWrites ? number : nil
    }
}

/// The channels of one circuit by the server's numbers.
///
/// A number is a place in the lower bits and a generation above, so that a late request with an old number meets nothing.
struct ChannelTable {
    private static let placeBits: UInt32 = 20
    private static let placeMask: UInt32 = (1 << placeBits) - 1

    private var places: ContiguousArray<Channel?> = []
    private var generations: ContiguousArray<UInt16> = []
    private var free: [Int] = []
    private(set) var count = 0

    /// Places that are or were used.
    var indices: Range<Int> { places.indices }

    /// Puts a channel in its place.
    /// - Returns: The place; the channel then has its number.
    mutating func insert(_ channel: Channel) -> Int {
        let place = free.popLast() ?? places.count
        if place == places.count {
            places.append(nil)
            generations.append(0)
        }
        var channel = channel
        channel.server = UInt32(generations[place] & 0xFFF) << Self.placeBits | UInt32(truncatingIfNeeded: place)
        places[place] = channel
        count += 1
        return place
    }

    /// The place of a number that the client sent; `nil` when no channel of this circuit has it.
    @inline(__always)
    func place(_ server: UInt32) -> Int? {
        let place = Int(server & Self.placeMask)
        guard place < places.count, places[place]?.server == server else { return nil }
        return place
    }

    /// What can be read the quick way behind a number that the client sent.
    @inline(__always)
    func readable(_ server: UInt32) -> Unmanaged<DirectNumber>? {
        guard let place = place(server) else { return nil }
        return unsafe places[place]?.readable
    }

    /// What can be written the quick way, with no write of the channel before it that has not ended.
    @inline(__always)
    func writable(_ server: UInt32) -> Unmanaged<DirectNumber>? {
        guard let place = place(server), places[place]?.puts == nil else { return nil }
        return unsafe places[place]?.writable
    }

    @inline(__always)
    subscript(_ place: Int) -> Channel? {
        get { places[place] }
        _modify { yield &places[place] }
    }

    /// Frees a place.
    mutating func remove(_ place: Int) {
        guard places[place] != nil else { return }
        places[place] = nil
        generations[place] &+= 1
        free.append(place)
        count -= 1
    }

    mutating func removeAll() {
        places = []
        generations = []
        free = []
        count = 0
    }
}
