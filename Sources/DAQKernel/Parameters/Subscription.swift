// Part of daqd
// SPDX-License-Identifier: MIT

/// What an update is about.
public struct UpdateChanges: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt8
    /// A set of bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The value, beyond the dead band for displays.
    public static let value = UpdateChanges(rawValue: 1)
    /// The value, beyond the dead band for archivers.
    public static let archive = UpdateChanges(rawValue: 2)
    /// Severity, reason or sentence of the alarm.
    public static let alarm = UpdateChanges(rawValue: 4)
    /// Unit, limits, choices, access or any other metadata.
    public static let metadata = UpdateChanges(rawValue: 8)
}

/// One change of one parameter, as a subscription delivers it.
public struct Update: Sendable {
    /// Which of the subscription's parameters: the number that ``Subscription/add(_:)`` returned.
    public var slot: Int
    /// What changed.
    public var changes: UpdateChanges
    /// The sample, complete in any case.
    public var sample: Sample
}

/// One client's view of any number of parameters: ordered, bounded, and never in the publisher's way.
///
/// The queue takes `capacity` updates; when it is full, the newest queued update *of the same parameter* is replaced,
/// and each parameter has one more place reserved, so that its last value always arrives. Texts and arrays keep only
/// their newest value. `notify` is called on the publisher's thread when the queue stops being empty: it must only
/// wake the consumer, which then calls ``drain(into:)``. A subscription lives until ``cancel()``.
public final class Subscription: @unchecked Sendable {  // sound: the state is touched under the lock only
    /// What a push looks at, apart from the parameter so that no reference is counted.
    private struct Place {
        /// Where the newest queued update stands; -1 for none.
        var newest = -1
        var keepsNewestOnly = false
    }

    private struct State: Sendable {
        /// `nil` where a parameter was taken out.
        var slots: [AnyParameter?] = []
        var places: [Place] = []
        var queue: [PackedUpdate] = []
        /// Memory of the queue that was drained last.
        var spare: [PackedUpdate] = []
        /// Numbers that ``Subscription/release(slot:)`` gave back.
        var free: [Int] = []
        /// Queued updates of parameters that were taken out; their slot is -1.
        var dropped = 0
        var overwritten: UInt64 = 0
        var isCancelled = false

        /// Marks the queued updates of a slot; many that are marked are taken out.
        mutating func dropQueued(_ slot: Int) {
            let newest = places[slot].newest
            guard newest >= 0 else { return }
            for index in 0...newest where queue[index].slot == slot {
                queue[index].slot = -1
                dropped += 1
            }
            places[slot].newest = -1
            if dropped > 64, dropped > queue.count / 2 { compact() }
        }

        private mutating func compact() {
            var kept = 0
            for index in queue.indices {
                let update = queue[index]
                guard update.slot >= 0 else {
                    update.release()
                    continue
                }
                places[Int(update.slot)].newest = kept
                queue[kept] = update
                kept += 1
            }
            queue.removeLast(queue.count - kept)
            dropped = 0
        }
    }

    private let capacity: Int
    private let notify: @Sendable () -> Void
    private let lock = HotLock()
    private var state = State()

    /// A subscription without parameters.
    /// - Parameters:
    ///   - capacity: Updates that the queue keeps in order before it replaces.
    ///   - notify: Wakes the consumer; called when the queue stops being empty, on the publisher's thread.
    public init(capacity: Int = 256, notify: @escaping @Sendable () -> Void) {
        self.capacity = capacity
        self.notify = notify
    }

    deinit {
        for update in lock.withLock({ state.queue }) { _ = update.unpack() }
    }

    /// Adds a parameter; its present sample is queued at once.
    /// - Returns: The number that its updates carry.
    @discardableResult
    public func add(_ parameter: AnyParameter) -> Int {
        let bulky = parameter.isBulky
        let slot: Int? = lock.withLock {
            guard !state.isCancelled else { return nil }
            if let slot = state.free.popLast() {
                state.slots[slot] = parameter
                state.places[slot] = Place(keepsNewestOnly: bulky)
                return slot
            }
            state.slots.append(parameter)
            state.places.append(Place(keepsNewestOnly: bulky))
            return state.slots.count - 1
        }
        guard let slot else { return -1 }
        parameter.attach(self, slot: slot)
        return slot
    }

