// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// One field that tools ask a record for: its type, its value, and what a write of it changes.
struct Field: Sendable {
    /// What an update of the record's parameter must be about for the field to be told.
    enum Basis: Sendable {
        /// It never changes.
        case constant
        /// Unit, limits, labels and the like.
        case metadata
        /// The alarm.
        case alarm
        /// The value itself.
        case value
    }

    let type: NativeType
    let basis: Basis
    let level: AccessLevel
    /// Whether unit, precision and limits of the value hold for the field too.
    let hasUnit: Bool
    /// Labels, for an enumeration.
    let labels: [String]
    /// Length of the array of characters behind `$`; 0 where there is none.
    let longCount: Int
    let value: @Sendable (Record, Sample) -> DataValue
    /// Changes the record; `nil` where the field cannot be written.
    let write: FieldWrite?

    init(
        _ type: NativeType, _ basis: Basis = .constant, level: AccessLevel = .engineer, hasUnit: Bool = false,
        labels: [String] = [], longCount: Int? = nil,
        write: FieldWrite? = nil,
        _ value: @escaping @Sendable (Record, Sample) -> DataValue
    ) {
        self.type = type
        self.basis = basis
        self.level = level
        self.hasUnit = hasUnit
        self.labels = labels
        self.longCount = longCount ?? (type == .string ? 41 : 0)
        self.value = value
        self.write = write
    }
}
