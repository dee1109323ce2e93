// Part of daqd
// SPDX-License-Identifier: MIT

/// A place in a configuration file, as an editor counts: line and column begin at one.
public struct SourcePlace: Hashable, Sendable, CustomStringConvertible {
    /// The file as the user named it.
    public var file: String
    /// The line, beginning at one; zero means the file as a whole.
    public var line: Int
    /// The column in characters, beginning at one.
    public var column: Int

    /// A place; without a line it means the file as a whole.
    public init(_ file: String, line: Int = 0, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column`, which editors and terminals make a link of.
    public var description: String { line > 0 ? "\(file):\(line):\(column)" : file }
}
