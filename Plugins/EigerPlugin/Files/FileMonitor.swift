// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// The parameters that tell how the files of the present series come.
final class FileMonitor: Sendable {
    let latestFile = Parameter("files/latest", "File that was stored last", access: .read, initial: "")
    let latestMaster = Parameter("files/latest_master", "Master file that was stored last", access: .read, initial: "")
    let latestData = Parameter("files/latest_data", "Data file that was stored last", access: .read, initial: "")
    let folder = Parameter("files/folder", "Where files are stored", access: .read, initial: "")
    let expected = Parameter("files/expected", "Files of the present series", access: .read, initial: 0)
    let stored = Parameter("files/stored", "Files of the present series that are stored", access: .read, initial: 0)
    let bytes = Parameter(
        "files/bytes", "Bytes of the present series that came", unit: "B", access: .read, initial: Int64(0))
    private let counts = Mutex((stored: 0, bytes: Int64(0), published: ContinuousClock.now))

    /// A new series begins.
    func begin(expected count: Int, folder path: String) {
        counts.withLock { $0 = (0, 0, .now) }
        expected.publish(count)
        stored.publish(0)
        bytes.publish(0)
        folder.publish(path)
    }

    /// Bytes came; published ten times a second at most.
    func received(_ count: Int64) {
        let due = counts.withLock { counts -> Int64? in
            counts.bytes += count
            guard counts.published.duration(to: .now) > .milliseconds(100) else { return nil }
            counts.published = .now
            return counts.bytes
        }
        if let due { bytes.publish(due) }
    }

    /// The file is complete under its final name.
    func latest(_ name: String, _ files: SeriesFiles) {
        latestFile.publish(name)
        if files.role(of: name) == .master { latestMaster.publish(name) } else { latestData.publish(name) }
    }

    /// One more file of the series is safe.
    func stored(_ name: String, _ files: SeriesFiles) {
        let (count, total) = counts.withLock { counts in
            counts.stored += 1
            return (counts.stored, counts.bytes)
        }
        stored.publish(count)
        bytes.publish(total)
    }
}
