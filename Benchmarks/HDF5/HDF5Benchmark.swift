// Part of daqd
// SPDX-License-Identifier: MIT
import DAQStorage
import Glibc

/// Direct chunk writes of frames as they arrive, beside plain writes of the same bytes to the same disk.
@main
enum HDF5Benchmark {
    static let rows = 2167
    static let columns = 2070
    static let frames = 64

    static func main() throws {
        let frame = (0..<rows * columns).map { (index: Int) -> UInt16 in
            UInt16(truncatingIfNeeded: index &* 2_654_435_761 >> 20)
        }
        let folder = try temporaryFolder()
        defer { unsafe rmdir(folder) }
        let raw = unsafe frame.withUnsafeBytes { unsafe [UInt8]($0) }
        let small = [UInt8](raw.prefix(raw.count / 8))
        print("\(frames) frames of \(columns) x \(rows) uint16 into \(folder), best of 5, GB/s of bytes written")
        print(
            "chunk of 9.0 MB, no filter      plain writes \(try plain(raw, folder))  HDF5 \(try chunks(raw, .none, folder))"
        )
        print(
            "chunk of 1.1 MB, bslz4 8:1      plain writes \(try plain(small, folder))  HDF5 \(try chunks(small, .bitshuffleLZ4, folder))"
        )
    }

    static func temporaryFolder() throws -> String {
        var template = Array("/dev/shm/daqd-bench-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw StorageError(.hdf5, "no temporary folder in /dev/shm") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func plain(_ bytes: [UInt8], _ folder: String) throws -> String {
        let path = folder + "/plain"
        return try best(bytes.count) {
            let file = unsafe open(path, O_CREAT | O_WRONLY | O_EXCL, 0o600)
            guard file >= 0 else { throw StorageError(.hdf5, "cannot create \(path)") }
            defer {
                close(file)
                unsafe unlink(path)
            }
            for _ in 0..<frames {
                guard unsafe write(file, bytes, bytes.count) == bytes.count else {
                    throw StorageError(.hdf5, "cannot write \(path)")
                }
            }
        }
    }

    static func chunks(_ bytes: [UInt8], _ filter: HDF5Filter, _ folder: String) throws -> String {
        let path = folder + "/frames.h5"
        return try best(bytes.count) {
            defer { unsafe unlink(path) }
            try HDF5.blocking {
                let file = try HDF5File.create(path)
                let data = try file.createDataset(
                    "entry/data/data", .frames(.uint16, count: frames, rows: rows, columns: columns, filter: filter))
                for index in 0..<frames { try data.writeChunk(at: [index, 0, 0], bytes) }
                try file.close()
            }
        }
    }

    /// The best of five runs.
    static func best(_ size: Int, _ body: () throws -> Void) rethrows -> String {
        let clock = ContinuousClock()
        var shortest = Duration.seconds(3600)
        for _ in 0..<5 { shortest = min(shortest, try clock.measure(body)) }
        let seconds = Double(shortest.components.attoseconds) / 1e18 + Double(shortest.components.seconds)
        let hundredths = Int((Double(size * frames) / seconds / 1e7).rounded())
        return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
    }
}
