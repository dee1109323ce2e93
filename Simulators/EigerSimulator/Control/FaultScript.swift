// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// Misbehaviour and triggers that happen by themselves at stated times, read from a YAML file.
///
///     steps:
///       - {fault: arm_fails, times: 2}
///       - {at: 30 s, fault: state_error}
///       - {at: 10 s, edges: 5, period: 0.5 s, width: 0.1 s}
struct FaultScript: Sendable {
    /// What happens at one time.
    struct Step: Sendable {
        /// Seconds of the detector after its start.
        var at: Duration
        var action: Action
    }

    enum Action: Sendable {
        /// What `POST /sim/fault` would order.
        case fault(JSON)
        /// What `POST /sim/trigger` would give.
        case trigger(edges: Int, period: Double, width: Double?)
    }

    /// In the order of their times.
    let steps: [Step]

    /// Reads a script.
    ///
    /// - Throws: ``SimulationError`` with file, line and column of what is wrong.
    init(parsing text: String, file: String) throws(SimulationError) {
        do {
            let settings = try Settings(parsing: text, as: [Self.declaration])
            let entries: [Settings] = try settings["steps"]
            steps = try entries.map(Self.step).sorted { $0.at < $1.at }
        } catch let refusal as Refusal {
            throw SimulationError("\(file): \(refusal.text)")
        } catch {
            throw SimulationError("\(file): \(error)")
        }
    }

    private static let declaration = Setting.list(
        "steps", "What happens when",
        of: .map([
            .duration("at", "When, in the detector's time after its start", default: .zero),
            .string("fault", "Name of a fault").optional, .duration("seconds", "Field of a fault").optional,
            .integer("status", "Field of a fault").optional, .string("text", "Field of a fault").optional,
            .bool("execute", "Field of a fault").optional, .bool("after_reply", "Field of a fault").optional,
            .integer("bytes", "Field of a fault").optional, .integer("bytes_per_second", "Field of a fault").optional,
            .integer("add", "Field of a fault").optional, .string("path", "Which requests or files").optional,
            .string("method", "Which requests").optional, .integer("times", "How often it strikes").optional,
            .integer("skip", "How often it lets pass before").optional,
            .integer("edges", "Edges on the trigger input", in: 1...1_000_000).optional,
            .duration("period", "Between two edges", default: .zero),
            .duration("width", "Length of a level or gate").optional,
        ]))

    private static func step(_ entry: Settings) throws -> Step {
        let at: Duration = try entry["at"]
        let edges: Int? = try entry["edges"]
        let name: String? = try entry["fault"]
        if let edges {
            guard name == nil else { throw entry.error("stands beside edges; one step does one thing", at: "fault") }
            let period: Duration = try entry["period"]
            let width: Duration? = try entry["width"]
            return Step(
                at: at,
                action: .trigger(edges: edges, period: period / .seconds(1), width: width.map { $0 / .seconds(1) }))
        }
        guard name != nil else { throw entry.error("is missing; a step has a fault or edges", at: "fault") }
        let fields: [(String, JSON)] = entry.names.compactMap { name in
            ["at", "period", "width"].contains(name) ? nil : entry.value(name).map { (name, json($0)) }
        }
        let body = JSON.object(fields)
        _ = try Fault(id: 0, body)
        return Step(at: at, action: .fault(body))
    }

    private static func json(_ value: SettingValue) -> JSON {
        switch value {
        case .string(let text): .string(text)
        case .integer(let number): .integer(Int64(number))
        case .bool(let isOn): .bool(isOn)
        case .duration(let duration): .number(duration / .seconds(1))
        default: .null
        }
    }
}

extension SIMPLONService {
    /// Carries out a script; ends with it, or when the task is cancelled.
    func run(_ script: FaultScript) async {
        for step in script.steps {
            do { try await unit.clock.sleep(until: step.at) } catch { return }
            switch step.action {
            case .fault(let body): _ = try? await order(body)
            case .trigger(let edges, let period, let width):
                _ = try? await trigger(edges: edges, period: period, width: width)
            }
        }
    }

    /// Orders a misbehaviour.
    func order(_ body: JSON) async throws -> Fault {
        let fault = try unit.faults.add(body)
        if fault.kind.stage == .immediate { await unit.apply(fault) }
        return fault
    }

    /// Gives edges on the trigger input, evenly spaced; how many were taken.
    func trigger(edges: Int, period: Double, width: Double?) async throws -> Int {
        var taken = 0
        let start = unit.clock.now
        for edge in 0..<edges {
            if edge > 0 { try await unit.clock.sleep(until: start + .seconds(period) * edge) }
            if await unit.electricalTrigger(widthSeconds: width) { taken += 1 }
        }
        return taken
    }
}
