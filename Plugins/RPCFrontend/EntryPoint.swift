// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Called once by the kernel, after `dlopen` and the version check.
@c(daqd_register_RPCFrontend)
public func register(_ host: UnsafeRawPointer) {
    unsafe Registry(host).add(RPCFrontend.factory)
}
