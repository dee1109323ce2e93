// Part of daqd
// SPDX-License-Identifier: MIT
import CSystem
import Glibc

/// The call of `posix_spawnp` with everything that a child of ours gets.
enum ChildSpawn {
    static func spawn(_ child: ChildProcess, _ pipes: ChildPipes) throws -> pid_t {
        guard let program = child.arguments.first, !program.isEmpty else {
            throw ChildProcessError("no program is named", child, errorNumber: EINVAL)
        }
        let variables = child.environment?.map { "\($0.key)=\($0.value)" }
        for text in child.arguments + (variables ?? []) + [child.workingDirectory ?? ""] where text.utf8.contains(0) {
            throw ChildProcessError("an argument or variable holds a NUL byte", child, errorNumber: EINVAL)
        }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, pipes.childInput, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, pipes.childOutput, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, pipes.childErrors, 2)
        unsafe daqd_spawn_close_from(&actions, 3)
        if let directory = child.workingDirectory {
            unsafe daqd_spawn_directory(&actions, directory)
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        prepare(&attributes)
        var pid: pid_t = 0
        let code = unsafe withStrings(child.arguments) { arguments in
            if let variables {
                unsafe withStrings(variables) {
                    unsafe posix_spawnp(&pid, program, &actions, &attributes, arguments, $0)
                }
            } else {
                unsafe posix_spawnp(&pid, program, &actions, &attributes, arguments, daqd_environment())
            }
        }
        guard code == 0 else { throw ChildProcessError(systemErrorText(code), child, errorNumber: code) }
        return pid
    }

    /// A group of its own, no blocked signal, and the defaults for those that the daemon handles or ignores.
    private static func prepare(_ attributes: inout posix_spawnattr_t) {
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        var defaults = sigset_t()
        unsafe sigemptyset(&defaults)
        for signal in [SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGCHLD] { unsafe sigaddset(&defaults, signal) }
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    }

    /// Lends a NULL-terminated array of C strings.
    private static func withStrings<R>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
    ) -> R {
        var pointers = unsafe strings.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { unsafe pointers.forEach { unsafe free($0) } }
        return unsafe pointers.withUnsafeBufferPointer { buffer in
            // A buffer with at least the terminator has an address.
            unsafe body(buffer.baseAddress.unsafelyUnwrapped)
        }
    }
}
