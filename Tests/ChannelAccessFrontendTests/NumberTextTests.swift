// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import ChannelAccessFrontend

/// Texts of numbers as libCom 7.0.10 of EPICS writes them (`cvtDoubleToString`, `cvtFloatToString`, called for these bits).
@Suite("Numbers as texts")
struct NumberTextTests {
    @Test("64-bit numbers read as an IOC writes them", arguments: doubles)
    func double(bits: UInt64, precision: Int, text: String) {
        let made = NumberText.text(Double(bitPattern: bits), precision: precision)
        #expect(String(made.prefix(39)) == text)
    }

    @Test("32-bit numbers read as an IOC writes them", arguments: floats)
    func float(bits: UInt32, precision: Int, text: String) {
        let made = NumberText.text(Float(bitPattern: bits), precision: precision)
        #expect(String(made.prefix(39)) == text)
    }

    @Test(
        "texts are read as numbers like caput's",
        arguments: [
            ("12.5", 12.5), (" 7e1xyz", 70), ("0x10", 16), ("", 0), ("   ", 0), ("-.5", -0.5), ("+3", 3),
            ("1e400", nil),
            ("abc", nil), ("--1", nil), ("inf", .infinity), ("-INF", -.infinity), ("e5", nil), (".", nil), ("5\0x", 5),
        ] as [(String, Double?)])
    func parsing(text: String, number: Double?) {
        #expect(NumberParsing.double(text.utf8) == number)
    }

    @Test("what is not a number is one") func notANumber() throws {
        #expect(try #require(NumberParsing.double("NaN".utf8)).isNaN)
    }

    @Test(
        "texts are read as whole numbers like caput's",
        arguments: [
            ("12.7", 12), ("0x1F", 31), ("-0X1f", -31), ("", 0), (" +5 volts", 5), ("2147483647", 2_147_483_647),
            ("2147483648", nil), ("-2147483648", -2_147_483_648), ("-2147483649", nil), ("x", nil), ("-", nil),
            ("0x", 0),
            ("99999999999999999999999", nil), ("1e3", 1),
        ] as [(String, Int32?)])
    func wholeParsing(text: String, number: Int32?) {
        #expect(NumberParsing.integer(text.utf8, as: Int32.self) == number)
    }

    @Test("the ends of a type hold, and one beyond does not") func ends() {
        #expect(NumberParsing.integer("-9223372036854775808".utf8, as: Int64.self) == .min)
        #expect(NumberParsing.integer("9223372036854775807".utf8, as: Int64.self) == .max)
        #expect(NumberParsing.integer("9223372036854775808".utf8, as: Int64.self) == nil)
        #expect(NumberParsing.integer("-1".utf8, as: UInt8.self) == nil)
        #expect(NumberParsing.integer("255".utf8, as: UInt8.self) == 255)
    }

    @Test("floats stop at the ends of an integer and of 32 bits") func saturation() {
        #expect(NumberConversion.saturated(3.9, to: Int16.self) == 3)
        #expect(NumberConversion.saturated(-3.9, to: Int16.self) == -3)
        #expect(NumberConversion.saturated(1e12, to: Int32.self) == .max)
        #expect(NumberConversion.saturated(-.infinity, to: Int32.self) == .min)
        #expect(NumberConversion.saturated(.nan, to: UInt8.self) == 0)
        #expect(NumberConversion.saturated(-1, to: UInt8.self) == 0)
        #expect(NumberConversion.narrowed(1e300) == .greatestFiniteMagnitude)
        #expect(NumberConversion.narrowed(-1e300) == -.greatestFiniteMagnitude)
        #expect(NumberConversion.narrowed(1e-300) == .leastNormalMagnitude)
        #expect(NumberConversion.narrowed(.infinity) == .infinity)
        #expect(NumberConversion.narrowed(0) == 0)
        #expect(NumberConversion.narrowed(.nan).isNaN)
    }

