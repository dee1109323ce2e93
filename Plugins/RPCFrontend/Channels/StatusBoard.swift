// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// The values of every parameter of every shown device, by device and path, told at most ten times a second each.
final class StatusBoard: Sendable {
    private struct State {
        var subscription: Subscription?
        var places: [(device: String, path: String)] = []
        var mustRebuild = true
        var isClosed = false
    }

    /// Arrays of more elements are not for a status board.
    private static let longestArray = 16

    private let site: Site
    private let shows: @Sendable (String) -> Bool
    private let notifier: Notifier
    private let state = Mutex(State())

    init(_ site: Site, shows: @escaping @Sendable (String) -> Bool, _ notifier: Notifier) {
        self.site = site
        self.shows = shows
        self.notifier = notifier
    }

    /// A parameter came, went or changed: everything is told anew with the next look.
    func treeChanged() { state.withLock { $0.mustRebuild = true } }

    func close() {
        let subscription = state.withLock { state in
            state.isClosed = true
            defer { state.subscription = nil }
            return state.subscription
        }
        subscription?.cancel()
    }

    /// Tells what changed since the last look.
    func publish() {
        if state.withLock({ $0.mustRebuild && !$0.isClosed }) { return rebuild() }
        let (subscription, places) = state.withLock { ($0.subscription, $0.places) }
        var latest: [Int: Sample] = [:]
        subscription?.drain { update in latest[update.slot] = update.sample }
        for (slot, sample) in latest where places.indices.contains(slot) {
            guard let value = Self.plain(sample) else { continue }
            notifier.setItem(.string(places[slot].path), value, in: [.string(places[slot].device)])
        }
    }

    private func rebuild() {
        state.withLock { $0.mustRebuild = false }
        let subscription = Subscription(capacity: 1) {}
        var places: [(device: String, path: String)] = []
        var devices: [(String, DataValue)] = []
        for device in site.devices where shows(device.name) {
            var values: [(String, DataValue)] = []
            for parameter in device.parameters {
                let slot = subscription.add(parameter)
                guard slot >= 0 else { continue }
                places += repeatElement(
                    (device: device.name, path: parameter.name), count: max(0, slot + 1 - places.count))
                if let value = Self.plain(parameter.sample) { values.append((parameter.name, value)) }
            }
            devices.append((device.name, .object(values)))
        }
        subscription.drain { _ in }
        let old = state.withLock { state -> Subscription? in
            if state.isClosed { return subscription }
            defer { (state.subscription, state.places) = (subscription, places) }
            return state.subscription
        }
        old?.cancel()
        notifier.replace(.object(devices))
    }

    /// A value that every subscriber reads; null where it means nothing, nil where it is too large.
    private static func plain(_ sample: Sample) -> DataValue? {
        if sample.alarm.voidsValue { return .null }
        return plain(sample.value)
    }

    private static func plain(_ value: DataValue) -> DataValue? {
        switch value {
        case .null, .bool, .integer: return value
        case .float(let number): return number.isFinite ? value : .null
        case .unsigned(let number): return .float(Double(number))
        case .string(let text): return .string(text.basic)
        case .strings(let texts): return texts.count <= longestArray ? .list(texts.map { .string($0.basic) }) : nil
        case .array(let array):
            guard array.count <= longestArray else { return nil }
            return .list((0..<array.count).compactMap { plain(array[$0]) })
        default: return nil
        }
    }
}
