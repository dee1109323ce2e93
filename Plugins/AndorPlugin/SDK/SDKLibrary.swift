// Part of daqd
// SPDX-License-Identifier: MIT
import CAndorSDK2
import DAQKernel
import Glibc

/// The vendor's library, opened by path while running: its functions by name, each with the types of its prototype.
///
/// Never closed: its threads and its USB context outlive every camera. Every call belongs to one thread, the gate's;
/// only the waits for images may run beside it.
@safe
final class SDKLibrary: @unchecked Sendable {  // sound: immutable after `init`
    /// Where it was looked for.
    let path: String
    /// The file that the loader took: it may have searched for it, or followed links.
    let file: String
    private let symbols: [SDKFunction: UnsafeMutableRawPointer]
    /// What only the stand-in has.
    private let handle: UnsafeMutableRawPointer

    /// Opens a library and looks every function up.
    /// - Throws: ``DeviceError/Code/unavailable`` with the loader's words, or with all functions that are missing.
    init(path: String) throws(DeviceError) {
        let handle = unsafe try Self.load(path)
        var symbols = unsafe [SDKFunction: UnsafeMutableRawPointer]()
        for function in SDKFunction.allCases {
            if let address = unsafe dlsym(handle, function.symbol) { unsafe symbols[function] = address }
        }
        let missing = SDKFunction.allCases.filter { unsafe $0.isRequired && symbols[$0] == nil }.map(\.symbol)
        guard missing.isEmpty else {
            throw DeviceError(
                .unavailable,
                "\(path) is not Andor's SDK2: it lacks \(missing.joined(separator: ", ")); "
                    + "set sdk_library to the file libandor.so that the SDK installed")
        }
        self.path = path
        file = unsafe Self.file(of: symbols[.getStatus]) ?? path
        unsafe self.handle = handle
        unsafe self.symbols = symbols
    }

    /// Where a library is tried, one after the other: the loader does not look where Andor's installer puts it on every system.
    static func places(_ path: String) -> [String] {
        path == SDKPlace.byLoader ? [path, "/usr/local/lib/" + path] : [path]
    }

    private static func load(_ path: String) throws(DeviceError) -> UnsafeMutableRawPointer {
        var reasons: [String] = []
        for place in places(path) {
            if let handle = unsafe dlopen(place, RTLD_NOW | RTLD_LOCAL) { return unsafe handle }
            reasons.append(unsafe dlerror().map { unsafe String(cString: $0) } ?? "\(place): no reason given")
        }
        throw DeviceError(
            .unavailable, "Andor's SDK library \(path) cannot be opened: \(reasons.joined(separator: "; "))")
    }

    /// By `dladdr`, which Glibc's module leaves out; it fills in four pointers, the first of which is the file's name.
    private static func file(of symbol: UnsafeMutableRawPointer?) -> String? {
        typealias Locate =
            @convention(c) (UnsafeMutableRawPointer, UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> Int32
        guard let symbol = unsafe symbol, let locate = unsafe dlsym(nil, "dladdr") else { return nil }
        var found = unsafe [UnsafeMutableRawPointer?](repeating: nil, count: 4)
        guard unsafe unsafeBitCast(locate, to: Locate.self)(symbol, &found) != 0, let name = unsafe found[0] else {
            return nil
        }
        return unsafe String(cString: name.assumingMemoryBound(to: CChar.self))
    }

    /// Whether this is the project's stand-in, not a camera's library.
    var isSimulated: Bool { unsafe dlsym(handle, "AndorSim_Configure") != nil }

    /// Whether the library has a function.
    func has(_ function: SDKFunction) -> Bool { unsafe symbols[function] != nil }

    /// Makes the stand-in's cameras anew.
    /// - Throws: ``DeviceError`` naming the words when one is wrong, or when this is not the stand-in.
    func configureSimulation(_ words: String) throws(DeviceError) {
        guard let address = unsafe dlsym(handle, "AndorSim_Configure") else {
            throw DeviceError(.unavailable, "\(path) is not the stand-in: it cannot be told “\(words)”")
        }
        typealias Configure = @convention(c) (UnsafePointer<CChar>) -> Int32
        let wrong = unsafe unsafeBitCast(address, to: Configure.self)(words)
        guard wrong == 0 else {
            throw DeviceError(
                .failed, "word \(wrong) of the simulation “\(words)” is not understood: \(simulationError)")
        }
    }

    /// Why the stand-in refused the last words.
    private var simulationError: String {
        guard let address = unsafe dlsym(handle, "AndorSim_Error") else { return "no reason given" }
        typealias Reason = @convention(c) () -> UnsafePointer<CChar>
        return unsafe String(cString: unsafeBitCast(address, to: Reason.self)())
    }

    /// A function as its prototype says.
    /// - Throws: ``DeviceError/Code/unavailable`` when this SDK is too old to have it.
    func function<Prototype>(_ function: SDKFunction, as _: Prototype.Type) throws(DeviceError) -> Prototype {
        guard let address = unsafe symbols[function] else {
            throw DeviceError(
                .unavailable, "the SDK at \(path) has no function \(function.symbol)", SDKStatus.notSupported)
        }
        return unsafe unsafeBitCast(address, to: Prototype.self)
    }
}
