// Part of daqd
// SPDX-License-Identifier: MIT

/// What a frontend gets from the kernel.
public final class FrontendContext: Sendable {
    /// The configured name: `rest`.
    public let name: String
    /// The frontend's log.
    public let logger: Logger
    /// Everything that can be shown.
    public let site: Site
    /// The devices to show, by name; `nil` means all of them.
    public let devices: [String]?

    /// A context; the kernel makes them, tests may.
    public init(name: String, logger: Logger, site: Site, devices: [String]? = nil) {
        self.name = name
        self.logger = logger
        self.site = site
        self.devices = devices
    }

    /// Whether this frontend shows a device.
    public func shows(_ device: String) -> Bool { devices?.contains(device) ?? true }

    /// A counter of this frontend; it appears as parameter `frontends/<name>/<counter>` of the device `daqd`.
    public func counter(_ counter: String, _ description: String) -> Counter {
        site.daemon.counter("frontends/\(name)/\(counter)", description)
    }
}
