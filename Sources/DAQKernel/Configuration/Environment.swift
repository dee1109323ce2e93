// Part of daqd
// SPDX-License-Identifier: MIT

internal import Glibc

/// Where the values for `${NAME}` come from; a test brings its own.
public struct Environment: Sendable {
    private let lookUp: @Sendable (String) -> String?

    /// The environment of this process.
    public static var process: Environment {
        Environment { name in
            guard let value = unsafe getenv(name) else { return nil }
            return unsafe String(cString: value)
        }
    }

    /// An environment of fixed values.
    public init(_ values: [String: String]) {
        lookUp = { values[$0] }
    }

    private init(_ lookUp: @escaping @Sendable (String) -> String?) { self.lookUp = lookUp }

    /// The value of a variable; `nil` when it is not set.
    public subscript(_ name: String) -> String? { lookUp(name) }
}
