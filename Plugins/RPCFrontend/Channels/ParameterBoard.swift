// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// What is known of every parameter besides its value, by device and path: type, unit, limits, choices, access.
///
/// Made only while somebody looks at it; changes are told ten times a second at most.
final class ParameterBoard: Sendable {
    private struct Place: Hashable {
        var device: String
        var path: String
    }

    private let site: Site
    private let shows: @Sendable (String) -> Bool
    private let notifier: Notifier
    private let state = Mutex<(mustRebuild: Bool, changed: Set<Place>)>((true, []))

    init(_ site: Site, shows: @escaping @Sendable (String) -> Bool, _ notifier: Notifier) {
        self.site = site
        self.shows = shows
        self.notifier = notifier
    }

    func treeChanged(_ event: TreeEvent) {
        state.withLock { state in
            switch event {
            case .metadataChanged(let device, let path), .typeChanged(let device, let path):
                if !state.mustRebuild { state.changed.insert(Place(device: device, path: path)) }
            case .deviceState: break
            case .deviceAdded, .deviceRemoved, .memberAdded, .memberRemoved: state = (true, [])
            @unknown default: state = (true, [])
            }
        }
    }

    /// Tells what changed since the last look.
    func publish() {
        guard !notifier.channel.isEmpty else {
            // Whoever comes next gets everything.
            state.withLock { $0 = (true, []) }
            return
        }
        let (mustRebuild, changed) = state.withLock { state in
            defer { state = (false, []) }
            return state
        }
        if mustRebuild { return rebuild() }
        for place in changed where shows(place.device) {
            guard let parameter = site.device(place.device)?.parameter(place.path) else { continue }
            notifier.setItem(
                .string(place.path), Self.entry(parameter.metadata), in: [.string(place.device)])
        }
    }

    private func rebuild() {
        notifier.replace(
            .object(
                site.devices.filter { shows($0.name) }.map { device in
                    (device.name, .object(device.parameters.map { ($0.name, Self.entry($0.metadata)) }))
                }))
    }

    private static func entry(_ metadata: ParameterMetadata) -> DataValue {
        func bound(_ number: Double) -> DataValue { number.isFinite ? .float(number) : .null }
        return .object([
            ("description", .string(metadata.description.basic)), ("type", .string(metadata.type.name)),
            ("unit", .string(metadata.unit.basic)), ("access", .string(metadata.access.rawValue)),
            ("limits", metadata.limits.map { .list([bound($0.lowerBound), bound($0.upperBound)]) } ?? .null),
            ("choices", .list(metadata.choices.map { .string($0.basic) })),
        ])
    }
}
