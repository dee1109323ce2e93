// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// One device under one prefix: the records that a name view gives, kept in step with it.
final class ServedView: Sendable {
    /// What happened to a record.
    enum Event: Sendable {
        case added(Record)
        case removed(Record)
        case replaced(Record)
        case changed(Record)
    }

    let device: String
    let prefix: String
    private let view: NameView
    private let isPlain: Bool
    private let services: RecordServices
    private let observer = Mutex<Int?>(nil)

    init(_ view: NameView, device: String, prefix: String, services: RecordServices) {
        self.view = view
        self.device = device
        self.prefix = prefix
        self.services = services
        isPlain = view.name.isEmpty
    }

    /// Says which set, for messages.
    var description: String { isPlain ? device : "\(device) as \(view.name)" }

    /// The record's name of a member.
    func name(of member: String) -> String { isPlain ? PVName.plain(member, prefix: prefix) : prefix + member }

    /// A record for each member, in the order of the set.
    func records() -> [Record] { view.members.map(record) }

    /// A new record of a member.
    func record(_ member: NamedMember) -> Record {
        Record(name(of: member.name), device: device, member: member, services: services)
    }

    /// The member of a name, as it is bound now.
    func member(_ name: String) -> NamedMember? { view.member(name) }

    /// Follows the view; `handler` is called on the thread of the change.
    func observe(_ handler: @escaping @Sendable (NameEvent) -> Void) {
        let number = view.observe(handler)
        observer.withLock { $0 = number }
    }

    func close() {
        if let number = observer.withLock({ $0 }) { view.removeObserver(number) }
        view.close()
    }
}
