// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The commands of a camera, by theme; they live as long as it does.
///
/// What every frontend shows stands under short paths; the Python driver's member functions stand in the group `emccd`, under their
/// own names. All of them run beside each other: the gate keeps the SDK's calls in order, nothing else waits.
struct CameraCommands: Sendable {
    let all: [AnyCommand]

    init(_ core: CameraCore, _ acquirer: Acquirer, _ thermostat: Thermostat, _ lifecycle: Lifecycle) {
        all =
            RunCommands.make(core, acquirer, lifecycle)
            + CoolingCommands.make(core, thermostat, lifecycle)
            + ImageCommands.make(core, acquirer)
            + IdentityCommands.make(core)
            + ReadoutCommands.make(core)
            + SettingCommands.make(core)
            + ShutterCommands.make(core)
            + DetailCommands.make(core)
            + RawCommands.make(core, acquirer)
    }

    /// Commands that call a camera and are not in each other's way.
    static let parallel = CommandPolicy(.parallel)
    /// Commands that must get through whatever runs.
    static let interrupting = CommandPolicy(.interrupting)
}

extension DataValue {
    /// A dictionary with texts as keys.
    static func object(_ entries: [(String, DataValue)]) -> DataValue {
        .dictionary(entries.map { DictionaryEntry(.string($0.0), $0.1) })
    }

    /// A tuple of two whole numbers.
    static func pair(_ values: (Int, Int)) -> DataValue { .tuple([DataValue(values.0), DataValue(values.1)]) }

    /// A list of numbers.
    static func numbers(_ values: [Double]) -> DataValue { .list(values.map { .float($0) }) }
}

/// Chooses from a list as the Python driver does: a whole number is an index, any other number the nearest value.
enum NearestChoice {
    static func index(_ value: DataValue, in list: [Double], _ what: String) throws(DeviceError) -> Int {
        switch value {
        case .integer(let index):
            guard list.indices.contains(Int(index)) else {
                throw DeviceError(
                    .outOfRange, "\(what) \(index) does not exist; there are 0 to \(list.count - 1): \(list)")
            }
            return Int(index)
        case .float(let wanted):
            guard let nearest = list.indices.min(by: { abs(list[$0] - wanted) < abs(list[$1] - wanted) }) else {
                throw DeviceError(.outOfRange, "this camera has no \(what)")
            }
            return nearest
        default: throw DeviceError(.wrongType, "\(what) must be an index or a number, not \(value.kind)")
        }
    }
}
