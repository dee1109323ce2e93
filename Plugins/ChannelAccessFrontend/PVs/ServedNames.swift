// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// Names, access rules and put log of one frontend, made from its settings.
///
/// The server's core needs the directory alone; `open` before it listens, `close` after it ended, `tick` about once a second.
final class ServedNames: Sendable {
    /// What the configuration may say.
    static let settings: [Setting] = NameSettings.declared + SecuritySettings.declared

    let directory: PVDirectory
    private let context: FrontendContext
    private let access: AccessControl
    private let putLog: PutLog?
    private let updates: Counter
    private let rate: Counter
    private let lastUpdates = Mutex<(count: Int64, at: Int64)?>(nil)

    /// - Throws: `ConfigurationError` for prefixes that clash and for an access security file that is wrong.
    init(_ settings: Settings, _ context: FrontendContext) throws {
        var plan = try NameSettings.plan(settings, site: context.site.name)
        plan.frontend = context.name
        let security = try SecuritySettings(settings)
        let access = try AccessControl(security.rules, file: security.file, logger: context.logger)
        access.isReadOnly = security.isReadOnly
        self.context = context
        self.access = access
        updates = context.counter("updates", "Updates sent to subscriptions")
        rate = context.counter("updates_per_second", "Updates sent to subscriptions in the last second")
        let putLog = security.putLog.map { PutLog($0, logger: context.logger) }
        self.putLog = putLog
        var note: (@Sendable (PutNote) -> Void)?
        if let putLog { note = { putLog.add($0) } }
        directory = PVDirectory(
            site: context.site, plan: plan, access: access, logger: context.logger, log: note,
            shows: { context.shows($0) })
    }

    /// Makes the names and follows the site.
    func open() {
        let path = "frontends/\(context.name)/read_only"
        let readOnly = Parameter<Bool>(
            path, "Whether clients of \(context.name) may only read", initial: access.isReadOnly)
        readOnly.onWrite { [weak readOnly, access] isReadOnly, _ in
            access.isReadOnly = isReadOnly
            readOnly?.publish(isReadOnly)
        }
        context.site.daemon.remove(path)
        try? context.site.daemon.add(readOnly)
        directory.open()
    }

    /// Looks whether the access security file changed, and how many updates there are per second.
    func tick() {
        access.check(directory)
        let (count, now) = (updates.value, Timestamp.monotonicNanoseconds())
        let last = lastUpdates.withLock { last in
            defer { last = (count, now) }
            return last
        }
        guard let last, now > last.at else { return }
        rate.set(Int((Double(count - last.count) * 1e9 / Double(now - last.at)).rounded()))
    }

    /// Ends everything; what clients wrote is in the put log then.
    func close() async {
        directory.close()
        context.site.daemon.remove("frontends/\(context.name)/read_only")
        await putLog?.close()
    }
}
