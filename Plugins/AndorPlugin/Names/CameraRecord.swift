// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What areaDetector's records have in common here: numbers outside the limits are clamped, the readback tells.
enum CameraRecord {
    static let noYes = FrontendType.enumeration(["No", "Yes"])
    static let offOn = FrontendType.enumeration(["Off", "On"])
    static let text = FrontendType.characters(256)

    /// `X`, which clients write, and `X_RBV`, which shows what the camera made of it, or something else that it reads back.
    static func both(
        _ name: String, _ path: String, _ type: FrontendType, readback: String? = nil, labels: [String: String] = [:],
        precision: Int? = nil
    ) -> [NameEntry] {
        [
            entry(name, .parameter(path), type, nil, labels, precision),
            entry(name + "_RBV", .parameter(readback ?? path), type, .read, labels, precision),
        ]
    }

    /// A name that clients write, without a readback.
    static func write(
        _ name: String, _ path: String, _ type: FrontendType, labels: [String: String] = [:]
    ) -> [NameEntry] { [entry(name, .parameter(path), type, nil, labels, nil)] }

    /// A name that is only read.
    static func read(
        _ name: String, _ source: NameSource, _ type: FrontendType, labels: [String: String] = [:],
        precision: Int? = nil
    ) -> [NameEntry] { [entry(name, source, type, .read, labels, precision)] }

    static func read(
        _ name: String, _ path: String, _ type: FrontendType, labels: [String: String] = [:], precision: Int? = nil
    ) -> [NameEntry] { read(name, .parameter(path), type, labels: labels, precision: precision) }

    /// A write of 1 calls a command; the put-callback comes when it has ended.
    static func command(_ name: String, _ path: String, _ labels: [String], off: String? = nil) -> [NameEntry] {
        [
            NameEntry(name, .command(path)) { entry in
                entry.type = .enumeration(labels)
                entry.completion = .operation
                entry.dwellSeconds = 1
                entry.off = off
                // A write of 0 must not wait behind the acquisition that it is to end.
                entry.interrupts = off != nil
            }
        ]
    }

    /// A record that clients write and read back and that does nothing here.
    static func inert(_ name: String, _ type: FrontendType, _ value: JSON, readback: Bool = true) -> [NameEntry] {
        let value = DataValue(value)
        let setting = entry(name, .stored(value), type, nil, [:], nil, value)
        return readback ? [setting, entry(name + "_RBV", .name(name), type, .read, [:], nil, value)] : [setting]
    }

    /// A value that never changes.
    static func constant(_ name: String, _ type: FrontendType, _ value: JSON) -> [NameEntry] {
        read(name, .constant(DataValue(value)), type)
    }

    private static func entry(
        _ name: String, _ source: NameSource, _ type: FrontendType, _ access: Access?, _ labels: [String: String],
        _ precision: Int?, _ initial: DataValue? = nil
    ) -> NameEntry {
        NameEntry(name, source) { entry in
            entry.type = type
            entry.access = access
            entry.labels = labels
            entry.precision = precision
            entry.initial = initial
            entry.outOfRange = .clamp
        }
    }
}
