// Part of daqd
// SPDX-License-Identifier: MIT

/// What to do with a number outside the limits.
public enum OutOfRange: Sendable {
    /// Refuse it, with the limits in the text.
    case refuse
    /// Take the nearest limit; the readback tells.
    case clamp
}

/// A parameter without its Swift type: what frontends see.
///
/// Reading the last value and writing what needs no device call take a lock for a few instructions: no task, no actor
/// hop. Safe from any thread.
public class AnyParameter: @unchecked Sendable {  // sound: every mutable member is read and written under `lock`
    /// Path within its device, groups separated by slashes: `filewriter/mode`.
    public let name: String

    let lock = HotLock()
    var timestamp = Timestamp.never
    var alarm = Alarm.undefined
    private var apart: Apart?
    private var currentInfo: ParameterInfo
    private var subscribers: [Subscriber]?
    var owner: ParameterOwner?
    /// What the autosave store found out last, with the generation of its choices; its own matter.
    var autosaveMemo: UInt32 = 0
    /// At which generation of its owner's observers nobody wanted to hear of writes of this one.
    private var silence: UInt32 = 0

    struct Subscriber: Sendable {
        let subscription: Subscription
        let slot: Int
    }

    /// What few parameters have; apart, so that an idle one stays small.
    private final class Apart {
        /// Why the last write failed at the device, until one succeeds; it lies over ``alarm``, whatever is published.
        var failedWrite: Alarm?
        /// Where limits are declared: the last alarm without what they made of it, and the limit that was reached, as hysteresis needs it.
        var judgement: (given: Alarm, reached: AlarmStatus)?
        /// Where dead bands are declared: the last numbers that subscribers heard.
        var posted: (monitor: Double, archive: Double)?
    }

    init(name: String, metadata: ParameterMetadata) {
        self.name = name
        currentInfo = ParameterInfo(metadata)
        MemberCollector.current?.collect(self)
    }

    // MARK: - Reading

    /// The last sample; the device's connection alarm is merged in.
    public final var sample: Sample {
        lock.withLock { currentSample() }
    }

    /// Unit, limits, choices and the rest, as they are now.
    public final var metadata: ParameterMetadata { info.metadata }

    /// By reference: copying the metadata costs more than most of what is done with it.
    final var info: ParameterInfo { lock.withLock { currentInfo } }

    /// Name of the device and path within it: `eiger1/filewriter/mode`.
    public final var path: String {
        let owner = lock.withLock { self.owner }
        return owner.map { "\($0.device)/\(name)" } ?? name
    }

    /// The erased value; called with the lock held.
    func currentValue() -> DataValue { .null }

    final func currentSample() -> Sample {
        Sample(currentValue(), timestamp: timestamp, alarm: merged(alarm))
    }

    private final func merged(_ alarm: Alarm) -> Alarm {
        let own = apart?.failedWrite.map { alarm.merged(with: $0) } ?? alarm
        guard let owner, owner.hasOverlay else { return own }
        return owner.overlay.merged(with: own)
    }

    final var isBulky: Bool { info.isBulky }

    // MARK: - Writing

    /// Writes, waiting for the device where it takes part.
    /// - Throws: ``DeviceError`` with what was asked, the unit and the limit.
    public final func put(
        _ value: DataValue, origin: Origin, outOfRange: OutOfRange = .refuse
    ) async throws(DeviceError) {
        let checked = try check(value, outOfRange: outOfRange)
        if needsDevice, owner?.hasEnded == true {
            throw DeviceError(.unavailable, "\(path) cannot be written: the device is stopped")
        }
        do throws(DeviceError) {
            try await apply(checked, origin: origin)
        } catch {
            judgeWrite(error)
            throw error
        }
        judgeWrite(nil)
        owner?.writes.tell(self, checked, origin)
    }

    /// Raises the alarm of a write that failed at the device, or ends it after one that succeeded.
    ///
    /// A request that was wrong in itself changes nothing: the value that is shown is as good as before.
    final func judgeWrite(_ error: DeviceError?) {
        if let error, error.isOfRequest { return }
        let failed = error.map { Alarm(.invalid, .write, $0.message) }
        let changed = lock.withLock {
            guard apart?.failedWrite != failed else { return false }
            kept().failedWrite = failed
            return true
        }
        if changed { repost(.alarm) }
    }

