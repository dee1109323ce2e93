// Part of daqd
// SPDX-License-Identifier: MIT

/// What a name is bound to at present.
struct NameTarget: Sendable {
    /// The device's name, for messages.
    let device: String
    /// What is read and subscribed to.
    let source: AnyParameter
    /// The command that a write calls.
    var command: AnyCommand?
    /// The command that a write of off calls.
    var off: AnyCommand?
    /// Keeps a command's name on long enough to be seen.
    var face: CommandFace?
    /// Why there is nothing behind the name at present.
    var missing: String?
    /// Whether the device acquires.
    var isAcquiring: @Sendable () -> Bool = { false }

    /// Metadata before the name changes them: the source's, or those of a command's value.
    var metadata: ParameterMetadata {
        guard let command, let argument = command.arguments.first, command.arguments.count == 1 else {
            return source.metadata
        }
        var metadata = ParameterMetadata(command.description, type: argument.type)
        metadata.unit = argument.unit
        metadata.limits = argument.limits
        metadata.choices = argument.choices
        return metadata
    }
}
