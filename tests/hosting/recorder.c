/* Loaded before the C library, it writes down every name that a process asks the resolver for, and every
   address outside this machine that it connects or sends to. See recorder.py. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void record(const char *what, const char *name) {
    const char *path = getenv("RECORDED_QUESTIONS");
    char line[512];
    int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    if (file < 0) return;
    int length = snprintf(line, sizeof line, "%s %s\n", what, name);
    if (write(file, line, length < (int)sizeof line ? length : (int)sizeof line - 1) < 0) {}
    close(file);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    if (node) record("asks", node);
    return real(node, service, hints, found);
}

struct hostent *gethostbyname(const char *name) {
    struct hostent *(*real)(const char *) = dlsym(RTLD_NEXT, "gethostbyname");
    record("asks", name);
    return real(name);
}

static void record_address(const struct sockaddr *address) {
    char words[INET6_ADDRSTRLEN] = "";
    if (address && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, words, sizeof words);
    else if (address && address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, words, sizeof words);
    if (words[0]) record("calls", words);
}

int connect(int socket, const struct sockaddr *address, socklen_t length) {
    int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
    record_address(address);
    return real(socket, address, length);
}

ssize_t sendto(int socket, const void *what, size_t size, int flags, const struct sockaddr *to, socklen_t length) {
    ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "sendto");
    record_address(to);
    return real(socket, what, size, flags, to, length);
}
