// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
@testable import RPCFrontend
import Testing

/// Byte for byte what sipyco's clients and servers say to each other.
@Suite("RPC, recorded conversations")
struct TranscriptTests {
    @Test("PYON v2")
    func version2() async throws {
        let fixture = try await RPCFixture { settings in
            settings.daemon = .auto
            settings.allowsRawArrays = false
        }
        try await blocking {
            let client = try RawClient(port: fixture.port)
            try client.send("ARTIQ pc_rpc\n")
            #expect(try client.line() == #"{"targets":["emccd"],"description":"demo","features":["pyon_v2"]}"#)
            try client.send("emccd pyon_v2\n")
            let set = try PYONv2Decoder.decode(Array(try client.line().utf8))
            guard case .set(let names) = set else {
                Issue.record("no set")
                return
            }
            for name in [
                "ping", "terminate", "set_exposure", "image", "fail", "get_exposure", "get_sensor_temperature",
            ] {
                #expect(names.contains(.string(name)))
            }
            #expect(!names.contains(.string("set_sensor_temperature")))
            for (request, reply) in Self.exchangesV2 {
                try client.send(request + "\n")
                #expect(try client.line() == reply)
            }
        }
    }

    static let exchangesV2 = [
        (
            #"{"action":"call","name":"ping","args":{"__jsonclass__":["tuple",[[]]]},"kwargs":{}}"#,
            #"{"status":"ok","ret":true}"#
        ),
        (
            #"{"action":"call","name":"set_exposure","args":{"__jsonclass__":["tuple",[[250.0]]]},"kwargs":{"unit":"ms"}}"#,
            #"{"status":"ok","ret":0.25}"#
        ),
        (
            #"{"action":"call","name":"image","args":{"__jsonclass__":["tuple",[[]]]},"kwargs":{}}"#,
            #"{"status":"ok","ret":{"__jsonclass__":["nparray",[[2,3],"<u2","AAABAAIAAwAEAAUA"]]}}"#
        ),
        (
            #"{"action":"call","name":"echo","args":{"__jsonclass__":["tuple",[[{"__jsonclass__":["tuple",[[1,[2,{"__jsonclass__":["dict",[[[3,4]]]]}],{"__jsonclass__":["bytes",["/w=="]]}]]]}]]]},"kwargs":{}}"#,
            #"{"status":"ok","ret":{"__jsonclass__":["tuple",[[1,[2,{"__jsonclass__":["dict",[[[3,4]]]]}],{"__jsonclass__":["bytes",["/w=="]]}]]]}}"#
        ),
        // Keys in another order, blanks, a plain list, further keys.
        (
            #" { "kwargs" : {}, "x": 1, "args" : [7], "name" : "echo", "action" : "call" } "#,
            #"{"status":"ok","ret":7}"#
        ),
        (#"{"action":"call","name":"ping","args":{},"kwargs":{}}"#, #"{"status":"ok","ret":true}"#),
        (
            #"{"action":"call","name":"refuse","args":{"__jsonclass__":["tuple",[[]]]},"kwargs":{}}"#,
            #"{"status":"failed","exception":{"class":"RuntimeError","message":"no camera","traceback":["  daqd, target emccd, method refuse\n    wrongState: no camera\n"]}}"#
        ),
        (
            #"{"action":"call","name":"nosuch","args":{"__jsonclass__":["tuple",[[]]]},"kwargs":{}}"#,
            #"{"status":"failed","exception":{"class":"AttributeError","message":"'emccd' object has no attribute 'nosuch'","traceback":[]}}"#
        ),
        (
            #"{"action":"frob"}"#,
            #"{"status":"failed","exception":{"class":"ValueError","message":"Unknown action: frob","traceback":[]}}"#
        ),
        (
            #"{"name":"ping"}"#,
            #"{"status":"failed","exception":{"class":"KeyError","message":"'action'","traceback":[]}}"#
        ),
        (
            #"{"action":"call"}"#,
            #"{"status":"failed","exception":{"class":"KeyError","message":"'name'","traceback":[]}}"#
        ),
        (
            "[]",
            #"{"status":"failed","exception":{"class":"TypeError","message":"a request must be a dictionary, not a list","traceback":[]}}"#
        ),
        (
            #"{"action":"call","name":"terminate","args":{"__jsonclass__":["tuple",[[]]]},"kwargs":{}}"#,
            #"{"status":"ok","ret":null}"#
        ),
    ]

    @Test("PYON v1")
    func version1() async throws {
        let fixture = try await RPCFixture()
        try await blocking {
            let client = try RawClient(port: fixture.port)
            try client.send("ARTIQ pc_rpc\n")
            _ = try client.line()
            try client.send("emccd\n")
            let set = try PYONv1Decoder.decode(Array(try client.line().utf8))
            if case .set(let names) = set { #expect(names.contains(.string("ping"))) } else { Issue.record("no set") }
            for (request, reply) in Self.exchangesV1 {
                try client.send(request + "\n")
                #expect(try client.line() == reply)
            }
        }
    }

    static let exchangesV1 = [
        (#"{"action": "call", "name": "ping", "args": (), "kwargs": {}}"#, #"{"status": "ok", "ret": true}"#),
        (
            #"{"action": "call", "name": "set_exposure", "args": (1, ), "kwargs": {"unit": "ms"}}"#,
            #"{"status": "ok", "ret": 0.001}"#
        ),
        (
            #"{"action": "call", "name": "image", "args": (), "kwargs": {}}"#,
            #"{"status": "ok", "ret": nparray((2, 3), "<u2", b"AAABAAIAAwAEAAUA")}"#
        ),
        (
            #"{"action": "call", "name": "echo", "args": (npscalar("<f4", b"AADAPw=="), ), "kwargs": {}}"#,
            #"{"status": "ok", "ret": npscalar("<f4", b"AADAPw==")}"#
        ),
        (
            #"{"action": "call", "name": "fail", "args": (), "kwargs": {}}"#,
            #"{"status": "failed", "exception": {"class": "GenericRemoteException", "message": "AndorError: 20024: DRV_NO_NEW_DATA: no new data", "traceback": ["  daqd, target emccd, method fail\n    vendor: no new data\n", "  device type andor\n    20024: DRV_NO_NEW_DATA\n"]}}"#
        ),
    ]

    @Test("the vendor's number and name come before the sentence, whatever kind the generic exception is of")
    func vendorNumbers() {
        for code in [DeviceError.Code.vendor, .failed] {
            let error = DeviceError(code, "too early", vendorCode: 20013, vendorText: "DRV_ERROR_ACK")
            let exception = RPCException(error, target: "emccd", type: "andor", method: "fail")
            #expect(exception.className == "GenericRemoteException")
            #expect(exception.message == "AndorError: 20013: DRV_ERROR_ACK: too early")
        }
        let full = DeviceError(
            .vendor, "too early (20013, DRV_ERROR_ACK)", vendorCode: 20013, vendorText: "DRV_ERROR_ACK")
        let once = RPCException(full, target: "emccd", type: "andor", method: "fail")
        #expect(once.message == "AndorError: 20013: DRV_ERROR_ACK: too early")
        let plain = RPCException(DeviceError(.failed, "no"), target: "emccd", type: "andor", method: "fail")
        #expect(plain.message == "DeviceError: no")
    }

    @Test("the list of methods has signatures, defaults and documentation with units and limits")
    func methodList() async throws {
        let fixture = try await RPCFixture()
        let reply = try await blocking {
            let client = try fixture.client()
            try client.send(#"{"action":"get_rpc_method_list"}"# + "\n")
            return try client.line()
        }
        let expected = [
            #"{"status":"ok","ret":{"docstring":"Demo EMCCD.","methods":{"#,
            #""set_exposure":{"__jsonclass__":["tuple",[[{"args":["self","t","unit"],"varargs":null,"varkw":null,"defaults":{"__jsonclass__":["tuple",[["s"]]]},"kwonlyargs":["check"],"kwonlydefaults":{"check":true},"annotations":{"t":"float","unit":"str","check":"bool","return":"float"}},"Set exposure.\n\nReturns the time used.\n\nt: unit s, 0 to 1000"]]]}"#,
            #""get_exposure":{"__jsonclass__":["tuple",[[{"args":["self"],"varargs":null,"varkw":null,"defaults":null,"kwonlyargs":[],"kwonlydefaults":null,"annotations":{"return":"float"}},"Time of one image\n\nunit s, 0.001 to 100."]]]}"#,
            #""set_readout_mode":{"__jsonclass__":["tuple",[[{"args":["self","value"],"varargs":null,"varkw":null,"defaults":null,"kwonlyargs":[],"kwonlydefaults":null,"annotations":{"value":"str","return":"None"}},"How it reads\n\none of slow, fast."]]]}"#,
            #""terminate":{"__jsonclass__":["tuple",[[{"args":["self"],"defaults":null,"varargs":null,"varkw":null,"kwonlyargs":[],"kwonlydefaults":[]},"Terminate the server."]]]}}}}"#,
        ]
        for part in expected { #expect(reply.contains(part), "\(reply)") }
        #expect(reply.hasSuffix(expected[4]))
    }
}
