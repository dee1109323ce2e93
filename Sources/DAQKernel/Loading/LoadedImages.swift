// Part of daqd
// SPDX-License-Identifier: MIT

internal import CLoader

/// The shared objects in this process.
struct LoadedImages: Sendable, Equatable {
    /// Their paths as the dynamic linker knows them; the program itself and the kernel's own page are not among them.
    var paths: [String]

    /// What is loaded now.
    static func current() -> LoadedImages {
        var images = LoadedImages(paths: [])
        unsafe withUnsafeMutablePointer(to: &images) { pointer in
            unsafe daqd_visit_images(
                { path, context in
                    guard let path = unsafe path, let context = unsafe context else { return }
                    let text = unsafe String(cString: path)
                    guard text.hasPrefix("/") else { return }
                    unsafe context.assumingMemoryBound(to: LoadedImages.self).pointee.paths.append(text)
                }, pointer)
        }
        return images
    }

    /// Tells whether an image of a file name is in the process.
    var nameTest: (String) -> Bool {
        let names = Set(paths.map { String(Self.base($0)) })
        return { names.contains($0) }
    }

    /// Whether `path` is the kernel by its file name, of whatever version.
    static func isKernel(_ path: String) -> Bool { base(path).hasPrefix("libDAQKernel.so") }

    /// Whether `path` is the Swift runtime.
    static func isRuntime(_ path: String) -> Bool { base(path).hasPrefix("libswiftCore.so") }

    /// The kernels, and the Swift runtimes, when there is not exactly one of each.
    var secondRuntime: [String]? {
        let kernels = paths.filter(Self.isKernel)
        let runtimes = paths.filter(Self.isRuntime)
        if kernels.count > 1 { return kernels }
        return runtimes.count > 1 ? runtimes : nil
    }

    /// The image with which `path` would be a second kernel or runtime.
    func conflict(with path: String) -> String? {
        if Self.isKernel(path) { return paths.first(where: Self.isKernel) }
        return Self.isRuntime(path) ? paths.first(where: Self.isRuntime) : nil
    }

    /// Libraries of which two versions in one process have cost others days: pairs that are new since `earlier`.
    func doubled(since earlier: LoadedImages) -> [(name: String, first: String, second: String)] {
        let new = Set(paths).subtracting(earlier.paths)
        var doubles: [(name: String, first: String, second: String)] = []
        for (name, stems) in Self.watched {
            let found = paths.filter { path in stems.contains { Self.base(path).hasPrefix($0 + ".so") } }
            if let first = found.first, let second = found.dropFirst().first, found.contains(where: new.contains) {
                doubles.append((name, first, second))
            }
        }
        return doubles
    }

    private static let watched = [
        ("HDF5", ["libhdf5", "libhdf5_serial", "libhdf5_openmpi", "libhdf5_mpich"]), ("ZeroMQ", ["libzmq"]),
        ("OpenSSL (libssl)", ["libssl"]), ("OpenSSL (libcrypto)", ["libcrypto"]), ("libusb", ["libusb-1.0"]),
    ]

    private static func base(_ path: String) -> Substring {
        path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
    }
}
