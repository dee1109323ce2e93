// Part of daqd
// SPDX-License-Identifier: MIT

internal import CLoader

/// Texts that the C library gives for its numbers.
enum SystemText {
    /// What `errno` value `number` means, in the C library's words.
    static func error(_ number: Int32) -> String {
        guard let text = unsafe daqd_error_text(number) else { return "error \(number)" }
        return unsafe String(cString: text)
    }

    /// The name of user `identifier`, or its number where no account has it.
    static func user(_ identifier: UInt32) -> String {
        guard let name = unsafe daqd_user_name(identifier) else { return "user \(identifier)" }
        defer { unsafe daqd_loader_free(name) }
        return unsafe String(cString: name)
    }

    /// The readable form of a mangled Swift symbol; nil when it is none.
    static func demangled(_ symbol: String) -> String? {
        guard let text = unsafe daqd_demangle(symbol) else { return nil }
        defer { unsafe daqd_loader_free(text) }
        return unsafe String(cString: text)
    }
}
