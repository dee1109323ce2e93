// Part of daqd
// SPDX-License-Identifier: MIT
import Glibc
import Synchronization
import Testing

@testable import DAQKernel

@Suite("Subscriptions")
struct SubscriptionTests {
    /// A thread of the C library, so that publisher and consumer really run side by side.
    final class Publisher: Sendable {
        private let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }

        func start() -> pthread_t {
            var thread = pthread_t()
            let context = Unmanaged.passRetained(self).toOpaque()
            pthread_create(
                &thread, nil,
                { context in
                    guard let context else { return nil }
                    Unmanaged<Publisher>.fromOpaque(context).takeRetainedValue().body()
                    return nil
                }, context)
            return thread
        }
    }

    @Test("a plain number is written when nothing stands in the way; what must be judged goes the long way")
    func plainNumbers() {
        let number = Parameter<Double>("n", "", limits: 0...10, initial: 1)
        let origin = Origin(frontend: "test")
        #expect(number.putPlain(2, origin: origin) && number.value == 2)
        for refused in [11, -1, .nan, .infinity] { #expect(!number.putPlain(refused, origin: origin)) }
        #expect(number.value == 2)
        #expect(!Parameter<Double>("r", "", access: .read, initial: 1).putPlain(2, origin: origin))
        #expect(!Parameter<Int>("i", "", initial: 1).putPlain(2, origin: origin))
        let slow = Parameter<Double>("s", "", initial: 1)
        slow.onWrite { _, _ in }
        #expect(!slow.putPlain(2, origin: origin) && slow.value == 1)
        // A value of any type takes it where its declaration says that it is a number.
        let any = Parameter<DataValue>(ParameterSpec("any", ParameterMetadata("", type: .number(.float64))))
        #expect(any.putPlain(2, origin: origin) && any.value == .float(2) && any.plainNumber()?.number == 2)
        #expect(number.plainNumber()?.number == 2)
        number.publish(alarm: Alarm(.minor, .high, ""))
        #expect(number.plainNumber() == nil && Parameter<Int>("i", "", initial: 1).plainNumber() == nil)
    }

    @Test("who wants to hear of a parameter's writes does, also who wants to later; the others are asked once")
    func writeObservers() {
        let number = Parameter<Double>("n", "", initial: 1)
        let observers = WriteObservers()
        number.owner = ParameterOwner(device: "d", writes: observers, onMetadata: { _, _ in }, onFirstWord: {})
        let state = Mutex((wants: false, asked: 0, heard: [Double]()))
        observers.add { _ in
            state.withLock {
                $0.asked += 1
                return $0.wants
            }
        } _: { _, value, origin in
            state.withLock { $0.heard.append(origin.user == "alice" ? value.double ?? .nan : .nan) }
        }
        let origin = Origin(frontend: "test", user: "alice")
        for value in [2.0, 3, 4] { #expect(number.putPlain(value, origin: origin)) }
        #expect(state.withLock { $0.asked == 1 && $0.heard == [] })
        state.withLock { $0.wants = true }
        #expect(number.putPlain(5, origin: origin) && state.withLock { $0.heard == [] })
        observers.reconsider()
        for value in [6.0, 7] { #expect(number.putPlain(value, origin: origin)) }
        #expect(state.withLock { $0.asked == 3 && $0.heard == [6, 7] })
        // A change of the metadata is asked about too.
        state.withLock { $0.wants = false }
        #expect(number.putPlain(8, origin: origin) && number.putPlain(9, origin: origin))
        state.withLock { $0.wants = true }
        number.updateMetadata { $0.autosave = true }
        #expect(number.putPlain(10, origin: origin) && state.withLock { $0.heard == [6, 7, 10] })
    }

    @Test("a number that was given back goes to the next parameter, without updates of the one before")
    func release() {
        let parameters = ["a", "b", "c"].enumerated().map { Parameter<Int>($1, "", initial: $0) }
        let subscription = Subscription {}
        for parameter in parameters.prefix(2) { subscription.add(parameter) }
        subscription.release(slot: 0)
        parameters[0].publish(7)
        #expect(subscription.add(parameters[2]) == 0)
        var updates: [Update] = []
        subscription.drain(into: &updates)
        #expect(updates.map(\.slot) == [1, 0])
        #expect(updates.map(\.sample.value) == [.integer(1), .integer(2)])
        subscription.release(slot: 5)
        subscription.release(slot: 0)
        subscription.release(slot: 0)
        #expect(subscription.add(parameters[0]) == 0)
        #expect(subscription.add(parameters[0]) == 2)
    }

    @Test("a stuck subscriber costs a bounded queue, and the last of 1,000,000 updates arrives")
    func stuck() {
        let first = Parameter("a", "", initial: 0)
        let second = Parameter("b", "", initial: 0)
        let wakes = Atomic<Int>(0)
        let subscription = Subscription(capacity: 16) { wakes.add(1, ordering: .relaxed) }
        subscription.add(first)
        subscription.add(second)
        for number in 1...1_000_000 {
            first.publish(number)
            if number % 1000 == 0 { second.publish(number) }
        }
        var updates: [Update] = []
        subscription.drain(into: &updates)
        #expect(updates.count <= 16 + 2)
        #expect(updates.last { $0.slot == 0 }?.sample.value == .integer(1_000_000))
        #expect(updates.last { $0.slot == 1 }?.sample.value == .integer(1_000_000))
        #expect(wakes.load(ordering: .relaxed) == 1)
        #expect(subscription.overwritten + UInt64(updates.count) == 1_000_000 + 1000 + 2)
        for slot in 0...1 {
            let values = updates.filter { $0.slot == slot }.compactMap(\.sample.value.integer)
            #expect(values == values.sorted())
        }
        subscription.drain(into: &updates)
        #expect(updates.isEmpty)
        first.publish(-1)
        subscription.drain(into: &updates)
        #expect(updates.map(\.sample.value) == [.integer(-1)])
        subscription.cancel()
        first.publish(5)
        subscription.drain(into: &updates)
        #expect(updates.isEmpty)
    }

    @Test("a full queue still has room for a parameter that was silent so far")
    func reserved() {
        let busy = Parameter("a", "", initial: 0)
        let silent = Parameter("b", "", initial: 0)
        let subscription = Subscription(capacity: 4) {}
        subscription.add(busy)
        subscription.add(silent)
        var updates: [Update] = []
        subscription.drain(into: &updates)
        for number in 1...100 { busy.publish(number) }
        silent.publish(7)
        silent.publish(8)
        subscription.drain(into: &updates)
        #expect(updates.map(\.sample.value) == [1, 2, 3, 100, 8].map { .integer($0) })
    }

    @Test("1 → 0 → 1 is seen as three updates, in order across parameters")
    func transitions() {
        let acquire = Parameter("acquire", "", initial: false)
        let counter = Parameter("counter", "", initial: 0)
        let subscription = Subscription {}
        subscription.add(acquire)
        subscription.add(counter)
        var updates: [Update] = []
        subscription.drain(into: &updates)
        acquire.publish(true)
        counter.publish(1)
        acquire.publish(false)
        acquire.publish(true)
        subscription.drain(into: &updates)
        #expect(updates.map(\.slot) == [0, 1, 0, 0])
        #expect(updates.map(\.sample.value) == [.bool(true), .integer(1), .bool(false), .bool(true)])
    }

    @Test("10,000 parameters on one subscription: each has its last value")
    func many() {
        let parameters = (0..<10_000).map { Parameter("p\($0)", "", initial: 0) }
        let subscription = Subscription(capacity: 64) {}
        for parameter in parameters { subscription.add(parameter) }
        for round in 1...20 {
            for parameter in parameters { parameter.publish(round) }
        }
        var updates: [Update] = []
        subscription.drain(into: &updates)
        var last = [Int64](repeating: -1, count: parameters.count)
        for update in updates { last[update.slot] = update.sample.value.integer ?? -1 }
        #expect(last.allSatisfy { $0 == 20 })
        #expect(updates.count <= 64 + 10_000)
        subscription.remove(slot: 5)
        parameters[5].publish(99)
        parameters[6].publish(98)
        subscription.drain(into: &updates)
        #expect(updates.map(\.slot) == [6])
    }

    @Test("texts and arrays keep their newest value only")
    func bulky() {
        let text = Parameter("t", "", initial: "")
        let subscription = Subscription {}
        subscription.add(text)
        for number in 0..<100 { text.publish("value \(number)") }
        var updates: [Update] = []
        subscription.drain(into: &updates)
        #expect(updates.map(\.sample.value) == [.string("value 99")])
    }

    @Test("two threads: order holds and the last value arrives, over 500,000 updates")
    func threads() {
        let parameter = Parameter("a", "", initial: 0)
        let subscription = Subscription(capacity: 256) {}
        subscription.add(parameter)
        let thread = Publisher { for number in 1...500_000 { parameter.publish(number) } }.start()
        var last: Int64 = -1
        var updates: [Update] = []
        var isOrdered = true
        let deadline = Timestamp.monotonicNanoseconds() + 60_000_000_000
        while last < 500_000, Timestamp.monotonicNanoseconds() < deadline {
            subscription.drain(into: &updates)
            for update in updates {
                let value = update.sample.value.integer ?? -1
                isOrdered = isOrdered && value > last
                last = value
            }
        }
        pthread_join(thread, nil)
        #expect(isOrdered)
        #expect(last == 500_000)
    }

    @Test("dead bands hold small changes back, metadata changes are told")
    func deadBands() {
        let parameter = Parameter("t", "", initial: 0.0)
        parameter.updateMetadata { $0.deadBands = DeadBands(monitor: 1, archive: 5) }
        let subscription = Subscription {}
        subscription.add(parameter)
        var updates: [Update] = []
        subscription.drain(into: &updates)
        for value in [10, 10.5, 11.2, 12.5, 16] { parameter.publish(value) }
        subscription.drain(into: &updates)
        #expect(updates.map(\.sample.value) == [10, 11.2, 12.5, 16].map { .float($0) })
        #expect(updates.map { $0.changes.contains(.archive) } == [true, false, false, true])
        parameter.updateMetadata { $0.unit = "K" }
        subscription.drain(into: &updates)
        #expect(updates.map(\.changes) == [.metadata])
    }
}

extension AnyParameter {
    fileprivate func putPlain(_ number: Double, origin: Origin) -> Bool {
        putPlain(number, at: .now(), origin: origin)
    }
}
