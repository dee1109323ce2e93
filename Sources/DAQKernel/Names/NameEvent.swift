// Part of daqd
// SPDX-License-Identifier: MIT

/// What changed in a ``NameView``.
public enum NameEvent: Sendable, Equatable {
    /// A name came; only plain views grow.
    case added(String)
    /// A name went; only plain views shrink.
    case removed(String)
    /// Metadata, type or source of a name changed: ask its member again and subscribe to its new source.
    case changed(String)
}
