// Part of daqd
// SPDX-License-Identifier: MIT

internal import Glibc

/// Reads configuration files and resolves the paths they name.
enum ConfigurationFile {
    /// The bytes of a file of at most one megabyte more than is accepted, so that the limit is seen.
    static func read(_ path: String, limit: Int = ConfigurationLimits().fileSize) throws(ConfigurationError) -> [UInt8]
    {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot be opened", path, errno) }
        defer { _ = close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("cannot be read", path, errno)
            }
            bytes += chunk.prefix(count)
        }
        return bytes
    }

    private static func failure(_ what: String, _ path: String, _ code: Int32) -> ConfigurationError {
        let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return ConfigurationError("the file \(what): \(reason)", at: SourcePlace(path))
    }

    /// The files `<path>.d/*.conf` in the order of their names, hidden ones left out; none without the directory.
    static func dropIns(of path: String) throws(ConfigurationError) -> [String] {
        let directory = path + ".d"
        guard let stream = unsafe opendir(directory) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw failure("cannot be opened", directory, errno)
        }
        defer { _ = unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name.hasSuffix(".conf"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { "\(directory)/\($0)" }
    }

    /// A path as an absolute one: a relative one starts at the directory of the file that names it.
    static func absolute(_ path: String, relativeTo file: String) -> String {
        if path.hasPrefix("/") { return tidy(path) }
        let directory =
            file.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(file[..<$0]) } ?? (file.isEmpty ? "" : ".")
        let base = file.hasPrefix("/") && directory.isEmpty ? "/" : directory
        return tidy("\(base.hasPrefix("/") ? base : "\(workingDirectory())/\(base)")/\(path)")
    }

    private static func workingDirectory() -> String {
        guard let name = unsafe getcwd(nil, 0) else { return "." }
        defer { unsafe free(name) }
        return unsafe String(cString: name)
    }

    /// Without empty parts and `.`; `..` stays, because what is before it may be a link.
    private static func tidy(_ path: String) -> String {
        "/" + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
