// Part of daqd
// SPDX-License-Identifier: MIT

internal import Glibc

/// Finds the libraries that a shared object needs where the dynamic linker will, so that nothing has to be loaded to learn that one
/// is absent.
///
/// Source: ld.so(8). Order for a name without a slash: already loaded, `DT_RPATH` of the object and of those that need it (only
/// without `DT_RUNPATH`), `LD_LIBRARY_PATH`, `DT_RUNPATH` of the object, the linker's cache, the standard directories.
struct LibraryResolver {
    /// What the walk through all needed libraries found.
    struct Findings: Equatable {
        /// Names that were found nowhere, each with the object that needs it.
        var missing: [Missing] = []
        /// Files that loading would bring into the process.
        var additional: [String] = []
        /// Names of daqd's own libraries among them: whatever copy lies beside the plugin, daqd's is used.
        var own: [String] = []
    }

    /// A library that was found nowhere.
    struct Missing: Equatable {
        /// As the object names it.
        var name: String
        /// The file that needs it.
        var neededBy: String
    }

    /// Directories of `LD_LIBRARY_PATH`.
    var environment: [String]
    /// The linker's cache.
    var cachePath = "/etc/ld.so.cache"
    /// Searched last.
    var standardDirectories = LibraryResolver.systemDirectories
    /// Where daqd's own libraries are, beside its kernel.
    var ownDirectory: String?
    /// Whether an image of that name is in the process.
    var isLoaded: (String) -> Bool = LoadedImages.current().nameTest

    /// No plugin needs more than this many libraries.
    private static let limit = 1000

    /// With the environment and the kernel of this process.
    init() {
        ownDirectory = LoadedImages.current().paths.first(where: LoadedImages.isKernel)
            .map(PluginSearchPath.parent(of:))
        environment =
            unsafe getenv("LD_LIBRARY_PATH").map { unsafe String(cString: $0) }?
            .split(omittingEmptySubsequences: false) { $0 == ":" || $0 == ";" }.map { $0.isEmpty ? "." : String($0) }
            ?? []
    }

    /// Walks through everything that `image`, the file at `path`, needs.
    func resolve(_ image: ELFImage, at path: String) throws(ELFError) -> Findings {
        var findings = Findings()
        let cache = Cache(path: cachePath)
        var seen: Set<String> = []
        var waiting = [try Node(path: path, image.dynamic(), inherited: [])]
        while let node = waiting.popLast() {
            for name in node.needed where seen.insert(name).inserted {
                guard seen.count <= Self.limit else {
                    throw .malformed(part: "list of needed libraries", reason: "more than \(Self.limit)")
                }
                if isLoaded(name) { continue }
                let own = locateOwn(name)
                if own != nil { findings.own.append(name) }
                guard let found = own ?? locate(name, for: node, cache) else {
                    findings.missing.append(Missing(name: name, neededBy: node.path))
                    continue
                }
                findings.additional.append(found.path)
                // What is wrong inside a library is for the dynamic linker to say.
                guard let dynamic = try? found.image.dynamic() else { continue }
                waiting.append(Node(path: found.path, dynamic, inherited: node.rpath))
            }
        }
        return findings
    }

    /// An object whose needed libraries are being looked for.
    private struct Node {
        var path: String
        var needed: [String]
        var rpath: [String]
        var runpath: [String]

        init(path: String, _ dynamic: ELFImage.Dynamic, inherited: [String]) {
            self.path = path
            let origin = PluginSearchPath.parent(of: path)
            needed = dynamic.needed.map { LibraryResolver.expand($0, origin: origin) }
            runpath = LibraryResolver.directories(dynamic.runpath, origin: origin)
            // DT_RUNPATH switches off both its own object's DT_RPATH and the inherited ones.
            let own = dynamic.runpath == nil ? LibraryResolver.directories(dynamic.rpath, origin: origin) : []
            rpath = dynamic.runpath == nil ? own + inherited : []
        }
    }

    /// A library that daqd and its plugins share, such as `libDAQTransports.so`, from daqd's own directory.
    private func locateOwn(_ name: String) -> (path: String, image: ELFImage)? {
        guard let ownDirectory, name.hasPrefix("libDAQ"), !name.utf8.contains(UInt8(ascii: "/")) else { return nil }
        return open("\(ownDirectory)/\(name)")
    }

    /// The linker's cache, read when it is first needed.
    private final class Cache {
        private let path: String
        private(set) lazy var content = read()

        init(path: String) { self.path = path }

        private func read() -> LinkerCache {
            guard let file = try? PluginFile(opening: path), file.isRegular,
                let bytes = try? file.checkedRead(at: 0, count: file.size, limit: 64 << 20, part: "linker cache")
            else { return LinkerCache(decoding: []) }
            return LinkerCache(decoding: bytes)
        }
    }

    private func locate(_ name: String, for node: Node, _ cache: Cache) -> (path: String, image: ELFImage)? {
        if name.utf8.contains(UInt8(ascii: "/")) { return open(name) }
        for directory in node.rpath + environment + node.runpath {
            if let found = open("\(directory)/\(name)") { return found }
        }
        for path in cache.content.paths(of: name) {
            if let found = open(path) { return found }
        }
        for directory in standardDirectories {
            if let found = open("\(directory)/\(name)") { return found }
        }
        return nil
    }

    /// The shared object at `path`; nil for what the dynamic linker would pass over.
    private func open(_ path: String) -> (path: String, image: ELFImage)? {
        guard let file = try? PluginFile(opening: path), file.isRegular, let image = try? ELFImage(file) else {
            return nil
        }
        return (file.path, image)
    }

    /// The directories of a search path, expanded.
    private static func directories(_ path: String?, origin: String) -> [String] {
        path?.split(separator: ":").map { expand(String($0), origin: origin) } ?? []
    }

    /// Replaces the words that the dynamic linker replaces.
    static func expand(_ text: String, origin: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result = text
        for (word, value) in [("ORIGIN", origin), ("LIB", librarySubdirectory), ("PLATFORM", platform)] {
            result = replace("${\(word)}", with: value, in: result)
            result = replace("$\(word)", with: value, in: result)
        }
        return result
    }

    private static func replace(_ word: String, with value: String, in text: String) -> String {
        var result = ""
        var rest = text[...]
        while let first = rest.first {
            if rest.hasPrefix(word) {
                result += value
                rest = rest.dropFirst(word.count)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }

    #if arch(x86_64)
        private static let platform = "x86_64"
    #elseif arch(arm64)
        private static let platform = "aarch64"
    #elseif arch(riscv64)
        private static let platform = "riscv64"
    #endif

    private static let librarySubdirectory = "lib/\(platform)-linux-gnu"
    private static let systemDirectories = [
        "/lib/\(platform)-linux-gnu", "/usr/lib/\(platform)-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib",
    ]
}
