// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// An array of numbers as SIMPLON packs it into JSON.
///
/// Source: SIMPLON 1.8, "darray"; a recorded reply has the shape [rows, columns].
struct DArray: Sendable {
    /// `<u4` or `<f4`.
    let type: String
    let bytes: [UInt8]

    /// What a GET answers.
    func envelope(rows: Int, columns: Int) -> [UInt8] {
        let access = #""access_mode":"rw","value":{"__darray__":[1,0,0],"type":""#
        let shape = #"","shape":[\#(rows),\#(columns)],"filters":["base64"],"data":""#
        let valueType = type == "<f4" ? "float[][]" : "uint[][]"
        return Array("{\(access)\(type)\(shape)".utf8) + Base64.encode(bytes)
            + Array(#""},"value_type":"\#(valueType)"}"#.utf8)
    }

    /// Reads what a PUT brings; the shape must be that of the detector, rows first.
    init(_ value: JSON, type: String, rows: Int, columns: Int, name: String) throws(Refusal) {
        guard value["__darray__"] != nil else { throw .badValue("Parameter \(name): the value must be a darray") }
        guard value["type"]?.string == type else { throw .badValue("Parameter \(name): the type must be \(type)") }
        guard value["shape"]?.array?.compactMap(\.integer) == [Int64(rows), Int64(columns)] else {
            throw .badValue("Parameter \(name): the shape must be [\(rows), \(columns)]")
        }
        guard value["filters"]?.array == [JSON.string("base64")], let text = value["data"]?.string,
            let bytes = Base64.decode(Array(text.utf8)), bytes.count == rows * columns * 4
        else { throw .badValue("Parameter \(name): the data must be \(rows * columns * 4) bytes in base64") }
        self.type = type
        self.bytes = bytes
    }

    init(type: String, bytes: [UInt8]) {
        self.type = type
        self.bytes = bytes
    }
}

extension ControlUnit {
    /// Keys that hold an image-sized array.
    func arrayNames(_ subsystem: Subsystem, _ version: APIVersion = .v18) -> [String] {
        guard subsystem == .detector else { return [] }
        let plain = ["flatfield", "pixel_mask"]
        if version == .v16 { return plain }
        return plain + (1...model.thresholds).flatMap { ["threshold/\($0)/flatfield", "threshold/\($0)/pixel_mask"] }
    }

    /// The name under which an array is kept: the first threshold's has two.
    private static func slot(_ name: String) -> String {
        name.hasPrefix("threshold/1/") ? String(name.dropFirst("threshold/1/".count)) : name
    }

    /// The elements of an array key, row by row; `nil` when the name is none.
    func array(_ subsystem: Subsystem, _ name: String, _ version: APIVersion) async throws(Refusal) -> DArray? {
        guard arrayNames(subsystem, version).contains(name) else { return nil }
        try requireInitialized(name)
        let type = name.hasSuffix("flatfield") ? "<f4" : "<u4"
        if let custom = customArrays[Self.slot(name)] { return DArray(type: type, bytes: custom) }
        if type == "<f4" {
            let ones = [Float](repeating: 1, count: model.pixels)
            return DArray(type: type, bytes: unsafe ones.withUnsafeBytes { unsafe [UInt8]($0) })
        }
        let mask = await framePattern().mask
        return DArray(type: type, bytes: unsafe mask.withUnsafeBytes { unsafe [UInt8]($0) })
    }

    /// Takes a mask or flat field of a client's own; the names that changed.
    func putArray(_ name: String, _ value: JSON, _ version: APIVersion) throws(Refusal) -> [String] {
        let type = name.hasSuffix("flatfield") ? "<f4" : "<u4"
        let array = try DArray(value, type: type, rows: model.rows, columns: model.columns, name: name)
        customArrays[Self.slot(name)] = array.bytes
        return twins(of: name, version)
    }

    /// Puts an array back to the detector's own.
    func removeArray(_ subsystem: Subsystem, _ name: String, _ version: APIVersion) throws(Refusal) {
        guard arrayNames(subsystem, version).contains(name) else {
            throw Refusal(status: 405, text: "method DELETE is not allowed here")
        }
        try requireInitialized(name)
        customArrays[Self.slot(name)] = nil
    }

    private func twins(of name: String, _ version: APIVersion) -> [String] {
        let slot = Self.slot(name)
        return arrayNames(.detector, version).filter { Self.slot($0) == slot }
    }

    /// The pixel mask as a series is armed with it.
    func mask() async -> [UInt32] {
        guard let custom = customArrays["pixel_mask"] else { return await framePattern().mask }
        return unsafe custom.withUnsafeBytes { bytes in
            (0..<model.pixels).map { unsafe bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) }
        }
    }
}
