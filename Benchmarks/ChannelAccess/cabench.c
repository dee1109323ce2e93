// Part of daqd
// SPDX-License-Identifier: MIT
/* cabench: one Channel Access client for every server under test.
 *
 *   cabench [-p prefix] [-n channels] [-t seconds] [-w window] [-S server_pid] [-H host] [-P port] test
 *
 * Every test prints one JSON object on stdout.  Tests marked raw speak the protocol over a plain
 * socket (no libca), so that the server and not the client library is what is measured.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cadef.h>

static const char *prefix = "B:", *host = "127.0.0.1";
static int nchan = 1000, window = 256, server_pid = 0, port = 5064;
static double seconds = 3.0;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

#include <dirent.h>
/* CPU seconds of all live threads of a process (schedstat, ns resolution) */
static double cpu_of(int pid) {
    char p[300], buf[128];
    double s = 0;
    if (!pid)
        return 0;
    snprintf(p, sizeof p, "/proc/%d/task", pid);
    DIR *d = opendir(p);
    if (!d)
        return 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(p, sizeof p, "/proc/%d/task/%.20s/schedstat", pid, e->d_name);
        FILE *f = fopen(p, "r");
        if (!f)
            continue;
        if (fgets(buf, sizeof buf, f))
            s += strtoull(buf, NULL, 10) * 1e-9;
        fclose(f);
    }
    closedir(d);
    return s;
}

