// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// Called once by the daemon, after the stamp was compared.
@c(daqd_register_EigerSimulator)
public func register(_ host: UnsafeRawPointer) {
    unsafe Registry(host).add(EigerSimulatorComponent.factory)
}
