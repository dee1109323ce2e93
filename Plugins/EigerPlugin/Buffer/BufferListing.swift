// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Keeps `buffer/files`, the names of the files on the detector: read anew when the free memory there changes.
final class BufferListing: Sendable {
    private let files: Parameter<DataValue>
    private let keys: KeyService
    private let isDue = Mutex(false)

    private static let free = SIMPLONKey(.filewriter, .status, "buffer_free")

    /// To be made inside the device's factory.
    init(_ keys: KeyService) {
        self.keys = keys
        var metadata = ParameterMetadata(
            "Names of the files on the detector, as listed last", type: .strings(capacity: 0))
        metadata.access = .read
        files = Parameter<DataValue>(ParameterSpec("buffer/files", metadata))
    }

    func follow() {
        let last = Mutex<Double?>(nil)
        keys.table.observe { [weak self] key in
            guard let self, key == Self.free else { return }
            let now = keys.table.value(key)?.double
            let hasChanged = last.withLock { last in
                defer { last = now }
                return last != now
            }
            if hasChanged { wake() }
        }
    }

    /// The list is to be read at the next opportunity.
    func wake() { isDue.withLock { $0 = true } }

    /// Runs for the life of the device; ends only by cancellation.
    /// - Parameter isQuiet: Whether no series of this daemon runs; during one nothing is asked from here.
    func run(isQuiet: @escaping @Sendable () -> Bool) async throws {
        while true {
            try await Task.sleep(for: .milliseconds(250))
            guard isQuiet(), keys.table.value(KeyService.state)?.string == "idle" else { continue }
            let isDue = isDue.withLock { isDue in
                defer { isDue = false }
                return isDue
            }
            if isDue { await look() }
        }
    }

    private func look() async {
        do {
            files.publish(.strings(try await keys.client.files()))
        } catch {
            files.publish(alarm: Alarm(.invalid, .read, DeviceError(wrapping: error).message))
        }
    }
}
