// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// The running or last acquisition of a device as parameters, one for each field that a name shows.
final class AcquisitionFace: Sendable {
    private let device: String
    private let site: Site
    private let fields = Mutex<[String: Parameter<DataValue>]>([:])
    private let last = Mutex<AcquisitionRecord?>(nil)
    private let observation = Mutex<AcquisitionObservation?>(nil)

    /// The fields there are, with their types.
    static let types: [String: ValueType] = [
        "id": .string(capacity: 0), "name": .string(capacity: 0), "state": .string(capacity: 0),
        "message": .string(capacity: 0), "received": .number(.int64), "expected": .number(.int64),
        "missing": .number(.int64), "active": .bool,
    ]

    init(_ node: DeviceNode, on site: Site) {
        device = node.name
        self.site = site
    }

    /// The parameter of a field; `nil` when there is no such field.
    func parameter(_ field: String) -> Parameter<DataValue>? {
        guard let type = Self.types[field] else { return nil }
        let parameter = fields.withLock { fields in
            if let known = fields[field] { return known }
            var metadata = ParameterMetadata("\(field) of the running or last acquisition", type: type)
            metadata.access = .read
            let made = Parameter<DataValue>(ParameterSpec(field, metadata), initial: type.emptyValue)
            fields[field] = made
            return made
        }
        observe()
        return parameter
    }

    /// Ends the observation.
    func close() { observation.withLock { $0 = nil } }

    private func observe() {
        observation.withLock { observation in
            guard observation == nil else { return }
            observation = site.acquisitions.observe { [weak self] event in
                guard let self, let record = event.record, record.device == device else { return }
                show(record)
            }
        }
        if let running = site.acquisitions.active.last(where: { $0.device == device && !$0.isResumed }) {
            show(running.record)
        }
    }

    private func show(_ record: AcquisitionRecord) {
        let parameters = fields.withLock { $0 }
        for (field, parameter) in parameters {
            let value = Self.value(field, record)
            if parameter.value != value { parameter.publish(value) }
        }
    }

    private static func value(_ field: String, _ record: AcquisitionRecord) -> DataValue {
        switch field {
        case "id": .string(record.id)
        case "name": .string(record.name)
        case "state": .string(record.state.rawValue)
        case "message": .string(record.result ?? "")
        case "received": .integer(record.frames.received ?? 0)
        case "expected": .integer(record.frames.expected ?? 0)
        case "missing": .integer(record.frames.missing ?? 0)
        case "active": .bool(record.state.isActive)
        default: .null
        }
    }
}

extension ValueType {
    /// Nothing yet, in this type.
    var emptyValue: DataValue {
        switch self {
        case .bool: .bool(false)
        case .number(let element): element.range == nil ? .float(0) : .integer(0)
        case .string, .enumeration: .string("")
        case .bytes: .bytes([])
        case .strings: .strings([])
        case .array, .any, .nothing: .null
        }
    }
}