    private static let doubles: [(UInt64, Int, String)] = [
        (0, 0, "0"),
        (0, 8, "0.00000000"),
        (0, 17, " 0.00000000000000000e+00"),
        (9223372036854775808, 0, "0"),
        (9223372036854775808, 8, "0.00000000"),
        (9223372036854775808, 17, "-0.00000000000000000e+00"),
        (4609434218613702656, 0, "2"),
        (4609434218613702656, 8, "1.50000000"),
        (4609434218613702656, 17, " 1.50000000000000000e+00"),
        (4593671619917905920, 0, "0"),
        (4593671619917905920, 8, "0.12500000"),
        (4593671619917905920, 17, " 1.25000000000000000e-01"),
        (4613205983301625446, 0, "3"),
        (4613205983301625446, 8, "2.67500000"),
        (4613205983301625446, 17, " 2.67499999999999982e+00"),
        (4607204936798154260, 0, "1"),
        (4607204936798154260, 8, "1.00500000"),
        (4607204936798154260, 17, " 1.00499999999999989e+00"),
        (13779386358128460589, 0, "-0"),
        (13779386358128460589, 8, "-0.00040000"),
        (13779386358128460589, 17, "-4.00000000000000019e-04"),
        (4711630319721953572, 0, "10000000"),
        (4711630319721953572, 8, "9999999.99960000"),
        (4711630319721953572, 17, " 9.99999999960000068e+06"),
        (4711630319722168320, 0, "10000000"),
        (4711630319722168320, 8, "10000000.00000000"),
        (4711630319722168320, 17, " 1.00000000000000000e+07"),
        (4711630319775855411, 0, "10000000"),
        (4711630319775855411, 8, "10000000.100"),
        (4711630319775855411, 17, " 1.00000000999999996e+07"),
        (13935002356576944128, 0, "-10000000"),
        (13935002356576944128, 8, "-10000000.00000000"),
        (13935002356576944128, 17, "-1.00000000000000000e+07"),
        (4712889646492470477, 0, "12345679"),
        (4712889646492470477, 8, "12345678.900"),
        (4712889646492470477, 17, " 1.23456789000000004e+07"),
        (4726483295884279808, 0, "100000000"),
        (4726483295884279808, 8, "100000000.000"),
        (4726483295884279808, 17, " 1.00000000000000000e+08"),
        (4726416187020279808, 0, "99000000"),
        (4726416187020279808, 8, "99000000.000"),
        (4726416187020279808, 17, " 9.90000000000000000e+07"),
        (4846369599423283200, 0, "10000000000000000"),
        (4846369599423283200, 8, "10000000000000000.000"),
        (4846369599423283200, 17, " 1.00000000000000000e+16"),
        (4846869599423283200, 0, "  1e+16"),
        (4846869599423283200, 8, " 1.10000000e+16"),
        (4846869599423283200, 17, " 1.10000000000000000e+16"),
        (4861130398305394688, 0, "  1e+17"),
        (4861130398305394688, 8, " 1.00000000e+17"),
        (4861130398305394688, 17, " 1.00000000000000000e+17"),
        (9094988921128908188, 0, " 1e+300"),
        (9094988921128908188, 8, "1.00000000e+300"),
        (9094988921128908188, 17, "1.00000000000000005e+300"),
        (18318360957983683996, 0, "-1e+300"),
        (18318360957983683996, 8, "-1.00000000e+300"),
        (18318360957983683996, 17, "-1.00000000000000005e+300"),
        (1, 0, "0"),
        (1, 8, "0.00000000"),
        (1, 17, "4.94065645841246544e-324"),
        (9218868437227405312, 0, "    inf"),
        (9218868437227405312, 8, "            inf"),
        (9218868437227405312, 17, "                     inf"),
        (18442240474082181120, 0, "   -inf"),
        (18442240474082181120, 8, "           -inf"),
        (18442240474082181120, 17, "                    -inf"),
        (9221120237041090560, 0, "nan"),
        (9221120237041090560, 8, "nan"),
        (9221120237041090560, 17, "                     nan"),
        (4602678819172646912, 0, "1"),
    ]

    private static let floats: [(UInt32, Int, String)] = [
        (0, 3, "0.000"),
        (2147483648, 8, "0.00000000"),
        (1069547520, 15, "1.500000000000e+00"),
        (1076572979, 6, "2.675000"),
        (1065395159, 9, "1.004999995e+00"),
        (1259902592, 3, "10000000.000"),
        (1259902592, 8, "10000000.00000000"),
        (1259902592, 15, "1.000000000000e+07"),
        (1262248271, 6, "12345679.000"),
        (1287568416, 9, "1.000000000e+08"),
        (1510874058, 3, "1.000e+16"),
        (1511805380, 8, "1.09999997e+16"),
        (1538368188, 15, "9.999999843067e+16"),
        (4286578688, 6, "        -inf"),
        (0, 9, "0.000000000e+00"),
        (4286578688, 3, "     -inf"),
        (2143289344, 8, "nan"),
        (1056964608, 15, "5.000000000000e-01"),
        (1075838976, 6, "2.500000"),
        (1078530011, 9, "3.141592741e+00"),
        (1051372203, 3, "0.333"),
        (3207244459, 8, "-0.66666669"),
        (1036831949, 15, "1.000000014901e-01"),
        (1050253722, 6, "0.300000"),
        (1075662957, 9, "2.458033800e+00"),
    ]
}
