// Part of daqd
// SPDX-License-Identifier: MIT
//
// A socket for other programs: trigger pulses as from a cable, and what else a test does to a camera. One command to a datagram;
// who sends from an address of his own gets an answer.

#include "simulator.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/// The socket that is listened to; changed by one thread at a time, in AndorSim_Configure.
static struct {
    int socket, stop;
    pthread_t thread;
    struct sockaddr_un address;
} wire = {.socket = -1, .stop = -1};

enum { MOST_WORDS = 4 };

static bool answer(char *reply, size_t room, const char *text) {
    snprintf(reply, room, "%s", text);
    return true;
}

static Camera *camera_of(const char *text) {
    double handle;
    Camera *c = text && sim_number(text, 0, 1000, &handle) ? sim_camera((int)handle) : NULL;
    if (!c) sim_fail("no camera has the handle “%.40s”", text ? text : "");
    return c;
}

static bool trigger(Camera *c, const char *edge) {
    bool pulse = !edge || strcmp(edge, "pulse") == 0, up = edge && strcmp(edge, "up") == 0;
    if (!pulse && !up && strcmp(edge, "down") != 0) return sim_fail("an edge is up, down or pulse, not “%.40s”", edge);
    sim_advance(c);
    if (pulse || up) sim_edge(c, sim_now(), 1);
    if (pulse || !up) sim_edge(c, sim_now(), 0);
    return true;
}

static bool fail_next(char *words[], int count) {
    double status, times = 1;
    if (count < 3 || !sim_number(words[2], 20000, 21000, &status)) return sim_fail("fail FUNCTION STATUS [COUNT]");
    if (count > 3 && !sim_number(words[3], -1, 1e6, &times)) return false;
    return sim_set_fault(words[1], (unsigned)status, (int)times);
}

static bool hang_next(char *words[], int count) {
    double milliseconds;
    if (count < 3 || !sim_number(words[2], 0, 600000, &milliseconds)) return sim_fail("hang FUNCTION MILLISECONDS");
    return sim_set_hang(words[1], (int)milliseconds);
}

static bool drop_next(Camera *c, const char *text) {
    double count;
    if (!text || !sim_number(text, 0, 1e6, &count)) return sim_fail("drop HANDLE COUNT");
    sim_advance(c);
    c->run.overwritten = c->run.acquired + (int64_t)count;
    return true;
}

static bool tell(char *words[], int count, char *reply, size_t room) {
    double handle = -1;
    if (count < 3 || !sim_number(words[1], -1, 1000, &handle)) return sim_fail("counter HANDLE NAME");
    snprintf(reply, room, "%lld", (long long)sim_counter((int)handle, words[2]));
    return true;
}

/// Does what a command says, with the lock held.
static bool obey(char *words[], int count, char *reply, size_t room) {
    const char *name = words[0];
    answer(reply, room, "ok");
    if (strcmp(name, "fail") == 0) return fail_next(words, count);
    if (strcmp(name, "hang") == 0) return hang_next(words, count);
    if (strcmp(name, "counter") == 0) return tell(words, count, reply, room);
    Camera *c = camera_of(words[1]);
    if (!c) return false;
    if (strcmp(name, "trigger") == 0) return trigger(c, words[2]);
    if (strcmp(name, "drop") == 0) return drop_next(c, words[2]);
    if (strcmp(name, "unplug") == 0) return sim_set_cable(c, true), true;
    if (strcmp(name, "plug") == 0) return sim_set_cable(c, false), true;
    return sim_fail("there is no command “%.40s”; there are trigger, drop, unplug, plug, fail, hang and counter", name);
}

