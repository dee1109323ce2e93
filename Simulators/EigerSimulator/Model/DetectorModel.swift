// Part of daqd
// SPDX-License-Identifier: MIT

/// One detector of the family: what differs between models, as data.
///
/// Source: EIGER2 module 1028 × 512 pixels, gaps of 12 columns and 38 rows between modules.
struct DetectorModel: Sendable, Equatable {
    /// What `--model` names it.
    var name: String
    /// What `detector/config/description` says; clients decide the family by it.
    var description: String
    /// Modules side by side.
    var modulesAcross: Int
    /// Modules one above the other.
    var modulesDown: Int
    /// Smallest `frame_time` with 16-bit readout, in seconds.
    var shortestFrameSeconds: Double
    /// Smallest `frame_time` with 8-bit readout, in seconds; equal to the above where there is none.
    var shortestFrameSeconds8Bit: Double
    /// Number of energy thresholds.
    var thresholds: Int
    /// What `detector_number` says.
    var serialNumber: String

    /// Pixels across one module.
    static let moduleColumns = 1028
    /// Pixels down one module.
    static let moduleRows = 512
    /// Insensitive columns between two modules.
    static let columnGap = 12
    /// Insensitive rows between two modules.
    static let rowGap = 38

    /// Pixels across the detector.
    var columns: Int { modulesAcross * Self.moduleColumns + (modulesAcross - 1) * Self.columnGap }
    /// Pixels down the detector.
    var rows: Int { modulesDown * Self.moduleRows + (modulesDown - 1) * Self.rowGap }
    /// Pixels of one frame.
    var pixels: Int { columns * rows }

    /// Whether a pixel lies between modules and so never counts.
    func isGap(column: Int, row: Int) -> Bool {
        column % (Self.moduleColumns + Self.columnGap) >= Self.moduleColumns
            || row % (Self.moduleRows + Self.rowGap) >= Self.moduleRows
    }

    /// All models; the first is the default.
    static let all: [DetectorModel] = [
        .eiger2("eiger2-500k", "500K", across: 1, down: 1, hertz: 2250, hertz8Bit: 4500),
        .eiger2("eiger2-1m", "1M", across: 1, down: 2, hertz: 2250, hertz8Bit: 4500),
        .eiger2("eiger2-4m", "4M", across: 2, down: 4, hertz: 560, hertz8Bit: 1120),
        .eiger2("eiger2-9m", "9M", across: 3, down: 6, hertz: 230, hertz8Bit: 230),
        .eiger2("eiger2-16m", "16M", across: 4, down: 8, hertz: 133, hertz8Bit: 133),
    ]

    /// The model of that name.
    static func named(_ name: String) -> DetectorModel? { all.first { $0.name == name } }

    private static func eiger2(
        _ name: String, _ size: String, across: Int, down: Int, hertz: Double, hertz8Bit: Double
    ) -> DetectorModel {
        DetectorModel(
            name: name, description: "Dectris EIGER2 Si \(size)", modulesAcross: across, modulesDown: down,
            shortestFrameSeconds: 1 / hertz, shortestFrameSeconds8Bit: 1 / hertz8Bit, thresholds: 2,
            serialNumber: "E-SIM-\(size)")
    }
}