    /// Writes if no device call is needed.
    /// - Returns: Whether it was written; if not, call ``put(_:origin:outOfRange:)``.
    public final func putImmediately(
        _ value: DataValue, origin: Origin, outOfRange: OutOfRange = .refuse
    ) throws(DeviceError) -> Bool {
        guard !needsDevice else { return false }
        let checked = try check(value, outOfRange: outOfRange)
        try store(checked)
        owner?.writes.tell(self, checked, origin)
        return true
    }

    /// Writes a number that needs no device, no conversion and no judgement beyond the limits: what clients write most, cheaply.
    /// - Parameter origin: Made only when somebody wants to hear of the write.
    /// - Returns: Whether it was written; if not, ``putImmediately(_:origin:outOfRange:)`` says why or does more.
    @inline(__always)
    final func putPlain(_ number: Double, at time: Timestamp, origin: @autoclosure () -> Origin) -> Bool {
        var wakers = Wakers()
        var listened: ParameterOwner?
        let isStored = lock.withLock {
            guard currentInfo.takesPlain(number), storeNumber(number) else { return false }
            wakers = didPublish(number, .float(number), .none, time)
            if let owner, !owner.writes.isSilent(silence) { listened = owner }
            return true
        }
        guard isStored else { return false }
        wakers.heard = nil  // a client's word, not the device's
        wakers.wake()
        listened?.writes.tell(self, .float(number), origin())
        return true
    }

    /// Stores a number that is in the limits, unless a write calls the device; called with the lock held.
    /// - Returns: Whether it was stored; `false` for a value of another type.
    func storeNumber(_ number: Double) -> Bool { false }

    /// The number and its time, where there is no alarm; `nil` where ``sample`` says more.
    @inline(__always)
    final func plainNumber() -> (number: Double, timestamp: Timestamp)? {
        lock.withLock {
            guard !alarm.isActive, apart?.failedWrite == nil, owner?.hasOverlay != true, let number = storedNumber()
            else {
                return nil
            }
            return (number, timestamp)
        }
    }

    /// The value where it is a number of type DOUBLE; called with the lock held.
    func storedNumber() -> Double? { nil }

    /// Remembers that nobody wanted to hear of a write, unless the metadata changed meanwhile.
    final func rememberSilence(_ generation: UInt32, of info: ParameterInfo) {
        lock.withLock { if currentInfo === info { silence = generation } }
    }

    /// Whether a write calls the device.
    public var needsDevice: Bool { false }

    /// Carries out a write whose value was checked.
    func apply(_ value: DataValue, origin: Origin) async throws(DeviceError) { try store(value) }

    /// Publishes a checked value without asking the device; restoring saved values uses it too.
    func store(_ value: DataValue) throws(DeviceError) {}

    private final func check(_ value: DataValue, outOfRange: OutOfRange) throws(DeviceError) -> DataValue {
        let info = self.info
        guard info.metadata.access != .read else { throw DeviceError(.readOnly, "\(path) cannot be written") }
        do throws(DeviceError) {
            return try info.metadata.check(value, outOfRange: outOfRange)
        } catch {
            throw DeviceError(error.code, "\(path) refused \(value.shortText): \(error.message)")
        }
    }

    // MARK: - Publishing

    /// Stores what every publish shares and queues it to the subscribers; called with the lock held.
    /// - Returns: The subscribers to wake, after the lock is gone.
    @inline(__always)
    final func didPublish(
        _ number: Double?, _ value: @autoclosure () -> DataValue, _ alarm: Alarm, _ time: Timestamp
    ) -> Wakers {
        timestamp = time
        let before = self.alarm
        self.alarm = judged(alarm, number)
        var wakers = Wakers()
        if let subscribers {
            var changes: UpdateChanges = apart?.posted == nil ? [.value, .archive] : beyondDeadBands(number)
            if before != self.alarm { changes.insert(.alarm) }
            if !changes.isEmpty { wakers = post(changes, value(), to: subscribers) }
        }
        if let owner, owner.awaitsFirstWord { wakers.heard = owner }
        return wakers
    }

    private final func post(_ changes: UpdateChanges, _ value: DataValue, to subscribers: [Subscriber]) -> Wakers {
        let update = PackedUpdate(value, changes, timestamp, merged(alarm))
        var wakers = Wakers()
        // By reference without counting: the lock keeps the list, and the list keeps the subscriptions.
        unsafe subscribers.withUnsafeBufferPointer { subscribers in
            for index in subscribers.indices {
                let slot = unsafe subscribers[index].slot
                let isFirst = unsafe Unmanaged.passUnretained(subscribers[index].subscription)
                    ._withUnsafeGuaranteedRef { $0.push(slot, update) }
                if isFirst { unsafe wakers.add(subscribers[index].subscription) }
            }
        }
        update.release()
        return wakers
    }

