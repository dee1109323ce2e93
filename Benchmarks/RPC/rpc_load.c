// Part of daqd
// SPDX-License-Identifier: MIT
// A raw client of line protocols, and a bare echo to compare with: blocking sockets, no decoding.
//   rpc-load echo                                         prints its port, serves until it is ended
//   rpc-load calls PORT TARGET DEPTH COUNT REQUEST        prints calls per second, p50 and p99 in microseconds; requests of several
//                                                         lines are sent in turn
//   rpc-load bytes PORT TARGET COUNT REQUEST              prints bytes of replies per second
//   rpc-load hold PORT TARGET COUNT                       opens so many connections, prints "ready", waits for its input to end
// TARGET "-" leaves the handshake out.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 20];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void *serve(void *argument) {
    int peer = (int)(long)argument, one = 1;
    char *space = malloc(65536);
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ssize_t count;
    while ((count = read(peer, space, 65536)) > 0)
        for (ssize_t done = 0; done < count;) {
            ssize_t sent = write(peer, space + done, count - done);
            if (sent <= 0) break;
            done += sent;
        }
    close(peer);
    free(space);
    return NULL;
}

static void echo(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 64)) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int peer = accept(listener, NULL, NULL);
        pthread_t thread;
        if (peer >= 0) pthread_create(&thread, NULL, serve, (void *)(long)peer);
    }
}

static void send_all(int peer, const char *bytes, size_t count) {
    for (size_t done = 0; done < count;) {
        ssize_t sent = write(peer, bytes + done, count - done);
        if (sent <= 0) fail("write");
        done += sent;
    }
}

/// Reads until so many line ends came; how many bytes it was.
static size_t read_lines(int peer, int lines) {
    size_t all = 0;
    while (lines > 0) {
        ssize_t count = read(peer, buffer, sizeof buffer);
        if (count <= 0) fail("read");
        all += count;
        for (char *at = buffer; (at = memchr(at, '\n', buffer + count - at)); at++) lines--;
    }
    return all;
}

static int open_peer(const char *port, const char *target) {
    int peer = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(peer, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (strcmp(target, "-")) {
        send_all(peer, "ARTIQ pc_rpc\n", 13);
        read_lines(peer, 1);
        send_all(peer, target, strlen(target));
        send_all(peer, "\n", 1);
        read_lines(peer, 1);
    }
    return peer;
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

struct batch {
    char *bytes;
    size_t length;
};

/// So many times the same line.
static struct batch make_batch(const char *line, size_t length, int depth) {
    struct batch batch = {malloc((length + 1) * depth), (length + 1) * depth};
    for (int index = 0; index < depth; index++) {
        memcpy(batch.bytes + index * (length + 1), line, length);
        batch.bytes[(index + 1) * (length + 1) - 1] = '\n';
    }
    return batch;
}

static void calls(const char *port, const char *target, int depth, int count, const char *request) {
    int peer = open_peer(port, target);
    struct batch batches[8];
    int kinds = 0;
    for (const char *next = request; next && kinds < 8; kinds++) {
        const char *end = strchrnul(next, '\n');
        batches[kinds] = make_batch(next, end - next, depth);
        next = *end ? end + 1 : NULL;
    }
    for (int index = 0; index < 200 / depth + 1; index++) {
        send_all(peer, batches[index % kinds].bytes, batches[index % kinds].length);
        read_lines(peer, depth);
    }
    double *times = malloc(sizeof *times * count), begin = now();
    for (int index = 0; index < count; index++) {
        const struct batch *batch = &batches[index % kinds];
        double start = now();
        send_all(peer, batch->bytes, batch->length);
        read_lines(peer, depth);
        times[index] = now() - start;
    }
    double all = now() - begin;
    qsort(times, count, sizeof *times, compare);
    printf("%.0f %.1f %.1f\n", (double)count * depth / all, times[count / 2] * 1e6, times[count * 99 / 100] * 1e6);
}

static void bytes(const char *port, const char *target, int count, const char *request) {
    int peer = open_peer(port, target);
    size_t length = strlen(request), all = 0;
    char *line = malloc(length + 2);
    memcpy(line, request, length);
    line[length] = '\n';
    double begin = 0;
    for (int index = -2; index < count; index++) {
        if (index == 0) {
            begin = now();
            all = 0;
        }
        send_all(peer, line, length + 1);
        all += read_lines(peer, 1);
    }
    printf("%.0f\n", all / (now() - begin));
}

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "echo")) echo();
    if (argc == 7 && !strcmp(argv[1], "calls")) {
        calls(argv[2], argv[3], atoi(argv[4]), atoi(argv[5]), argv[6]);
        return 0;
    }
    if (argc == 6 && !strcmp(argv[1], "bytes")) {
        bytes(argv[2], argv[3], atoi(argv[4]), argv[5]);
        return 0;
    }
    if (argc == 5 && !strcmp(argv[1], "hold")) {
        for (int index = 0; index < atoi(argv[4]); index++) open_peer(argv[2], argv[3]);
        puts("ready");
        fflush(stdout);
        while (getchar() != EOF) {}
        return 0;
    }
    fprintf(stderr, "usage: see the head of rpc_load.c\n");
    return 64;
}
