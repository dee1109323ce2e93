// Part of daqd
// SPDX-License-Identifier: MIT
#include "bare_server.h"
#include <microhttpd.h>
#include <string.h>

static const char *bare_body;
static size_t bare_length;

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **state) {
    static int seen;
    (void)cls, (void)url, (void)method, (void)version, (void)data;
    *size = 0;
    if (*state != &seen) {
        *state = &seen;
        return MHD_YES;
    }
    /* Copied, as a handler must whose value changes from request to request. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(bare_length, (void *)bare_body, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

int bare_server_start(const char *body, unsigned long length) {
    bare_body = body;
    bare_length = length;
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL,
                                                 MHD_OPTION_CONNECTION_LIMIT, 256u, MHD_OPTION_END);
    if (daemon == NULL) return 0;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info == NULL ? 0 : info->port;
}
