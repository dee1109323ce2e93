// Part of daqd
// SPDX-License-Identifier: MIT
#pragma once
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/// Where libmicrohttpd's own messages go.
struct daqd_mhd_log {
    void (*write)(void *context, const char *text);
    void *context;
};

/// libmicrohttpd's logger is variadic: formats one message and hands it to `daqd_mhd_log`.
static inline void daqd_mhd_write_log(void *cls, const char *format, va_list arguments) {
    struct daqd_mhd_log *log = (struct daqd_mhd_log *)cls;
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '\n') text[length - 1] = 0;
    log->write(log->context, text);
}

/// Leaves targets as they were sent: DAQRoutes splits them before it decodes them.
static inline size_t daqd_mhd_keep_escapes(void *cls, struct MHD_Connection *connection, char *text) {
    (void)cls;
    (void)connection;
    return strlen(text);
}

/// The callbacks and limits of one server, without the variadic option list.
struct daqd_mhd_options {
    unsigned int flags;
    int listen_socket;
    MHD_AccessHandlerCallback handle;
    void *(*target)(void *cls, const char *target, struct MHD_Connection *connection);
    MHD_RequestCompletedCallback completed;
    MHD_NotifyConnectionCallback connection;
    void *cls;
    struct daqd_mhd_log *log;
    unsigned int threads;
    unsigned int connection_limit;
    unsigned int idle_timeout_seconds;
    size_t memory_limit;
    const char *certificate;
    const char *key;
};

/// `MHD_start_daemon` for one listening socket.
static inline struct MHD_Daemon *daqd_mhd_start(const struct daqd_mhd_options *o) {
    struct MHD_OptionItem items[16];
    int count = 0;
#define DAQD_MHD_ADD(option_, value_, pointer_) \
    items[count++] = (struct MHD_OptionItem){.option = (option_), .value = (intptr_t)(value_), .ptr_value = (void *)(pointer_)}
    DAQD_MHD_ADD(MHD_OPTION_EXTERNAL_LOGGER, &daqd_mhd_write_log, o->log);
    DAQD_MHD_ADD(MHD_OPTION_LISTEN_SOCKET, o->listen_socket, NULL);
    DAQD_MHD_ADD(MHD_OPTION_URI_LOG_CALLBACK, o->target, o->cls);
    DAQD_MHD_ADD(MHD_OPTION_UNESCAPE_CALLBACK, &daqd_mhd_keep_escapes, NULL);
    DAQD_MHD_ADD(MHD_OPTION_NOTIFY_COMPLETED, o->completed, o->cls);
    DAQD_MHD_ADD(MHD_OPTION_NOTIFY_CONNECTION, o->connection, o->cls);
    DAQD_MHD_ADD(MHD_OPTION_CONNECTION_LIMIT, o->connection_limit, NULL);
    DAQD_MHD_ADD(MHD_OPTION_CONNECTION_TIMEOUT, o->idle_timeout_seconds, NULL);
    DAQD_MHD_ADD(MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->memory_limit, NULL);
    if (o->threads > 1) DAQD_MHD_ADD(MHD_OPTION_THREAD_POOL_SIZE, o->threads, NULL);
    if (o->certificate != NULL) {
        DAQD_MHD_ADD(MHD_OPTION_HTTPS_MEM_CERT, 0, o->certificate);
        DAQD_MHD_ADD(MHD_OPTION_HTTPS_MEM_KEY, 0, o->key);
    }
    DAQD_MHD_ADD(MHD_OPTION_END, 0, NULL);
#undef DAQD_MHD_ADD
    return MHD_start_daemon(o->flags, 0, NULL, NULL, o->handle, o->cls, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
}

/// The peer of a connection; NULL where libmicrohttpd cannot tell.
static inline const struct sockaddr *daqd_mhd_peer(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info == NULL ? NULL : info->client_addr;
}

/// The socket of a connection; -1 where libmicrohttpd cannot tell.
static inline int daqd_mhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

/// What the server attached to the connection when it was accepted.
static inline void *daqd_mhd_connection_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/// Enumerators under one name each, however Swift would abbreviate them.
static const enum MHD_Result daqd_mhd_yes = MHD_YES;
static const enum MHD_Result daqd_mhd_no = MHD_NO;
static const enum MHD_ValueKind daqd_mhd_header_kind = MHD_HEADER_KIND;
static const enum MHD_ConnectionNotificationCode daqd_mhd_started = MHD_CONNECTION_NOTIFY_STARTED;
static const enum MHD_ResponseMemoryMode daqd_mhd_must_copy = MHD_RESPMEM_MUST_COPY;

/// Macros with casts, which Swift cannot import.
static inline uint64_t daqd_mhd_size_unknown(void) { return MHD_SIZE_UNKNOWN; }
static inline ssize_t daqd_mhd_end_of_stream(void) { return MHD_CONTENT_READER_END_OF_STREAM; }
static inline ssize_t daqd_mhd_end_with_error(void) { return MHD_CONTENT_READER_END_WITH_ERROR; }
