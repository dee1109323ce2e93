// Part of daqd
// SPDX-License-Identifier: MIT

internal import CYAML

/// One event of libyaml, copied out of its memory.
struct YAMLEvent {
    enum Kind: Equatable {
        case documentStart, sequenceStart, sequenceEnd, mappingStart, mappingEnd, streamEnd, other
        case alias(String)
        case scalar(String, ConfigurationNode.Style)
    }

    var kind: Kind
    var place: SourcePlace
    var anchor: String?
    var tag: String?
}

/// Owns a libyaml parser over bytes in memory and hands out its events one by one; no pointer leaves it.
@safe struct YAMLEventParser: ~Copyable {
    private let source: SourceText
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private let isReady: Bool

    init(_ source: SourceText) {
        self.source = source
        unsafe bytes = .allocate(capacity: max(1, source.bytes.count))
        _ = unsafe bytes.initialize(fromContentsOf: source.bytes)
        unsafe parser = .allocate(capacity: 1)
        isReady = unsafe yaml_parser_initialize(parser) == 1
        guard isReady else { return }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, bytes.baseAddress, source.bytes.count)
    }

    deinit {
        if isReady { unsafe yaml_parser_delete(parser) }
        unsafe parser.deallocate()
        unsafe bytes.deallocate()
    }

    /// The next event.
    func next() throws(ConfigurationError) -> YAMLEvent {
        guard isReady else {
            throw ConfigurationError("there is no memory to read this file", at: SourcePlace(source.file))
        }
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw problem() }
        defer { unsafe yaml_event_delete(&event) }
        let mark = unsafe event.start_mark
        let place = SourcePlace(source.file, line: mark.line + 1, column: mark.column + 1)
        return unsafe Self.copy(event, place)
    }

    private static func copy(_ event: yaml_event_t, _ place: SourcePlace) -> YAMLEvent {
        var copy = YAMLEvent(kind: .other, place: place)
        switch unsafe event.type {
        case YAML_STREAM_END_EVENT: copy.kind = .streamEnd
        case YAML_DOCUMENT_START_EVENT: copy.kind = .documentStart
        case YAML_SEQUENCE_END_EVENT: copy.kind = .sequenceEnd
        case YAML_MAPPING_END_EVENT: copy.kind = .mappingEnd
        case YAML_ALIAS_EVENT: copy.kind = unsafe .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_START_EVENT:
            copy.kind = .sequenceStart
            copy.anchor = unsafe text(event.data.sequence_start.anchor)
            copy.tag = unsafe text(event.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT:
            copy.kind = .mappingStart
            copy.anchor = unsafe text(event.data.mapping_start.anchor)
            copy.tag = unsafe text(event.data.mapping_start.tag)
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            copy.kind = unsafe .scalar(String(decoding: bytes, as: UTF8.self), style(scalar.style))
            copy.anchor = unsafe text(scalar.anchor)
            copy.tag = unsafe text(scalar.tag)
        default: break
        }
        return copy
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        unsafe pointer.map { unsafe String(cString: $0) }
    }

    private static func style(_ style: yaml_scalar_style_t) -> ConfigurationNode.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: .quoted
        case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: .block
        default: .plain
        }
    }

    /// libyaml's complaint in one line, with advice for the usual causes.
    private func problem() -> ConfigurationError {
        let state = unsafe parser.pointee
        let mark = unsafe state.problem_mark
        let place = SourcePlace(source.file, line: mark.line + 1, column: mark.column + 1)
        if source.isTabIndented(line: place.line) {
            return ConfigurationError("a tab is used for indentation; YAML wants spaces", at: place)
        }
        var text = "this is not valid YAML"
        if let problem = unsafe state.problem { text += unsafe ": \(String(cString: problem))" }
        if let context = unsafe state.context {
            let line = unsafe state.context_mark.line + 1
            text += unsafe " \(String(cString: context))" + (line == place.line ? "" : " that began at line \(line)")
        }
        if text.contains("mapping values are not allowed") {
            text += "; put a text that holds a colon and a space in quotes, and check the indentation"
        }
        return ConfigurationError(text, at: place)
    }
}
