// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes
import Synchronization

/// What the endpoints of one frontend share.
final class RESTService: Sendable {
    static let root = "/api/v1/"

    let settings: RESTSettings
    let context: FrontendContext
    let events: EventHub
    let cache = ParameterCache()
    let document = DocumentCache()
    let catalog: NameCatalog
    private let requests: Counter
    private let failures: Counter
    private let connections: Counter
    private let clients: Counter
    private let server = Mutex<HTTPServer?>(nil)
    private let observer = Mutex<Int?>(nil)

    init(_ settings: RESTSettings, _ context: FrontendContext) {
        self.settings = settings
        self.context = context
        requests = context.counter("requests", "Requests answered")
        failures = context.counter("failures", "Requests answered with a status of 400 or more")
        connections = context.counter("connections", "Open connections")
        clients = context.counter("event_clients", "Clients that follow the events")
        catalog = NameCatalog(site: context.site)
        let shown = settings.devices
        events = EventHub(site: context.site, capacity: settings.replay) { [context] device in
            context.shows(device) && (shown.isEmpty || shown.contains(device))
        }
    }

    /// Follows the tree, so that nothing is remembered that is not so any more.
    func open() {
        observer.withLock { observer in
            guard observer == nil else { return }
            observer = context.site.observe { [cache, document, events, catalog] event in
                catalog.forget(event)
                cache.forget(event)
                document.forget(event)
                events.treeChanged(event)
            }
        }
    }

    /// Keeps the server whose connections are counted.
    func watch(_ server: HTTPServer) { self.server.withLock { $0 = server } }

    /// Brings the counters up to date that are not counted one by one.
    func count() {
        connections.set(server.withLock { $0?.statistics.connections } ?? 0)
        clients.set(events.clientCount)
    }

    /// Forgets the server and ends the event streams.
    func close() {
        let number = observer.withLock { observer in
            defer { observer = nil }
            return observer
        }
        if let number { context.site.removeObserver(number) }
        events.close()
        catalog.close()
        server.withLock { $0 = nil }
    }

    // MARK: - Devices

    /// Whether the site shows this device here.
    func shows(_ device: String) -> Bool {
        context.shows(device) && (settings.devices.isEmpty || settings.devices.contains(device))
    }

    /// The devices shown, by name.
    var devices: [DeviceNode] { context.site.devices.filter { shows($0.name) } }

    /// The device that a request's path names.
    func device(_ request: HTTPRequest) throws -> DeviceNode {
        let name = request.capture("device")
        guard shows(name), let device = context.site.device(name) else {
            throw HTTPFailure(404, "there is no device “\(name.short)”; \(Self.root)devices lists them")
        }
        return device
    }

    /// Who a request comes from.
    func origin(_ request: HTTPRequest) -> Origin {
        Origin(frontend: context.name, user: "", host: request.remoteAddress)
    }

    // MARK: - Routing

    /// The router of all endpoints, with access control, problem JSON and counters.
    func router() -> HTTPRouter {
        var router = HTTPRouter()
        for endpoint in endpoints { endpoint.add(to: &router) }
        let access = AccessControl(settings)
        router.guardian = { request in
            try access.check(request)
            return nil
        }
        router.failure = { [self] failure, request in Problem(exact(failure, request)).response(to: request) }
        router.explain = { error, request in Problem(explaining: error).response(to: request) }
        router.observer = { [requests, failures] _, response in
            requests.add()
            if response.status >= 400 { failures.add() }
        }
        return router
    }

    /// A refused method of a member: the router knows what the template allows, this what the member does.
    private func exact(_ failure: HTTPFailure, _ request: HTTPRequest) -> HTTPFailure {
        guard failure.status == 405, request.path.count > 5, request.path[2] == "devices", shows(request.path[3]),
            request.path[4] == "parameters", let device = context.site.device(request.path[3])
        else { return failure }
        let name = request.path[5...].joined(separator: "/")
        guard let parameter = device.parameter(name) else {
            return HTTPFailure(404, "\(device.name) has no parameter “\(name.short)”")
        }
        guard parameter.metadata.access == .read else { return failure }
        var exact = HTTPFailure(405, "\(parameter.path) can only be read: it allows GET, HEAD")
        exact.headers["Allow"] = "GET, HEAD"
        return exact
    }

    /// Every endpoint, in the order of the documentation.
    var endpoints: [RESTEndpoint] {
        indexEndpoints + deviceEndpoints + parameterEndpoints + nameEndpoints + commandEndpoints + operationEndpoints
            + acquisitionEndpoints + runEndpoints + eventEndpoints + healthEndpoints
    }

    /// Every path that clients can use, for `daqd names`.
    func names() -> [ServedName] {
        devices.flatMap { device in
            device.parameters.map { parameter in
                ServedName(
                    Self.path(of: parameter.name, in: "parameters", of: device.name),
                    type: parameter.metadata.type.name, description: parameter.metadata.description)
            }
                + device.commands.map { command in
                    ServedName(
                        Self.path(of: command.name, in: "commands", of: device.name), type: "command",
                        description: command.description)
                }
        }
    }

    /// The path of a member; device and member names need no escapes.
    static func path(of member: String, in kind: String, of device: String) -> String {
        "\(root)devices/\(device)/\(kind)/\(member)"
    }
}

extension String {
    /// At most 60 characters, for messages that repeat what a client sent.
    var short: String { count > 60 ? prefix(57) + "…" : self }
}
