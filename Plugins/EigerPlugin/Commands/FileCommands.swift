// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Files in the detector's memory.
struct FileCommands: Sendable {
    let files: Command<DataValue>
    let delete: Command<Void>

    /// To be made inside the device's factory.
    init(_ client: SIMPLONClient) {
        files = Command("files", "Names of the files on the detector", policy: CommandPolicy(.parallel)) { _ in
            .strings(try await client.files())
        }
        delete = Command(
            "delete", "Removes one file from the detector, fetched or not", Argument<String>("name"),
            policy: CommandPolicy(.parallel, isDangerous: true)
        ) { _, name in
            do throws(FileError) {
                try SafePath.check(name)
            } catch {
                throw DeviceError(.badArguments, error.message)
            }
            try await client.delete(name)
        }
    }
}
