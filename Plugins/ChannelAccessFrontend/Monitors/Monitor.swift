// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// One subscription of a channel.
struct Monitor {
    /// The channel's place.
    var channel: Int32
    /// The next older subscription of the channel; -1 for none.
    var next: Int32
    /// The number that the client gave.
    var client: UInt32
    var type: DBRType
    /// Value, archive, alarm, metadata: the changes of the kernel have the same bits.
    var mask: UInt8
    /// Whether nothing was sent yet: the first update goes out whatever the mask says.
    var isFirst = true
    /// Whether equal values are updates too, because the variable's dead bands say so.
    var sendsEqualValues = false
    /// As the client asked: 0 for as many as there are.
    var count: UInt32
    /// Number in the circuit's kernel subscription; -1 where nothing ever changes.
    var slot: Int32 = -1
    /// The last value as a comparable number.
    var last: UInt64 = 0
}

/// The subscriptions of one circuit, in places that are used again.
struct MonitorTable {
    private(set) var places: ContiguousArray<Monitor> = []
    private var free: [Int32] = []
    /// Places by the numbers of the kernel subscription.
    private var placeOfSlot: ContiguousArray<Int32> = []
    private(set) var count = 0

    mutating func insert(_ monitor: Monitor) -> Int32 {
        count += 1
        if let place = free.popLast() {
            places[Int(place)] = monitor
            return place
        }
        places.append(monitor)
        return Int32(truncatingIfNeeded: places.count - 1)
    }

    @inline(__always)
    subscript(_ place: Int32) -> Monitor {
        get { places[Int(place)] }
        _modify { yield &places[Int(place)] }
    }

    mutating func remove(_ place: Int32) {
        forgetSlot(of: place)
        places[Int(place)].channel = -1
        free.append(place)
        count -= 1
    }

    /// The kernel's number was given back.
    mutating func forgetSlot(of place: Int32) {
        let slot = Int(places[Int(place)].slot)
        if slot >= 0, slot < placeOfSlot.count { placeOfSlot[slot] = -1 }
        places[Int(place)].slot = -1
    }

    mutating func set(slot: Int, of place: Int32) {
        places[Int(place)].slot = Int32(truncatingIfNeeded: slot)
        guard slot >= 0 else { return }
        while placeOfSlot.count <= slot { placeOfSlot.append(-1) }
        placeOfSlot[slot] = place
    }

    /// The subscription to which an update belongs.
    @inline(__always)
    func place(slot: Int) -> Int32? {
        guard slot < placeOfSlot.count, placeOfSlot[slot] >= 0 else { return nil }
        return placeOfSlot[slot]
    }

    mutating func removeAll() {
        places = []
        free = []
        placeOfSlot = []
        count = 0
    }
}

extension DataValue {
    /// A number that differs where values differ: the bits of numbers, a hash of texts; NaN equals NaN, 0 equals -0.
    var comparable: UInt64 {
        switch self {
        case .float(let number): number.isNaN ? 0x7FF8_0000_0000_0000 : number == 0 ? 0 : number.bitPattern
        case .integer(let number): UInt64(bitPattern: number)
        case .unsigned(let number): number
        case .bool(let truth): truth ? 1 : 0
        case .string(let text):
            UInt64(bitPattern: Int64(truncatingIfNeeded: text.hashValue))
        default: 0
        }
    }
}
