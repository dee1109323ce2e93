// Part of daqd
// SPDX-License-Identifier: MIT

/// Which files of a series are stored, may be fetched, or are missing: no clock, no socket.
struct FileLedger: Sendable, Equatable {
    let files: SeriesFiles
    private(set) var stored: Set<String> = []
    private(set) var inFlight: Set<String> = []
    /// No more images come: what is listed is final.
    private(set) var hasEnded = false

    init(_ files: SeriesFiles) {
        self.files = files
    }

    mutating func end() { hasEnded = true }

    mutating func begin(_ name: String) { inFlight.insert(name) }

    mutating func finish(_ name: String, stored isStored: Bool) {
        inFlight.remove(name)
        if isStored { stored.insert(name) }
    }

    /// What may be fetched now, in order.
    ///
    /// While the series runs, a data file is final once a later one is listed: old firmware lists a file that still grows.
    /// The master is completed at the end and comes when no data file is left to fetch.
    func due(listed: [String]) -> [String] {
        let numbers = Set(listed.compactMap(files.dataNumber)).sorted()
        let newest = numbers.last ?? 0
        let open = numbers.filter { number in
            let name = files.dataFile(number)
            return !stored.contains(name) && !inFlight.contains(name) && (hasEnded || number < newest)
        }
        var due = open.map(files.dataFile)
        let dataLeft = !due.isEmpty || inFlight.contains { $0 != files.master }
        if hasEnded, !dataLeft, listed.contains(files.master), !stored.contains(files.master),
            !inFlight.contains(files.master)
        {
            due.append(files.master)
        }
        return due
    }

    /// Whether every file that a complete series has is here.
    var isComplete: Bool {
        guard stored.contains(files.master), stored.count >= files.count else { return false }
        return firstMissing(limit: 1).isEmpty
    }

    /// The names that a complete series has and that are not stored; at most so many.
    func firstMissing(limit: Int) -> [String] {
        var missing: [String] = []
        var number = 1
        while missing.count < limit, number <= files.dataFileCount {
            let name = files.dataFile(number)
            if !stored.contains(name) { missing.append(name) }
            number += 1
        }
        if missing.count < limit, !stored.contains(files.master) { missing.append(files.master) }
        return missing
    }

    var missingCount: Int { max(0, files.count - stored.filter(files.owns).count) }
}