    /// What the limits make of a given alarm; called with the lock held.
    @inline(__always)
    final func judged(_ given: Alarm, _ number: @autoclosure () -> Double?) -> Alarm {
        currentInfo.isPlain ? given : evaluated(given, number())
    }

    private final func evaluated(_ given: Alarm, _ number: Double?) -> Alarm {
        let apart = kept()
        let reached = apart.judgement?.reached ?? .none
        guard let limits = currentInfo.metadata.alarmLimits, let number else {
            apart.judgement = (given, reached)
            return given
        }
        let judged = limits.judge(number, reached: reached, unit: currentInfo.metadata.unit)
        apart.judgement = (given, judged.status)
        return given.merged(with: judged)
    }

    private final func beyondDeadBands(_ number: Double?) -> UpdateChanges {
        guard let apart, let posted = apart.posted, let bands = currentInfo.metadata.deadBands, let number else {
            return [.value, .archive]
        }
        var changes: UpdateChanges = []
        if !(abs(number - posted.monitor) <= bands.monitor) {
            apart.posted?.monitor = number
            changes.insert(.value)
        }
        if !(abs(number - posted.archive) <= bands.archive) {
            apart.posted?.archive = number
            changes.insert(.archive)
        }
        return changes
    }

    /// Called with the lock held.
    private final func kept() -> Apart {
        let apart = self.apart ?? Apart()
        self.apart = apart
        return apart
    }

    private static let unheard = (monitor: Double.nan, archive: Double.nan)

    /// Tells the subscribers that something other than the value changed, or something that a frontend keeps beside it.
    public final func repost(_ changes: UpdateChanges) {
        let wakers = lock.withLock { subscribers.map { post(changes, currentValue(), to: $0) } ?? Wakers() }
        wakers.wake()
    }

    /// Changes unit, limits, choices or any other metadata and tells subscribers and frontends.
    public final func updateMetadata(_ change: (inout ParameterMetadata) -> Void) {
        var metadata = self.metadata
        let before = metadata
        change(&metadata)
        guard metadata != before else { return }
        let isAlarmNew = lock.withLock {
            let (old, given) = (alarm, apart?.judgement?.given ?? alarm)
            currentInfo = ParameterInfo(metadata)
            if currentInfo.isPlain { apart?.judgement = nil }
            autosaveMemo = 0
            silence = 0
            if metadata.deadBands == nil { apart?.posted = nil } else { kept().posted = Self.unheard }
            // The value that is there is judged by the new limits at once.
            alarm = judged(given, timestamp == .never ? nil : currentValue().double)
            return alarm != old
        }
        // The tree first: a frontend that keeps what it made of the metadata must know before its subscription wakes it.
        owner?.metadataDidChange(self, typeChanged: metadata.type != before.type)
        repost(isAlarmNew ? [.metadata, .alarm] : .metadata)
    }

    // MARK: - Subscribers

    final func attach(_ subscription: Subscription, slot: Int) {
        let wakers = lock.withLock {
            let subscriber = Subscriber(subscription: subscription, slot: slot)
            subscribers = (subscribers ?? []) + [subscriber]
            if currentInfo.metadata.deadBands != nil, apart?.posted == nil { kept().posted = Self.unheard }
            return post([.value, .archive, .alarm], currentValue(), to: [subscriber])
        }
        wakers.wake()
    }

    final func detach(_ subscription: Subscription, slot: Int) {
        lock.withLock {
            subscribers?.removeAll { $0.subscription === subscription && $0.slot == slot }
            if subscribers?.isEmpty == true { subscribers = nil }
        }
    }
}

/// The subscriptions to wake after a lock is gone; one of them costs no allocation.
struct Wakers {
    private var first: Subscription?
    private var others: [Subscription]?
    /// The device that was silent until now.
    var heard: ParameterOwner?

    mutating func add(_ subscription: Subscription) {
        if first == nil {
            first = subscription
        } else {
            others = (others ?? []) + [subscription]
        }
    }

    @inline(__always)
    func wake() {
        heard?.heard()
        guard let first else { return }
        first.wake()
        others?.forEach { $0.wake() }
    }
}