    /// Takes one parameter out; queued updates of it may still arrive.
    public func remove(slot: Int) {
        let parameter: AnyParameter? = lock.withLock {
            guard state.slots.indices.contains(slot) else { return nil }
            defer { state.slots[slot] = nil }
            return state.slots[slot]
        }
        parameter?.detach(self, slot: slot)
    }

    /// Takes one parameter out with its queued updates; its number goes to one that is added later.
    ///
    /// For a consumer that adds and removes as long as it lives; only from its own thread, and not while it drains.
    public func release(slot: Int) {
        let parameter: AnyParameter? = lock.withLock { state.slots.indices.contains(slot) ? state.slots[slot] : nil }
        guard let parameter else { return }
        parameter.detach(self, slot: slot)
        lock.withLock {
            guard state.slots.indices.contains(slot), state.slots[slot] === parameter else { return }
            state.slots[slot] = nil
            state.dropQueued(slot)
            state.free.append(slot)
        }
    }

    /// Ends the subscription: nothing arrives any more.
    public func cancel() {
        let (slots, queued) = lock.withLock {
            defer {
                state.slots = []
                state.places = []
                state.queue = []
                state.isCancelled = true
            }
            return (state.slots, state.queue)
        }
        for update in queued { _ = update.unpack() }
        for (slot, parameter) in slots.enumerated() { parameter?.detach(self, slot: slot) }
    }

    /// The parameter of a slot; `nil` when it was taken out.
    public func parameter(slot: Int) -> AnyParameter? {
        lock.withLock { state.slots.indices.contains(slot) ? state.slots[slot] : nil }
    }

    /// Hands every queued update to a closure, in order; the cheap way to empty the queue.
    ///
    /// The closure runs outside the lock; publishers go on meanwhile. One consumer at a time.
    public func drain(_ visit: (borrowing Update) -> Void) {
        var taken = take()
        for packed in taken {
            let update = packed.unpack()
            if update.slot >= 0 { visit(update) }
        }
        taken.removeAll(keepingCapacity: true)
        lock.withLock { state.spare = taken }
    }

    /// Takes all queued updates, in order.
    /// - Parameter updates: Is emptied first; its memory is used again.
    public func drain(into updates: inout [Update]) {
        updates.removeAll(keepingCapacity: true)
        drain { update in updates.append(copy update) }
    }

    private func take() -> [PackedUpdate] {
        lock.withLock {
            var taken = state.spare
            state.spare = []
            swap(&taken, &state.queue)
            state.dropped = 0
            for index in taken.indices {
                let slot = Int(taken[index].slot)
                if slot >= 0, slot < state.places.count { state.places[slot].newest = -1 }
            }
            return taken
        }
    }

    /// How many updates were replaced by newer ones because the consumer was slow.
    public var overwritten: UInt64 { lock.withLock { state.overwritten } }

    /// Queues an update; called with the parameter's lock held, so it must not call out.
    /// - Returns: Whether the consumer must be woken.
    func push(_ slot: Int, _ update: PackedUpdate) -> Bool {
        lock.withLock {
            guard slot < state.places.count else { return false }
            update.retain()
            let place = state.places[slot]
            if place.newest >= 0, state.queue.count >= capacity || place.keepsNewestOnly {
                state.queue[place.newest].replace(with: update)
                state.overwritten &+= 1
                return false
            }
            state.places[slot].newest = state.queue.count
            var placed = update
            placed.slot = Int32(truncatingIfNeeded: slot)
            state.queue.append(placed)
            return state.queue.count == 1
        }
    }

    /// Wakes the consumer.
    func wake() { notify() }
}
