// Part of daqd
// SPDX-License-Identifier: MIT

/// One detector: what differs between the models of a family, as data.
struct DetectorModel: Sendable, Equatable {
    /// What `--model` names it.
    var name: String
    /// What the models of its kind share.
    var family: DetectorFamily
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
    /// What `detector_number` says.
    var serialNumber: String

    /// Number of energy thresholds.
    var thresholds: Int { family.thresholds }
    /// Pixels across the detector.
    var columns: Int { modulesAcross * family.moduleColumns + (modulesAcross - 1) * family.columnGap }
    /// Pixels down the detector.
    var rows: Int { modulesDown * family.moduleRows + (modulesDown - 1) * family.rowGap }
    /// Pixels of one frame.
    var pixels: Int { columns * rows }

    /// Whether a pixel lies between modules and so never counts.
    func isGap(column: Int, row: Int) -> Bool {
        column % (family.moduleColumns + family.columnGap) >= family.moduleColumns
            || row % (family.moduleRows + family.rowGap) >= family.moduleRows
    }

    /// All models; the first is the default.
    ///
    /// Rates without a published source are those of a sibling: the EIGER R 1M has those of the X 1M, PILATUS4 a round number.
    static let all: [DetectorModel] = [
        make(.eiger2, "eiger2-500k", "500K", across: 1, down: 1, hertz: 2250, hertz8Bit: 4500),
        make(.eiger2, "eiger2-1m", "1M", across: 1, down: 2, hertz: 2250, hertz8Bit: 4500),
        make(.eiger2, "eiger2-4m", "4M", across: 2, down: 4, hertz: 560, hertz8Bit: 1120),
        make(.eiger2, "eiger2-9m", "9M", across: 3, down: 6, hertz: 230),
        make(.eiger2, "eiger2-16m", "16M", across: 4, down: 8, hertz: 133),
        make(.eiger, "eiger-500k", "500K", across: 1, down: 1, hertz: 1 / 0.000110111112007871, number: "E-01-0165"),
        make(.eiger, "eiger-r-1m", "R 1M", across: 1, down: 2, hertz: 3000),
        make(.eiger, "eiger-4m", "4M", across: 2, down: 4, hertz: 750),
        make(.eiger, "eiger-9m", "9M", across: 3, down: 6, hertz: 238),
        make(.eiger, "eiger-16m", "16M", across: 4, down: 8, hertz: 133),
        make(.pilatus4, "pilatus4-260k", "260K", across: 1, down: 2, hertz: 1000),
        make(.pilatus4, "pilatus4-1m", "1M", across: 2, down: 4, hertz: 1000),
        make(.pilatus4, "pilatus4-2m", "2M", across: 3, down: 6, hertz: 1000),
        make(.pilatus4, "pilatus4-4m", "4M", across: 4, down: 8, hertz: 1000),
    ]

    /// The model of that name.
    static func named(_ name: String) -> DetectorModel? { all.first { $0.name == name } }

    private static func make(
        _ family: DetectorFamily, _ name: String, _ size: String, across: Int, down: Int, hertz: Double,
        hertz8Bit: Double? = nil, number: String? = nil
    ) -> DetectorModel {
        DetectorModel(
            name: name, family: family, description: "\(family.title) \(size)", modulesAcross: across,
            modulesDown: down, shortestFrameSeconds: 1 / hertz, shortestFrameSeconds8Bit: 1 / (hertz8Bit ?? hertz),
            serialNumber: number ?? "E-SIM-\(size)")
    }
}
