// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc
import Synchronization

/// What a person may change about files while the device runs.
final class FileOptions: Sendable {
    /// Where the next series' files go; absolute, in or below the device's data folder.
    let directory: Parameter<String>
    /// Whether files come here at all.
    let fetches: Parameter<Bool>
    /// Whether own files are removed from the detector once their copy is verified.
    let removes: Parameter<Bool>
    /// Mode of the stored files, as `chmod` has it.
    let permissions = Parameter(
        "files/permissions", "Mode of stored files, as a number; 420 is octal 644", limits: 0...0o777, initial: 0o644,
        autosave: true)
    private let directoryExists = Parameter(
        "files/directory_exists", "Whether the folder for files exists", access: .read, initial: false)
    private let latestPath = Parameter(
        "files/latest_path", "File that was stored last, with its folder", access: .read, initial: "")
    private let root: String
    private let following = Mutex<[Following]>([])

    /// To be made inside the device's factory.
    /// - Parameter root: The device's data folder; absolute.
    init(_ settings: EigerSettings, root: String) {
        self.root = root
        directory = Parameter(
            "files/directory", "Folder for the files of the next series, in or below the device's data folder",
            initial: settings.folder)
        fetches = Parameter(
            "files/fetch", "Whether files are brought here", initial: settings.retrieve == .filewriter, autosave: true)
        removes = Parameter(
            "files/auto_remove", "Whether own files are removed from the detector once their copy is verified",
            initial: settings.removal == .verified, autosave: true)
        directory.onWrite(self) { options, path, _ in try options.moveTo(path) }
        look()
    }

    /// Follows what is stored.
    func follow(_ files: FileMonitor) {
        let stored = Following([files.latestFile]) { [weak self] in
            guard let self, !files.latestFile.value.isEmpty else { return }
            let folder = files.folder.value
            latestPath.publish((folder.isEmpty ? directory.value : folder) + "/" + files.latestFile.value)
            look()
        }
        following.withLock { $0 = [stored] }
    }

    /// Gives a stored file the mode that is wanted; one that this process may not change stays as it is.
    func setMode(of path: String) {
        let mode = permissions.value
        if mode != 0o644 { _ = unsafe chmod(path, mode_t(mode)) }
    }

    private func look() {
        var status = stat()
        let exists = unsafe stat(directory.value, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        if directoryExists.value != exists { directoryExists.publish(exists) }
    }

    private func moveTo(_ path: String) throws {
        let folder = try Self.folder(path, below: root)
        try SafePath.makeFolders(folder)
        directory.publish(folder)
        look()
    }

    /// A folder as a client names it: absolute or below the device's data folder, which it never leaves.
    static func folder(_ path: String, below root: String) throws(DeviceError) -> String {
        var path = path
        while path.hasSuffix("/"), path.utf8.count > 1 { path.removeLast() }
        if path.isEmpty || path == root { return root }
        let name = path.hasPrefix(root + "/") ? String(path.dropFirst(root.utf8.count + 1)) : path
        do throws(FileError) {
            try SafePath.makeFolders(root)
            return try SafePath.join(root, name)
        } catch {
            throw DeviceError(.outOfRange, "the folder “\(path)” is not below \(root): \(error.message)")
        }
    }
}