/// Text in, text out; anything may stand in it.
static void handle(char *text, size_t length, char *reply, size_t room) {
    char *words[MOST_WORDS + 1] = {NULL}, *rest = NULL;
    int count = 0;
    bool good = memchr(text, 0, length) == NULL || sim_fail("a command is text");
    for (size_t i = 0; i < length; i++)  // what is quoted in an answer can be shown
        if ((text[i] < ' ' && text[i] != '\n') || text[i] > '~') text[i] = '?';
    for (char *word = good ? strtok_r(text, " \n", &rest) : NULL; word && good; word = strtok_r(NULL, " \n", &rest)) {
        if (count == MOST_WORDS) good = sim_fail("a command has at most %d words", MOST_WORDS);
        else words[count++] = word;
    }
    if (good && count == 0) good = sim_fail("the command is empty");
    pthread_mutex_lock(&sim.lock);
    good = good && obey(words, count, reply, room);
    sim.datagrams++;
    if (!good) {
        sim.datagrams_refused++;
        snprintf(reply, room, "error: %s", AndorSim_Error());
    }
    pthread_cond_broadcast(&sim.changed);
    pthread_mutex_unlock(&sim.lock);
}

static void *listen_loop(void *unused) {
    (void)unused;
    struct pollfd ready[] = {{.fd = wire.socket, .events = POLLIN}, {.fd = wire.stop, .events = POLLIN}};
    while (true) {
        if (poll(ready, 2, -1) < 0 && errno != EINTR) return NULL;
        if (ready[1].revents) return NULL;
        if (!ready[0].revents) continue;
        char text[512], reply[400];
        struct sockaddr_un sender;
        socklen_t size = sizeof sender;
        ssize_t length = recvfrom(wire.socket, text, sizeof text - 1, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&sender, &size);
        if (length < 0) continue;
        bool fits = (size_t)length < sizeof text;
        if (!fits) length = 0;
        text[length] = 0;
        handle(text, (size_t)length, reply, sizeof reply);
        if (size > sizeof sender.sun_family)
            (void)!sendto(wire.socket, reply, strlen(reply), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&sender, size);
    }
}

static void close_wire(void) {
    if (wire.socket < 0) return;
    uint64_t one = 1;
    (void)!write(wire.stop, &one, sizeof one);
    pthread_join(wire.thread, NULL);
    unlink(wire.address.sun_path);
    close(wire.socket);
    close(wire.stop);
    wire.socket = wire.stop = -1;
}

/// A socket that a dead program left behind is taken away; one that somebody listens to is not, nor any other file.
static bool is_left_behind(const struct sockaddr_un *address) {
    struct stat facts;
    if (lstat(address->sun_path, &facts) != 0 || !S_ISSOCK(facts.st_mode)) return false;
    int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool refused = probe >= 0 && connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED;
    if (probe >= 0) close(probe);
    return refused;
}

static bool open_wire(void) {
    const struct sockaddr *address = (const struct sockaddr *)&wire.address;
    bool bound = bind(wire.socket, address, sizeof wire.address) == 0;
    if (!bound && errno == EADDRINUSE && is_left_behind(&wire.address)) {
        unlink(wire.address.sun_path);
        bound = bind(wire.socket, address, sizeof wire.address) == 0;
    }
    if (!bound) return sim_fail("socket: %s: %s", wire.address.sun_path, strerror(errno));
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&wire.thread, NULL, listen_loop, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status == 0) return true;
    unlink(wire.address.sun_path);
    return sim_fail("socket: %s", strerror(status));
}

/// Listens at a path from now on, nowhere at an empty one.
bool sim_listen(const char *path) {
    close_wire();
    if (!*path) return true;
    wire.address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(wire.address.sun_path, sizeof wire.address.sun_path, "%s", path);
    wire.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    wire.stop = eventfd(0, EFD_CLOEXEC);
    if (wire.socket >= 0 && wire.stop >= 0 && open_wire()) return true;
    if (wire.socket < 0 || wire.stop < 0) sim_fail("socket: %s", strerror(errno));
    if (wire.socket >= 0) close(wire.socket);
    if (wire.stop >= 0) close(wire.stop);
    wire.socket = wire.stop = -1;
    return false;
}

__attribute__((destructor)) static void remove_socket(void) {
    if (wire.socket >= 0) unlink(wire.address.sun_path);
}
