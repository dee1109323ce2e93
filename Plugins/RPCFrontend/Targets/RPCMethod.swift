// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// One method of a target.
final class RPCMethod: Sendable {
    /// What a call of it does.
    enum Body: Sendable {
        /// Answers at once, whatever the device does.
        case ping
        /// Stops the daemon.
        case terminate
        /// Reads a parameter.
        case read(NamedMember)
        /// Writes a parameter.
        case write(NamedMember)
        /// Calls a command.
        case command(NamedMember)
        /// Something of the frontend's own; must not block.
        case service(@Sendable (RPCCall, [DataValue]) throws(RPCException) -> Void)
    }

    let name: String
    let body: Body
    private let ownSignature: RPCSignature
    private let ownText: String

    init(_ name: String, _ body: Body, _ signature: RPCSignature = RPCSignature(), text: String = "") {
        self.name = name
        self.body = body
        ownSignature = signature
        ownText = text
    }

    /// Arguments and result, as they are now.
    var signature: RPCSignature {
        switch body {
        case .ping, .terminate, .service: ownSignature
        case .read(let member): RPCSignature(result: member.metadata.type.pythonName)
        case .write(let member):
            RPCSignature([.init(name: "value", annotation: member.metadata.type.pythonName)], result: "None")
        case .command(let member):
            member.command.map { RPCSignature($0.arguments, result: $0.resultType) } ?? RPCSignature()
        }
    }

    /// What it does, with units and limits.
    var documentation: String {
        switch body {
        case .ping, .terminate, .service: ownText
        case .read(let member), .write(let member): Self.text(member.metadata)
        case .command(let member): member.command.map(Self.text) ?? ""
        }
    }

    private static func text(_ metadata: ParameterMetadata) -> String {
        let facts = facts(metadata.unit, metadata.limits, metadata.choices)
        return metadata.description + (facts.isEmpty ? "" : "\n\n\(facts).")
    }

    private static func text(_ command: AnyCommand) -> String {
        let lines = command.arguments.compactMap { argument -> String? in
            let facts = facts(argument.unit, argument.limits, argument.choices)
            let rest = [argument.description, facts].filter { !$0.isEmpty }.joined(separator: "; ")
            return rest.isEmpty ? nil : "\(argument.name): \(rest)"
        }
        return command.description + (lines.isEmpty ? "" : "\n\n" + lines.joined(separator: "\n"))
    }

    private static func facts(_ unit: String, _ limits: ClosedRange<Double>?, _ choices: [String]) -> String {
        var facts: [String] = []
        if !unit.isEmpty { facts.append("unit \(unit)") }
        if let limits { facts.append("\(short(limits.lowerBound)) to \(short(limits.upperBound))") }
        if !choices.isEmpty { facts.append("one of " + choices.joined(separator: ", ")) }
        return facts.joined(separator: ", ")
    }

    private static func short(_ number: Double) -> String {
        number.description.hasSuffix(".0") ? String(number.description.dropLast(2)) : number.description
    }
}
