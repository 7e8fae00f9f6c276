/*
 * Loads the library at run time, and finds the functions of a list in it: loaded LIBRARY SYMBOL...
 */
#include <dlfcn.h>
#include <hsum.h>
#include <stdio.h>
#include <string.h>

static void *find(void *library, const char *name) {
    void *symbol = dlsym(library, name);
    if (symbol == NULL)
        fprintf(stderr, "%s\n", dlerror());
    return symbol;
}

int main(int argc, char **argv) {
    /* The digest of "abc" in FIPS 180-2, appendix B.1. */
    static const uint8_t expected[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                       0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    const hsum_algorithm *(*find_algorithm)(const char *);
    hsum_status (*digest)(const hsum_algorithm *, const void *, size_t, uint8_t *, size_t);
    uint8_t out[HSUM_MAX_DIGEST_SIZE];
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    int i;
    if (library == NULL) {
        fprintf(stderr, "%s\n", argc > 1 ? dlerror() : "no library");
        return 1;
    }
    for (i = 2; i < argc; i++)
        if (find(library, argv[i]) == NULL)
            return 1;
    *(void **)&find_algorithm = find(library, "hsum_find");
    *(void **)&digest = find(library, "hsum_digest");
    if (digest(find_algorithm("sha256"), "abc", 3, out, sizeof out) != HSUM_OK || memcmp(out, expected, sizeof expected) != 0)
        return 1;
    printf("%d functions found by dlsym\n", argc - 2);
    return 0;
}
