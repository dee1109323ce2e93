// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// A method's arguments and result, as Python's `inspect` describes them.
struct RPCSignature: Sendable {
    /// One argument.
    struct Parameter: Sendable {
        var name: String
        /// Python's name of its type; nil for anything.
        var annotation: String?
        /// What it is where the caller gives none.
        var defaultValue: DataValue?
        var isKeywordOnly = false
    }

    var parameters: [Parameter] = []
    /// Python's name of the result's type.
    var result: String?

    init(_ parameters: [Parameter] = [], result: String? = nil) {
        self.parameters = parameters
        self.result = result
    }

    /// The signature of a command.
    init(_ arguments: [ArgumentSpec], result: ValueType) {
        parameters = arguments.map { argument in
            Parameter(
                name: argument.name, annotation: argument.type.pythonName, defaultValue: argument.defaultValue,
                isKeywordOnly: argument.isKeywordOnly)
        }
        self.result = result.pythonName
    }

    /// The description in the order of keys that clients know.
    var value: DataValue {
        let positional = parameters.filter { !$0.isKeywordOnly }
        let keywordOnly = parameters.filter(\.isKeywordOnly)
        // Python knows defaults of the last arguments only.
        let defaults = positional.reversed().prefix { $0.defaultValue != nil }.reversed().compactMap(\.defaultValue)
        let keywordDefaults = keywordOnly.compactMap { parameter in
            parameter.defaultValue.map { DataValue.DictionaryEntry(.string(parameter.name), $0) }
        }
        var annotations = parameters.compactMap { parameter in
            parameter.annotation.map { DataValue.DictionaryEntry(.string(parameter.name), .string($0)) }
        }
        if let result { annotations.append(.init(.string("return"), .string(result))) }
        return .object([
            ("args", .strings(["self"] + positional.map(\.name))), ("varargs", .null), ("varkw", .null),
            ("defaults", defaults.isEmpty ? .null : .tuple(defaults)),
            ("kwonlyargs", .strings(keywordOnly.map(\.name))),
            ("kwonlydefaults", keywordDefaults.isEmpty ? .null : .dictionary(keywordDefaults)),
            ("annotations", .dictionary(annotations)),
        ])
    }

    /// The values in the declared order.
    /// - Throws: As Python does, with the name of what is missing, surplus or given twice.
    func bind(_ call: RPCCall, method: String) throws(RPCException) -> [DataValue] {
        let places = parameters.indices.filter { !parameters[$0].isKeywordOnly }
        guard call.arguments.count <= places.count else {
            throw RPCException(
                "TypeError",
                "\(method)() takes \(places.count) arguments by position but \(call.arguments.count) were given")
        }
        var values = [DataValue?](repeating: nil, count: parameters.count)
        for (index, value) in zip(places, call.arguments) { values[index] = value }
        for (name, value) in call.named {
            guard let index = parameters.firstIndex(where: { $0.name == name }) else {
                throw RPCException("TypeError", "\(method)() got an unexpected keyword argument '\(name)'")
            }
            guard values[index] == nil else {
                throw RPCException("TypeError", "\(method)() got multiple values for argument '\(name)'")
            }
            values[index] = value
        }
        var bound: [DataValue] = []
        for (parameter, value) in zip(parameters, values) {
            guard let value = value ?? parameter.defaultValue else {
                throw RPCException("TypeError", "\(method)() misses the argument '\(parameter.name)'")
            }
            bound.append(value)
        }
        return bound
    }
}

extension DataValue {
    /// A dictionary with texts as keys.
    static func object(_ members: [(String, DataValue)]) -> DataValue {
        .dictionary(members.map { DictionaryEntry(.string($0), $1) })
    }
}

extension ValueType {
    /// The short name that Python has for it; nil for anything.
    var pythonName: String? {
        switch self {
        case .bool, .number(.bool): "bool"
        case .number(.float32), .number(.float64): "float"
        case .number: "int"
        case .string, .enumeration: "str"
        case .bytes: "bytes"
        case .array: "ndarray"
        case .strings: "list"
        case .any: nil
        case .nothing: "None"
        @unknown default: nil
        }
    }
}
