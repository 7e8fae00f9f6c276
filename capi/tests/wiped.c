/*
 * Checks what is in memory when contexts and keys are freed: zeros in their own blocks, and in the blocks that they own
 * (BLAKE2, BLAKE3, SM3) neither the message nor the key, plain or padded as HMAC does. Our free() looks at each block.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <hsum.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 8

static const char secret[] = "correct horse battery staple";
/* The block that must hold zeros. */
static const void *wiped;
static int is_checking, is_wiped, has_secret;

static void look(const uint8_t *bytes, size_t len) {
    static const uint8_t pads[] = {0, 0x36, 0x5c};
    size_t at, i, matching, pad, window;
    for (at = 0; at + WINDOW <= len; at++)
        for (pad = 0; pad < sizeof pads; pad++)
            for (window = 0; window + WINDOW < sizeof secret; window++) {
                for (i = matching = 0; i < WINDOW; i++)
                    matching += bytes[at + i] == ((uint8_t)secret[window + i] ^ pads[pad]);
                has_secret |= matching == WINDOW;
            }
}

void free(void *block) {
    static void (*next)(void *);
    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "free");
    if (is_checking && block != NULL) {
        const uint8_t *bytes = (const uint8_t *)block;
        /* What the allocator adds to a block, less than 16 bytes, is not the library's. */
        size_t len = malloc_usable_size(block) & ~(size_t)15, i = 0;
        if (block == wiped) {
            while (i < len && bytes[i] == 0)
                i++;
            is_wiped = i == len;
        }
        look(bytes, len);
    }
    next(block);
}

/* Reports what free() saw since the last call. */
static int check(const hsum_algorithm *algorithm, const char *what) {
    int is_right = is_wiped && !has_secret;
    is_checking = 0;
    if (!is_right)
        fprintf(stderr, "%s: %s %s\n", hsum_name(algorithm), what, is_wiped ? "leaves its secret" : "is not zeros");
    is_wiped = has_secret = 0;
    return !is_right;
}

#define FREE(function, value) (wiped = (value), is_checking = 1, function(value))

int main(void) {
    const hsum_algorithm *algorithm;
    size_t i;
    int failures = 0;
    for (i = 0; (algorithm = hsum_algorithm_at(i)) != NULL; i++) {
        hsum_ctx *ctx = hsum_new(algorithm);
        hsum_hmac_key *key = hsum_hmac_key_new(algorithm, secret, strlen(secret));
        hsum_update(ctx, secret, strlen(secret));
        FREE(hsum_free, ctx);
        failures += check(algorithm, "a context");
        if (key != NULL) {
            hsum_hmac_ctx *hmac = hsum_hmac_new(key);
            FREE(hsum_hmac_key_free, key);
            failures += check(algorithm, "an HMAC key");
            hsum_hmac_update(hmac, secret, strlen(secret));
            FREE(hsum_hmac_free, hmac);
            failures += check(algorithm, "an HMAC context");
        }
    }
    if (failures == 0)
        printf("contexts and keys of %lu algorithms are wiped\n", (unsigned long)i);
    return failures != 0;
}
