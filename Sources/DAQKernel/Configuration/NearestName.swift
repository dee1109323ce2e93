// Part of daqd
// SPDX-License-Identifier: MIT

/// The name that somebody who misspelt one most likely meant.
enum NearestName {
    /// The nearest candidate, if it is near: at most a third of the letters wrong, and two of a short word.
    static func of(_ name: String, among candidates: [String]) -> String? {
        guard name.count <= 64 else { return nil }
        let allowed = max(name.count <= 2 ? 1 : 2, name.count / 3)
        let wanted = Array(folded(name))
        var best: (name: String, distance: Int)?
        for candidate in candidates.sorted() {
            let distance = distance(wanted, Array(folded(candidate)))
            if distance <= allowed, distance < min(candidate.count, best?.distance ?? .max) {
                best = (candidate, distance)
            }
        }
        return best?.name
    }

    /// `; did you mean port?`, else `; known are host, port`, else nothing.
    static func hint(_ name: String, among candidates: [String], known: String) -> String {
        if let nearest = of(name, among: candidates) { return "; did you mean \(nearest)?" }
        guard !candidates.isEmpty else { return "" }
        let shown = candidates.sorted().prefix(12).joined(separator: ", ")
        return "; \(known) \(shown)\(candidates.count > 12 ? ", …" : "")"
    }

    /// Hyphens for underscores and capitals are no misspelling worth counting.
    private static func folded(_ name: String) -> [Character] {
        name.lowercased().map { $0 == "-" ? "_" : $0 }
    }

    /// Letters to insert, remove, replace or swap with their neighbour.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, character) in left.enumerated() {
            var current = [row + 1]
            for column in right.indices {
                let replaced = last[column] + (character == right[column] ? 0 : 1)
                var cost = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, character == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
