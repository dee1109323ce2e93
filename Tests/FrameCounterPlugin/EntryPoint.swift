// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Called once by the kernel, after the stamp was compared.
@c(daqd_register_FrameCounterPlugin)
public func register(_ host: UnsafeRawPointer) {
    unsafe Registry(host).add(FrameCounter.factory)
}
