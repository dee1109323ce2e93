// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Files in the detector's memory as the Python package handles them: by name and by shell wildcard.
struct BufferCommands: Sendable {
    let download: Command<DataValue>
    let downloadFile: Command<String>
    let getFile: Command<DataValue>
    let deleteAll: Command<Void>

    /// To be made inside the device's factory.
    init(_ runner: SeriesRunner, _ options: FileOptions, root: String, images: RawClient) {
        let client = runner.client
        let target = Argument<String?>(
            "target_dir", "Folder in or below the device's data folder; without one: that of the next series")
        download = Command(
            "download", "Copies files from the detector whose names fit a shell wildcard; gives their paths here",
            Argument<String>("pattern", "*, ? and […] as a shell has them"), target, policy: CommandPolicy(.parallel)
        ) { progress, pattern, folder in
            let wildcard = try Self.wildcard(pattern)
            let names = try await client.files().filter(wildcard.matches)
            let job = BufferDownload(client: client, folder: try Self.folder(folder, options, root))
            var paths: [String] = []
            for (index, name) in names.enumerated() {
                progress.report(Double(index) / Double(names.count), name)
                paths.append(try await job.fetch(name))
            }
            return .strings(paths)
        }
        downloadFile = Command(
            "download_file", "Copies one file from the detector; gives its path here",
            Argument<String>("name", "As `files` lists it"), target, policy: CommandPolicy(.parallel)
        ) { _, name, folder in
            try Self.check(name)
            return try await BufferDownload(client: client, folder: try Self.folder(folder, options, root)).fetch(name)
        }
        getFile = Command(
            "get_file", "Content of one file on the detector, up to 64 MB; download larger ones",
            Argument<String>("name", "As `files` lists it"), policy: CommandPolicy(.parallel)
        ) { _, name in
            try Self.check(name)
            return .bytes(try await images.file(name))
        }
        deleteAll = Command(
            "delete_all", "Removes every file from the detector one by one, fetched or not, whoever made it",
            Argument<Bool>("force", "Must be true: files of everybody are lost", default: false),
            policy: CommandPolicy(.parallel, isDangerous: true)
        ) { _, force in
            guard force else {
                throw DeviceError(
                    .badArguments,
                    "delete_all destroys every file on \(client.device), whoever made it; call it with force = true")
            }
            guard runner.control == nil else {
                throw DeviceError(
                    .busy, "\(client.device) refused delete_all while a series runs; its files would be lost")
            }
            for name in try await client.files() { try await client.delete(name) }
        }
    }

    private static func wildcard(_ pattern: String) throws(DeviceError) -> ShellPattern {
        do throws(WireError) {
            return try ShellPattern(pattern)
        } catch {
            throw DeviceError(.badArguments, "\(error)")
        }
    }

    private static func check(_ name: String) throws(DeviceError) {
        do throws(FileError) {
            try SafePath.check(name)
        } catch {
            throw DeviceError(.badArguments, error.message)
        }
    }

    private static func folder(_ path: String?, _ options: FileOptions, _ root: String) throws(DeviceError) -> String {
        guard let path, !path.isEmpty else { return options.directory.value }
        return try FileOptions.folder(path, below: root)
    }
}
