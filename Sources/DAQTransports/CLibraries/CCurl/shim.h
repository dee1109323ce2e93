// Part of daqd
// SPDX-License-Identifier: MIT
#pragma once
#include <curl/curl.h>

// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic macros with type checks; Swift calls these.

typedef size_t (*daqd_curl_data_function)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode daqd_curl_set_long(void *easy, CURLoption option, long value) {
    return curl_easy_setopt((CURL *)easy, option, value);
}
static inline CURLcode daqd_curl_set_offset(void *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt((CURL *)easy, option, value);
}
static inline CURLcode daqd_curl_set_text(void *easy, CURLoption option, const char *value) {
    return curl_easy_setopt((CURL *)easy, option, value);
}
static inline CURLcode daqd_curl_set_bytes(void *easy, const void *bytes, curl_off_t count) {
    CURLcode code = curl_easy_setopt((CURL *)easy, CURLOPT_POSTFIELDSIZE_LARGE, count);
    return code != CURLE_OK ? code : curl_easy_setopt((CURL *)easy, CURLOPT_COPYPOSTFIELDS, (const char *)bytes);
}
static inline CURLcode daqd_curl_set_headers(void *easy, struct curl_slist *list) {
    return curl_easy_setopt((CURL *)easy, CURLOPT_HTTPHEADER, list);
}
static inline CURLcode daqd_curl_set_error_buffer(void *easy, char *buffer) {
    return curl_easy_setopt((CURL *)easy, CURLOPT_ERRORBUFFER, buffer);
}
static inline CURLcode daqd_curl_set_context(void *easy, void *context) {
    return curl_easy_setopt((CURL *)easy, CURLOPT_PRIVATE, context);
}
static inline CURLcode daqd_curl_set_body_function(void *easy, daqd_curl_data_function function, void *context) {
    CURLcode code = curl_easy_setopt((CURL *)easy, CURLOPT_WRITEFUNCTION, function);
    return code != CURLE_OK ? code : curl_easy_setopt((CURL *)easy, CURLOPT_WRITEDATA, context);
}
static inline CURLcode daqd_curl_set_header_function(void *easy, daqd_curl_data_function function, void *context) {
    CURLcode code = curl_easy_setopt((CURL *)easy, CURLOPT_HEADERFUNCTION, function);
    return code != CURLE_OK ? code : curl_easy_setopt((CURL *)easy, CURLOPT_HEADERDATA, context);
}
static inline CURLcode daqd_curl_get_long(void *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo((CURL *)easy, info, value);
}
static inline CURLcode daqd_curl_get_offset(void *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo((CURL *)easy, info, value);
}
static inline CURLMcode daqd_curl_multi_set_long(void *multi, CURLMoption option, long value) {
    return curl_multi_setopt((CURLM *)multi, option, value);
}

// The next finished transfer: its easy handle and result; NULL when there is none.
static inline void *daqd_curl_next_finished(void *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read((CURLM *)multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}
