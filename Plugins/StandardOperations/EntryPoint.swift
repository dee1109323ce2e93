// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Called once by the kernel, after `dlopen` and the version check.
@c(daqd_register_StandardOperations)
public func register(_ host: UnsafeRawPointer) {
    let registry = unsafe Registry(host)
    registry.add(VerifyOperation.factory)
    registry.add(CopyOperation.factory)
    registry.add(CommandOperation.factory)
    registry.add(WebhookOperation.factory)
    registry.add(ThumbnailOperation.factory)
}
