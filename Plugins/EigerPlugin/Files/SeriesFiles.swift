// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The files that the detector's filewriter makes for one series, by name.
struct SeriesFiles: Sendable, Equatable {
    /// The pattern with the number put in: `eiger_5`.
    let base: String
    let images: Int64
    /// 0: the images are in the master file.
    let imagesPerFile: Int

    init(pattern: String, number: Int64, images: Int64, imagesPerFile: Int) {
        let halves = pattern.split(separator: "$id", omittingEmptySubsequences: false)
        base = halves.joined(separator: "\(number)")
        self.images = max(0, images)
        self.imagesPerFile = max(0, imagesPerFile)
    }

    var master: String { base + "_master.h5" }

    var dataFileCount: Int {
        guard imagesPerFile > 0 else { return 0 }
        return Int((images + Int64(imagesPerFile) - 1) / Int64(imagesPerFile))
    }

    /// Master and data files.
    var count: Int { dataFileCount + 1 }

    /// The name of a data file; numbers begin at 1.
    func dataFile(_ number: Int) -> String {
        let digits = String(number)
        return "\(base)_data_\(String(repeating: "0", count: max(0, 6 - digits.utf8.count)))\(digits).h5"
    }

    /// The number of a data file of this series; `nil` for every other name.
    func dataNumber(_ name: String) -> Int? {
        let prefix = base + "_data_"
        guard name.hasPrefix(prefix), name.hasSuffix(".h5") else { return nil }
        let digits = name.dropFirst(prefix.count).dropLast(3)
        guard digits.count >= 6, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(digits),
            number > 0,
            dataFile(number) == name
        else { return nil }
        return number
    }

    /// Whether a name belongs to this series.
    func owns(_ name: String) -> Bool { name == master || dataNumber(name) != nil }

    func role(of name: String) -> Artifact.Role {
        name == master ? .master : dataNumber(name) == nil ? .other : .data
    }

    /// The images of a file by their place in the series, counted from 0; `nil` for the master of a series with data files.
    func imageRange(of name: String) -> Range<Int64>? {
        if name == master { return imagesPerFile == 0 ? 0..<images : nil }
        guard let number = dataNumber(name), imagesPerFile > 0 else { return nil }
        let (first, overflow) = Int64(number - 1).multipliedReportingOverflow(by: Int64(imagesPerFile))
        guard !overflow else { return nil }
        return first..<max(first, min(images, first + Int64(imagesPerFile)))
    }
}
