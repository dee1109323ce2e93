// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// The daemon's own parameters and the states of the devices in Prometheus' text format.
struct MetricsText {
    /// The whole text.
    private(set) var text = ""

    init(_ site: Site, shows: (String) -> Bool) {
        addDaemon(site)
        let devices = site.devices.filter { shows($0.name) }
        add("daqd_device_connected", "Whether a device's hardware answers", "gauge")
        for device in devices {
            let labels = [("device", device.name), ("type", device.type)]
            addSample("daqd_device_connected", labels, device.deviceState == .connected ? 1 : 0)
        }
        add("daqd_acquisitions_active", "Acquisitions that have not ended", "gauge")
        addSample("daqd_acquisitions_active", [], Double(site.acquisitions.active.count))
        add("daqd_operations_running", "Commands that run", "gauge")
        let running = site.operations.all.filter { !$0.status.state.isFinal }
        addSample("daqd_operations_running", [], Double(running.count))
    }

    /// Numbers of the device `daqd`: `frontends/rest/requests` becomes `daqd_frontend_requests{frontend="rest"}`.
    ///
    /// Of several texts each becomes a sample of 1, with a label that is called like the name's last word:
    /// `frontends/ca/slow_client` becomes `daqd_frontend_slow_client{frontend="ca",client="…"}`.
    private mutating func addDaemon(_ site: Site) {
        var families: [(name: String, help: String, samples: [(labels: [(String, String)], value: Double)])] = []
        for parameter in site.daemon.node.parameters {
            // How devices are has a metric of its own, with labels; the list of circuits would begin a new series with
            // each connection.
            guard !parameter.name.hasPrefix("devices/"), !parameter.name.hasSuffix("/circuit") else { continue }
            let word = parameter.name.split { $0 == "/" || $0 == "_" }.last.map(String.init) ?? parameter.name
            let own: [(labels: [(String, String)], value: Double)]
            switch parameter.sample.value {
            case .strings(let texts): own = texts.map { ([(Self.metric(word), $0)], 1) }
            case let value: own = value.double.map { [([], $0)] } ?? []
            }
            guard !own.isEmpty || parameter.metadata.type.isTexts else { continue }
            let metadata = parameter.metadata
            let parts = parameter.name.split(separator: "/").map(String.init)
            var labels: [(String, String)] = []
            var name = parameter.name
            if parts.count == 3, parts[0] == "frontends" {
                name = "frontend_" + parts[2]
                labels = [("frontend", parts[1])]
            }
            name = "daqd_" + Self.metric(name) + Self.suffix(metadata.unit)
            let samples = own.map { (labels + $0.labels, $0.value) }
            if let index = families.firstIndex(where: { $0.name == name }) {
                families[index].samples += samples
            } else {
                families.append((name, metadata.description, samples))
            }
        }
        for family in families {
            add(family.name, family.help, "untyped")
            for sample in family.samples { addSample(family.name, sample.labels, sample.value) }
        }
    }

    private mutating func add(_ name: String, _ help: String, _ type: String) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(type)\n"
    }

    private mutating func addSample(_ name: String, _ labels: [(String, String)], _ value: Double) {
        let list = labels.map { "\($0.0)=\"\(Self.escaped($0.1, quotes: true))\"" }.joined(separator: ",")
        let number = value.isNaN ? "NaN" : value.isInfinite ? (value > 0 ? "+Inf" : "-Inf") : value.description
        text += name + (list.isEmpty ? "" : "{\(list)}") + " \(number)\n"
    }

    /// Only what the format allows in a name.
    private static func metric(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    private static func suffix(_ unit: String) -> String {
        switch unit {
        case "s": "_seconds"
        case "B": "_bytes"
        default: ""
        }
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\\\"
            case "\n", "\r\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.append(character)
            }
        }
        return result
    }
}

extension ValueType {
    /// Whether it holds several texts.
    fileprivate var isTexts: Bool {
        if case .strings = self { true } else { false }
    }
}
