// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc

/// Joins names from outside (a detector's file list, a URL, a configuration) to a folder without ever leaving it.
public enum SafePath {
    /// The path of a file named below a folder.
    ///
    /// Refused are: empty names and parts, absolute names, `.` and `..`, NUL and control characters, parts above 255 bytes,
    /// and every name whose existing part leads out of the folder over a symbolic link. The file itself need not exist.
    /// - Throws: ``FileError`` with code `unsafeName`, or the system's reason when the folder cannot be resolved.
    public static func join(_ root: String, _ name: String) throws(FileError) -> String {
        try check(name)
        let base = try resolve(root)
        let path = base == "/" ? "/" + name : base + "/" + name
        var existing = path
        while existing != base {
            var status = stat()
            if unsafe lstat(existing, &status) == 0 {
                let target = try resolve(existing)
                guard target == base || target.hasPrefix(base == "/" ? "/" : base + "/") else {
                    throw FileError(.unsafeName, path: path, "\(path) leads out of \(base) to \(target)")
                }
                break
            }
            let number = errno
            guard number == ENOENT else { throw FileError(system: number, "examine", path: existing) }
            existing = parent(of: existing)
        }
        return path
    }

    /// Refuses names that are not plain relative ones; see ``join(_:_:)``.
    public static func check(_ name: String) throws(FileError) {
        func refuse(_ reason: String) -> FileError {
            FileError(.unsafeName, path: name, "the file name \(quoted(name)) is refused: \(reason)")
        }
        if name.isEmpty { throw refuse("it is empty") }
        if name.utf8.first == UInt8(ascii: "/") { throw refuse("it is absolute") }
        if name.utf8.contains(where: { $0 < 32 || $0 == 127 }) { throw refuse("it has control characters") }
        if name.utf8.count > 4095 { throw refuse("it is longer than 4095 bytes") }
        for part in name.split(separator: "/", omittingEmptySubsequences: false) {
            if part.isEmpty { throw refuse("it has an empty part") }
            if part == "." || part == ".." { throw refuse("it has the part \(part)") }
            if part.utf8.count > 255 { throw refuse("a part is longer than 255 bytes") }
        }
    }

    /// The folder a path lies in.
    public static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last part of a path.
    public static func name(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(path[path.utf8.index(after: slash)...])
    }

    /// Makes a folder and those above it where they are missing; existing ones are left as they are.
    /// - Throws: ``FileError`` naming the folder that could not be made.
    public static func makeFolders(_ path: String) throws(FileError) {
        var status = stat()
        if unsafe stat(path, &status) == 0 {
            if status.st_mode & S_IFMT == S_IFDIR { return }
            throw FileError(system: ENOTDIR, "use", path: path)
        }
        let above = parent(of: path)
        if above != path, above != ".", above != "/" { try makeFolders(above) }
        if unsafe mkdir(path, 0o777) != 0, case let number = errno, number != EEXIST {
            throw FileError(system: number, "create folder", path: path)
        }
    }

    /// The absolute path without symbolic links.
    static func resolve(_ path: String) throws(FileError) -> String {
        guard let resolved = unsafe realpath(path, nil) else { throw FileError(system: errno, "resolve", path: path) }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    private static func quoted(_ name: String) -> String { JSON.string(String(name.prefix(200))).text }
}