static double t0, c0, m0;
static void begin(void) {
    t0 = now();
    c0 = cpu_of(server_pid);
    m0 = cpu_of(getpid());
}
static double t_end; /* when set, the interval ended then */
static void report(const char *test, double ops, double bytes_per_op, const char *extra) {
    double dt = (t_end > 0 ? t_end : now()) - t0, sc = cpu_of(server_pid) - c0, cc = cpu_of(getpid()) - m0;
    printf("{\"test\":\"%s\",\"ops\":%.0f,\"seconds\":%.6f,\"per_s\":%.1f,\"server_us\":%.3f,\"client_us\":%.3f", test,
           ops, dt, ops / dt, ops ? sc / ops * 1e6 : 0, ops ? cc / ops * 1e6 : 0);
    if (bytes_per_op > 0)
        printf(",\"MB_s\":%.1f", ops * bytes_per_op / dt / 1e6);
    if (extra)
        printf(",%s", extra);
    printf("}\n");
    fflush(stdout);
}
static void die(const char *m) {
    fprintf(stderr, "cabench: %s\n", m);
    exit(2);
}
#define CHK(e)                                                                                                         \
    do {                                                                                                               \
        int s_ = (e);                                                                                                  \
        if (!(s_ & CA_M_SUCCESS)) {                                                                                    \
            fprintf(stderr, "%s: %s\n", #e, ca_message(s_));                                                           \
            exit(2);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* ---- libca part ------------------------------------------------------------------------- */
static chid *ch;
static atomic_int nconn;
static atomic_long done, events, evbytes, errors;
static _Atomic double last_ev;
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cv = PTHREAD_COND_INITIALIZER;
static long out_; /* outstanding, guarded by mu */

static void on_conn(struct connection_handler_args a) {
    atomic_fetch_add(&nconn, a.op == CA_OP_CONN_UP ? 1 : -1);
}
static void finish(void) {
    pthread_mutex_lock(&mu);
    out_--;
    pthread_cond_signal(&cv);
    pthread_mutex_unlock(&mu);
}
static void on_get(evargs a) {
    if (a.status != ECA_NORMAL)
        atomic_fetch_add(&errors, 1);
    else
        atomic_fetch_add(&evbytes, dbr_size_n(a.type, a.count));
    atomic_fetch_add(&done, 1);
    finish();
}
static void on_put(evargs a) {
    if (a.status != ECA_NORMAL)
        atomic_fetch_add(&errors, 1);
    atomic_fetch_add(&done, 1);
    finish();
}
static void on_ev(evargs a) {
    if (a.status == ECA_NORMAL && a.dbr) {
        long n_ = atomic_fetch_add(&events, 1);
        atomic_fetch_add(&evbytes, dbr_size_n(a.type, a.count));
        if (!(n_ & 63) || a.count > 1)
            last_ev = now();
    } else
        atomic_fetch_add(&errors, 1);
}

static void wait_below(long lim) {
    pthread_mutex_lock(&mu);
    while (out_ > lim) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_sec += 60;
        if (pthread_cond_timedwait(&cv, &mu, &t)) {
            pthread_mutex_unlock(&mu);
            die("timeout waiting for replies");
        }
    }
    pthread_mutex_unlock(&mu);
}
static void add_out(void) {
    pthread_mutex_lock(&mu);
    out_++;
    pthread_mutex_unlock(&mu);
}

static chid one(const char *suffix) {
    char nm[128];
    chid c;
    snprintf(nm, sizeof nm, "%s%s", prefix, suffix);
    int want = atomic_load(&nconn) + 1;
    CHK(ca_create_channel(nm, on_conn, NULL, 0, &c));
    ca_flush_io();
    for (double e = now() + 20; atomic_load(&nconn) < want; usleep(500))
        if (now() > e) {
            fprintf(stderr, "%s: ", nm);
            die("not connected");
        }
    return c;
}
static char letter = 'S';
static void create_all(int n) {
    char nm[128];
    ch = calloc(n, sizeof *ch);
    for (int i = 0; i < n; i++) {
        snprintf(nm, sizeof nm, "%s%c%05d", prefix, letter, i);
        CHK(ca_create_channel(nm, on_conn, NULL, 0, &ch[i]));
    }
    ca_flush_io();
}
static void wait_all(int n, double tmo) {
    for (double e = now() + tmo; atomic_load(&nconn) < n; usleep(200))
        if (now() > e) {
            fprintf(stderr, "%d of %d: ", atomic_load(&nconn), n);
            die("not connected");
        }
}

static void t_connect(void) {
    begin();
    create_all(nchan);
    double tc = now() - t0;
    wait_all(nchan, 300);
    char x[64];
    snprintf(x, sizeof x, "\"create_call_s\":%.4f", tc);
    report("connect", nchan, 0, x);
}

static void pipe_get(const char *name, chtype t, unsigned long cnt, chid *cc, int n, int win) {
    for (int i = 0; i < n && i < 4; i++) {
        add_out();
        CHK(ca_array_get_callback(t, cnt, cc[i], on_get, NULL));
    }
    ca_flush_io();
    wait_below(0);
    atomic_store(&done, 0);
    atomic_store(&evbytes, 0);
    begin();
    double end = t0 + seconds;
    for (long i = 0; now() < end;) {
        int batch = win / 2 < 1 ? 1 : win / 2;
        for (int k = 0; k < batch; k++, i++) {
            add_out();
            CHK(ca_array_get_callback(t, cnt, cc[i % n], on_get, NULL));
        }
        ca_flush_io();
        wait_below(win - batch);
    }
    wait_below(0);
    double bytes = (double)atomic_load(&evbytes) / (double)atomic_load(&done);
    report(name, atomic_load(&done), bytes, NULL);
}
static int cmpd(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}
static void lat(const char *name, int put, chid c) {
    enum { N = 2000 };
    static double v[N];
    double x = 0;
    begin();
    for (int i = 0; i < N; i++) {
        double a = now();
        add_out();
        x = i;
        if (put)
            CHK(ca_array_put_callback(DBR_DOUBLE, 1, c, &x, on_put, NULL));
        else
            CHK(ca_array_get_callback(DBR_DOUBLE, 1, c, on_get, NULL));
        ca_flush_io();
        wait_below(0);
        v[i] = now() - a;
    }
    qsort(v, N, sizeof *v, cmpd);
    char s[128];
    snprintf(s, sizeof s, "\"p50_us\":%.1f,\"p99_us\":%.1f", v[N / 2] * 1e6, v[N * 99 / 100] * 1e6);
    report(name, N, 0, s);
}
static void t_putcb(void) {
    /* at most one outstanding put per channel: rsrv serialises puts on one channel */
    double x = 0;
    int n = nchan, win = window < n ? window : n;
    begin();
    double end = t0 + seconds;
    for (long i = 0; now() < end;) {
        int b = win / 2;
        for (int k = 0; k < b; k++, i++) {
            x = i;
            add_out();
            CHK(ca_array_put_callback(DBR_DOUBLE, 1, ch[i % n], &x, on_put, NULL));
        }
        ca_flush_io();
        wait_below(win - b);
    }
    wait_below(0);
    report("putcb", atomic_load(&done), 0, NULL);
}
static void t_put(void) {
    double x = 0;
    int n = nchan;
    long i = 0;
    begin();
    double end = t0 + seconds;
    while (now() < end) {
        for (int k = 0; k < 500; k++, i++) {
            x = i;
            CHK(ca_array_put(DBR_DOUBLE, 1, ch[i % n], &x));
        }
        ca_flush_io();
    }
    add_out();
    CHK(ca_array_get_callback(DBR_DOUBLE, 1, ch[0], on_get, NULL));
    ca_flush_io();
    wait_below(0);
    report("put", i, 0, NULL);
}
static void subscribe_all(chtype t, int n) {
    for (int i = 0; i < n; i++)
        CHK(ca_create_subscription(t, 0, ch[i], DBE_VALUE | DBE_ALARM, on_ev, NULL, NULL));
    ca_flush_io();
    for (double e = now() + 60; atomic_load(&events) < n; usleep(500))
        if (now() > e)
            die("no first updates");
}
static void t_mon(const char *name, const char *trig, chtype t, int n, int fan, int win) {
    chid tr = one(trig);
    subscribe_all(t, n);
    usleep(200000);
    atomic_store(&events, 0);
    atomic_store(&evbytes, 0);
    atomic_store(&done, 0);
    begin();
    double end = t0 + seconds;
    for (int i = 1; now() < end; i++) {
        add_out();
        CHK(ca_array_put_callback(DBR_LONG, 1, tr, &i, on_put, NULL));
        ca_flush_io();
        wait_below(win - 1);
    }
    wait_below(0);
    double dt = now() - t0;
    long prod = atomic_load(&done) * (long)fan;
    for (double e = now() + 10, last = now(); now() < e && atomic_load(&events) < prod;) {
        long v = atomic_load(&events);
        usleep(20000);
        if (atomic_load(&events) != v)
            last = now();
        if (now() - last > 0.5)
            break;
    }
    long got = atomic_load(&events);
    t_end = last_ev > t0 + dt ? last_ev : t0 + dt;
    char s[160];
    snprintf(s, sizeof s, "\"produced\":%ld,\"delivered_frac\":%.4f,\"produce_s\":%.3f", prod,
             prod ? (double)got / prod : 0, dt);
    report(name, got, got ? (double)atomic_load(&evbytes) / got : 0, s);
}
static void t_rate(void) { /* the server updates by itself; count for `seconds` */
    subscribe_all(DBR_TIME_DOUBLE, nchan);
    usleep(500000);
    atomic_store(&events, 0);
    atomic_store(&evbytes, 0);
    begin();
    usleep((useconds_t)(seconds * 1e6));
    report("rate", atomic_load(&events), 0, NULL);
}
static void t_hold(void) {
    char b[64];
    wait_all(nchan, 300);
    printf("{\"held\":%d}\n", nchan);
    fflush(stdout);
    if (!fgets(b, sizeof b, stdin))
        return;
    subscribe_all(DBR_TIME_DOUBLE, nchan);
    printf("{\"subscribed\":%d}\n", nchan);
    fflush(stdout);
    if (!fgets(b, sizeof b, stdin))
        return;
}

/* ---- raw part --------------------------------------------------------------------------- */
static int sk;
static void sendall(const void *p, size_t n) {
    while (n) {
        ssize_t r = send(sk, p, n, 0);
        if (r <= 0)
            die("send");
        p = (const char *)p + r;
        n -= r;
    }
}
static void hdr(uint8_t *b, int cmd, int size, int type, int cnt, uint32_t p1, uint32_t p2) {
    uint16_t h[4] = {htons(cmd), htons(size), htons(type), htons(cnt)};
    uint32_t q[2] = {htonl(p1), htonl(p2)};
    memcpy(b, h, 8);
    memcpy(b + 8, q, 8);
}
static uint8_t rb[1 << 20];
static size_t rn, rp;
static void need(size_t n) {
    while (rn - rp < n) {
        if (rp) {
            memmove(rb, rb + rp, rn - rp);
            rn -= rp;
            rp = 0;
        }
        ssize_t r = recv(sk, rb + rn, sizeof rb - rn, 0);
        if (r <= 0)
            die("recv");
        rn += r;
    }
}
static uint16_t g16(size_t o) {
    return rb[rp + o] << 8 | rb[rp + o + 1];
}
static uint32_t g32(size_t o) {
    return (uint32_t)g16(o) << 16 | g16(o + 2);
}
/* next message: command; p1,p2,count out; payload skipped */
static int next(uint32_t *p1, uint32_t *p2, uint64_t *size) {
    need(16);
    int cmd = g16(0);
    uint64_t n = g16(2);
    size_t h = 16;
    *p1 = g32(8);
    *p2 = g32(12);
    if (n == 0xffff) {
        need(24);
        n = g32(16);
        h = 24;
    }
    rp += h;
    *size = n;
    while (n) {
        size_t a = rn - rp;
        if (!a) {
            rn = rp = 0;
            ssize_t r = recv(sk, rb, sizeof rb, 0);
            if (r <= 0)
                die("recv");
            rn = r;
            a = r;
        }
        if (a > n)
            a = n;
        rp += a;
        n -= a;
    }
    return cmd;
}
static void raw_open(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, host, &a.sin_addr);
    sk = socket(AF_INET, SOCK_STREAM, 0);
    int one_ = 1;
    setsockopt(sk, IPPROTO_TCP, TCP_NODELAY, &one_, sizeof one_);
    if (connect(sk, (struct sockaddr *)&a, sizeof a))
        die("connect");
    uint8_t b[64] = {0};
    hdr(b, 0, 0, 0, 13, 0, 0);
    sendall(b, 16);
    memset(b, 0, sizeof b);
    hdr(b, 20, 8, 0, 0, 0, 0);
    strcpy((char *)b + 16, "bench");
    sendall(b, 24);
    memset(b, 0, sizeof b);
    hdr(b, 21, 8, 0, 0, 0, 0);
    strcpy((char *)b + 16, "host");
    sendall(b, 24);
}
static uint32_t *sids;
static void raw_create(int n, const char *fixed) {
    sids = calloc(n, sizeof *sids);
    int sent = 0, got = 0;
    uint32_t p1, p2;
    uint64_t sz;
    while (got < n) {
        static uint8_t b[64 * 256];
        size_t o = 0;
        for (int k = 0; k < 200 && sent < n && sent - got < 1000; k++, sent++) {
            char nm[64];
            if (fixed)
                snprintf(nm, sizeof nm, "%s%s", prefix, fixed);
            else
                snprintf(nm, sizeof nm, "%sS%05d", prefix, sent);
            size_t l = (strlen(nm) + 8) & ~7ul;
            hdr(b + o, 18, (int)l, 0, 0, sent, 13);
            memset(b + o + 16, 0, l);
            strcpy((char *)b + o + 16, nm);
            o += 16 + l;
        }
        if (o)
            sendall(b, o);
        do {
            int c = next(&p1, &p2, &sz);
            if (c == 18) {
                sids[p1] = p2;
                got++;
            } else if (c == 26)
                die("create failed");
        } while (rn > rp && got < n);
    }
}
static void t_rawcreate(void) {
    raw_open();
    begin();
    raw_create(nchan, NULL);
    report("rawcreate", nchan, 0, NULL);
}
static void raw_gets(const char *name, int type, uint32_t cnt, int n, int win) {
    long sent = 0, got = 0;
    uint32_t p1, p2;
    uint64_t sz, bytes = 0;
    begin();
    double end = t0 + seconds;
    int stop = 0;
    while (!stop || got < sent) {
        static uint8_t b[24 * 4096];
        size_t o = 0;
        if (!stop && sent - got <= win / 2) {
            for (int k = 0; k < (win + 1) / 2; k++, sent++) {
                if (cnt < 0xffff) {
                    hdr(b + o, 15, 0, type, cnt, sids[sent % n], (uint32_t)sent);
                    o += 16;
                } else {
                    hdr(b + o, 15, 0xffff, type, 0, sids[sent % n], (uint32_t)sent);
                    uint32_t q[2] = {0, htonl(cnt)};
                    memcpy(b + o + 16, q, 8);
                    o += 24;
                }
            }
            sendall(b, o);
        }
        do {
            int c = next(&p1, &p2, &sz);
            if (c == 15) {
                if (p1 != 1)
                    die("get failed");
                got++;
                bytes += sz;
            } else if (c == 11)
                die("error");
        } while (rn > rp && got < sent);
        if (now() > end)
            stop = 1;
    }
    report(name, got, got ? (double)bytes / got : 0, NULL);
}
static void t_rawget(void) {
    raw_open();
    raw_create(nchan, NULL);
    raw_gets("rawget", 6, 1, nchan, window);
}
static void t_rawgettime(void) {
    raw_open();
    raw_create(nchan, NULL);
    raw_gets("rawgettime", 20, 1, nchan, window);
}
static void t_rawarr(const char *nm, const char *pv, int type, uint32_t cnt) {
    raw_open();
    raw_create(1, pv);
    raw_gets(nm, type, cnt, 1, 2);
}

int main(int argc, char **argv) {
    int o;
    while ((o = getopt(argc, argv, "p:n:t:w:S:H:P:")) != -1)
        switch (o) {
        case 'p':
            prefix = optarg;
            break;
        case 'n':
            nchan = atoi(optarg);
            break;
        case 't':
            seconds = atof(optarg);
            break;
        case 'w':
            window = atoi(optarg);
            break;
        case 'S':
            server_pid = atoi(optarg);
            break;
        case 'H':
            host = optarg;
            break;
        case 'P':
            port = atoi(optarg);
            break;
        default:
            die("usage: see the head of cabench.c");
        }
    if (optind >= argc)
        die("which test?");
    const char *t = argv[optind];
    if (!strcmp(t, "rawcreate")) {
        t_rawcreate();
        return 0;
    }
    if (!strcmp(t, "rawget")) {
        t_rawget();
        return 0;
    }
    if (!strcmp(t, "rawgettime")) {
        t_rawgettime();
        return 0;
    }
    if (!strcmp(t, "rawwf")) {
        t_rawarr("rawwf", "WF", 6, 1000000);
        return 0;
    }
    if (!strcmp(t, "rawimg")) {
        t_rawarr("rawimg", "IMG", 4, 8000000);
        return 0;
    }
    CHK(ca_context_create(ca_enable_preemptive_callback));
    if (!strcmp(t, "connect")) {
        t_connect();
        _exit(0);
    }
    if (!strcmp(t, "wfget") || !strcmp(t, "imgget")) {
        int im = t[0] == 'i';
        chid c = one(im ? "IMG" : "WF");
        pipe_get(t, im ? DBR_CHAR : DBR_DOUBLE, ca_element_count(c), &c, 1, 2);
        _exit(0);
    }
    if (!strcmp(t, "wfmon") || !strcmp(t, "imgmon")) {
        int im = t[0] == 'i';
        ch = calloc(1, sizeof *ch);
        ch[0] = one(im ? "IMG" : "WF");
        t_mon(t, im ? "IMGTRIG" : "WFTRIG", im ? DBR_TIME_CHAR : DBR_TIME_DOUBLE, 1, 1, 1);
        _exit(0);
    }
    if (!strcmp(t, "wfput")) { /* fill the waveform and the image once, so that gets carry data */
        chid c = one("WF"), d = one("IMG");
        double *v = malloc(8e6);
        for (int i = 0; i < 1000000; i++)
            v[i] = i;
        begin();
        add_out();
        CHK(ca_array_put_callback(DBR_DOUBLE, ca_element_count(c), c, v, on_put, NULL));
        ca_flush_io();
        wait_below(0);
        add_out();
        CHK(ca_array_put_callback(DBR_CHAR, ca_element_count(d), d, v, on_put, NULL));
        ca_flush_io();
        wait_below(0);
        report("wfput", 2, 8e6, NULL);
        _exit(atomic_load(&errors) ? 3 : 0);
    }
    if (!strncmp(t, "put", 3))
        letter = 'A';
    create_all(nchan);
    wait_all(nchan, 300);
    if (!strcmp(t, "get"))
        pipe_get("get", DBR_DOUBLE, 1, ch, nchan, window);
    else if (!strcmp(t, "gettime"))
        pipe_get("gettime", DBR_TIME_DOUBLE, 1, ch, nchan, window);
    else if (!strcmp(t, "getctrl"))
        pipe_get("getctrl", DBR_CTRL_DOUBLE, 1, ch, nchan, window);
    else if (!strcmp(t, "getlat"))
        lat("getlat", 0, ch[0]);
    else if (!strcmp(t, "putlat"))
        lat("putlat", 1, ch[0]);
    else if (!strcmp(t, "putcb"))
        t_putcb();
    else if (!strcmp(t, "put"))
        t_put();
    else if (!strcmp(t, "mon"))
        t_mon("mon", "TRIG", DBR_TIME_DOUBLE, nchan, nchan, 2);
    else if (!strcmp(t, "rate"))
        t_rate();
    else if (!strcmp(t, "hold"))
        t_hold();
    else
        die("unknown test");
    if (atomic_load(&errors))
        fprintf(stderr, "errors: %ld\n", atomic_load(&errors));
    _exit(0);
}
