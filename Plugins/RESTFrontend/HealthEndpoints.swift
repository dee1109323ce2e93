// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

extension RESTService {
    /// What supervisors ask.
    var healthEndpoints: [RESTEndpoint] {
        let status = Schema.object([("status", Schema.text)])
        return [
            RESTEndpoint(
                .get, "/healthz", "health", "health", "Whether daqd answers at all",
                .immediate { _ in .json(.object([("status", "alive")])) }
            ).with { $0.replies[200] = .init(description: "It does", schema: status) },
            RESTEndpoint(
                .get, "/readyz", "ready", "health", "Whether all frontends listen; devices may be absent",
                .immediate { [self] _ in
                    guard context.site.isReady else { throw HTTPFailure(503, "daqd is starting or stopping") }
                    return .json(.object([("status", "ready")]))
                }
            ).with { $0.replies[200] = .init(description: "They do", schema: status) },
            RESTEndpoint(
                .get, "/metrics", "metrics", "health", "Counters and states for Prometheus",
                .immediate { [self] _ in
                    count()
                    context.site.daemon.refresh()
                    return HTTPResponse(
                        200, type: "text/plain; version=0.0.4; charset=utf-8",
                        text: MetricsText(context.site, shows: shows).text)
                }
            ).with {
                $0.replies[200] = .init(description: "Prometheus text", type: "text/plain", schema: Schema.text)
            },
            RESTEndpoint(
                .get, "/api/v1/openapi.json", "document", "site", "This description",
                .immediate { [self] _ in
                    let bytes = document.bytes { OpenAPIDocument(self).bytes }
                    return HTTPResponse(200, type: "application/json", bytes: bytes)
                }
            ).with { $0.replies[200] = .init(description: "OpenAPI 3.1", schema: .object([("type", "object")])) },
        ]
    }
}
