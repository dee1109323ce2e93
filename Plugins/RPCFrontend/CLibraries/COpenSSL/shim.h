// Part of daqd
// SPDX-License-Identifier: MIT
#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>

// A client whose certificate is not among the permitted ones hears nothing before the end, as from sipyco's servers; OpenSSL alone
// would send an alert, which Python raises as another exception.
static inline int daqd_ssl_judge(int is_good, X509_STORE_CTX *store) {
    if (!is_good) {
        SSL *session = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
        if (session) SSL_set0_wbio(session, BIO_new(BIO_s_null()));
    }
    return is_good;
}

static inline void daqd_ssl_prepare(SSL_CTX *context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, daqd_ssl_judge);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
