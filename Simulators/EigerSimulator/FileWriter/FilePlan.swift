// Part of daqd
// SPDX-License-Identifier: MIT

/// Which files a series makes, what they are called and which images they hold; no I/O.
///
/// Source: SIMPLON 1.8, `filewriter/config/name_pattern`, `nimages_per_file`, `image_nr_start`.
struct FilePlan: Sendable, Equatable {
    /// The pattern with the series number in it.
    let stem: String
    /// Images per data file; 0 puts all of them into the master.
    let imagesPerFile: Int
    /// Number of the first image.
    let firstImage: Int
    /// Images that the series was armed for.
    let plannedImages: Int

    init(pattern: String, series: Int, imagesPerFile: Int, firstImage: Int, plannedImages: Int) {
        stem = Self.replace("$id", in: pattern, by: String(series))
        self.imagesPerFile = imagesPerFile
        self.firstImage = firstImage
        self.plannedImages = plannedImages
    }

    /// The master file's name.
    var masterName: String { stem + "_master.h5" }

    /// How many data files the whole series makes.
    var dataFiles: Int { imagesPerFile == 0 ? 0 : (plannedImages + imagesPerFile - 1) / imagesPerFile }

    /// The name of a data file, counted from 0.
    func dataName(_ index: Int) -> String { "\(stem)_data_\(Self.sixDigits(index + 1)).h5" }

    /// The name without its folder, as the external links of the master use it.
    func localDataName(_ index: Int) -> String {
        dataName(index).split(separator: "/", omittingEmptySubsequences: true).last.map(String.init) ?? dataName(index)
    }

    /// Which images (counted from 0) data file `index` holds when the series has that many in all.
    func images(ofFile index: Int, taken: Int) -> Range<Int> {
        let low = min(index * imagesPerFile, taken)
        return low..<min(low + imagesPerFile, taken)
    }

    /// How many images must be complete before data file `index` can be written.
    func imagesNeeded(forFile index: Int) -> Int { min((index + 1) * imagesPerFile, plannedImages) }

    /// What is wrong with a name pattern, if anything.
    static func problem(of pattern: String) -> String? {
        if pattern.isEmpty { return "must not be empty" }
        if pattern.utf8.count > 200 { return "must not be longer than 200 bytes" }
        if pattern.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "must not contain control characters" }
        let parts = pattern.split(separator: "/", omittingEmptySubsequences: false)
        if parts.contains("..") || parts.contains("") { return "must be a relative path without '..'" }
        return nil
    }

    private static func sixDigits(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    private static func replace(_ word: String, in text: String, by value: String) -> String {
        var result = ""
        var rest = text[...]
        while !rest.isEmpty {
            if rest.hasPrefix(word) {
                result += value
                rest = rest.dropFirst(word.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result
    }
}
