// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import DAQTransports

extension HealthMonitor {
    /// Less free memory on the detector than this share of all of it is too little; so much more ends the alarm.
    private static let bufferShares = (raise: 0.02, clear: 0.05)
    /// Less free space on the local disk than this is too little; so much more ends the alarm.
    private static let diskBytes = (raise: Int64(256) << 20, clear: Int64(512) << 20)

    /// Looks at the detector's memory for files, as it was read last.
    func judgeBuffer(_ table: KeyTable) {
        let percent = table.value(SIMPLONKey(.detector, .status, "builder/dcu_buffer_free"))?.double
        let free = DetectorMemory.free(table)
        var share = percent.map { $0 / 100 } ?? 1
        if let free {
            let most = noteBuffer(free)
            if most > 0 { share = min(share, Double(free) / Double(most)) }
            if free < DetectorMemory.estimate(1, table) { share = 0 }
        }
        if share < Self.bufferShares.raise {
            let text = free.map { "\($0) bytes" } ?? "\(percent ?? 0) %"
            raise(.bufferFull, "the detector's memory for files has \(text) free; fetch and delete files there")
        } else if share >= Self.bufferShares.clear {
            clear(.bufferFull)
        }
    }

    /// Looks at the local disk.
    func judgeDisk(_ folder: String) async {
        guard let free = try? await BlockingCall.run("daqd-space", { try FreeSpace.available(at: folder) }) else {
            return
        }
        if free < Self.diskBytes.raise {
            raise(.diskFull, "\(folder) has \(free) bytes free; make room")
        } else if free >= max(Self.diskBytes.clear, neededDiskBytes) {
            clear(.diskFull)
        }
    }
}
