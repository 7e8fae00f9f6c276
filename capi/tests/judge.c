/*
 * Hashes random messages in every way that the library has, and compares the digests with OpenSSL's: all algorithms
 * that OpenSSL has, in one call, in pieces, in batches, as HMAC, and endless output.
 *
 *     judge [ROUNDS [SEED]]
 */
#include <hsum.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LEN 70000
#define MAX_COUNT 600

static uint64_t state = 1;
static const hsum_algorithm *algorithm;
static const EVP_MD *judge;
static size_t size;

/* Returns a number below `limit` (splitmix64). */
static size_t below(size_t limit) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (size_t)((z ^ (z >> 31)) % limit);
}

static size_t random_len(void) {
    return below(8) == 0 ? below(MAX_LEN) : below(300);
}

static void check(const char *what, int is_true) {
    if (!is_true) {
        fprintf(stderr, "%s: %s is wrong\n", hsum_name(algorithm), what);
        exit(1);
    }
}

static void *allocate(size_t len) {
    void *data = malloc(len ? len : 1);
    if (data == NULL)
        abort();
    return data;
}

/* Returns a random message in memory of exactly its length, so that a read beyond its end is found. */
static uint8_t *message(size_t len) {
    uint8_t *data = (uint8_t *)allocate(len);
    size_t i;
    for (i = 0; i < len; i++)
        data[i] = (uint8_t)below(256);
    return data;
}

static void expect(const uint8_t *data, size_t len, uint8_t *out, size_t out_len) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_DigestInit_ex(ctx, judge, NULL);
    EVP_DigestUpdate(ctx, data, len);
    check("OpenSSL", hsum_is_extendable(algorithm) ? EVP_DigestFinalXOF(ctx, out, out_len) : EVP_DigestFinal_ex(ctx, out, NULL));
    EVP_MD_CTX_free(ctx);
}

static int equals(const uint8_t *out, const uint8_t *expected) {
    return memcmp(out, expected, size) == 0 && hsum_equal(out, expected, size);
}

static void one_call(void) {
    size_t len = random_len();
    uint8_t *data = message(len), *out = (uint8_t *)allocate(size), expected[HSUM_MAX_DIGEST_SIZE];
    expect(data, len, expected, size);
    check("hsum_digest", hsum_digest(algorithm, data, len, out, size) == HSUM_OK && equals(out, expected));
    if (len >= size) {
        check("hsum_digest in place", hsum_digest(algorithm, data, len, data, len) == HSUM_OK && equals(data, expected));
    }
    free(out);
    free(data);
}

/* Pieces; digests of beginnings on the way; copies, of which one goes on. */
static void pieces(void) {
    size_t len = random_len(), at = 0, piece;
    uint8_t *data = message(len), out[HSUM_MAX_DIGEST_SIZE], expected[HSUM_MAX_DIGEST_SIZE];
    hsum_ctx *ctx = hsum_new(algorithm), *copy;
    hsum_update(ctx, data, len / 2);
    hsum_reset(ctx);
    while (at < len) {
        piece = below(4) == 0 ? below(len - at + 1) : below(200) % (len - at + 1);
        check("hsum_update", hsum_update(ctx, data + at, piece) == HSUM_OK);
        at += piece;
        if (below(4) == 0) {
            expect(data, at, expected, size);
            check("hsum_final on the way", hsum_final(ctx, out, sizeof out) == HSUM_OK && equals(out, expected));
            copy = hsum_copy(ctx);
            hsum_update(ctx, "other", 5);
            hsum_free(ctx);
            ctx = copy;
        }
    }
    expect(data, len, expected, size);
    check("hsum_final", hsum_final(ctx, out, size) == HSUM_OK && equals(out, expected));
    hsum_free(ctx);
    free(data);
}

static void endless(void) {
    size_t len = random_len(), out_len = below(2000);
    uint8_t *data = message(len), *out = (uint8_t *)allocate(out_len), *expected = (uint8_t *)allocate(out_len);
    hsum_ctx *ctx = hsum_new(algorithm);
    hsum_update(ctx, data, len);
    expect(data, len, expected, out_len);
    check("hsum_xof", hsum_xof(ctx, out, out_len) == HSUM_OK && (out_len == 0 || memcmp(out, expected, out_len) == 0));
    hsum_free(ctx);
    free(expected);
    free(out);
    free(data);
}

static void hmac(void) {
    size_t key_len = below(300), len = random_len(), split = below(len + 1);
    uint8_t *secret = message(key_len), *data = message(len), out[HSUM_MAX_DIGEST_SIZE], expected[HSUM_MAX_DIGEST_SIZE];
    hsum_hmac_key *key = hsum_hmac_key_new(algorithm, secret, key_len);
    hsum_hmac_ctx *ctx = hsum_hmac_new(key), *copy;
    check("HMAC of OpenSSL", HMAC(judge, secret, (int)key_len, data, len, expected, NULL) != NULL);
    check("hsum_hmac", hsum_hmac(key, data, len, out, size) == HSUM_OK && equals(out, expected));
    check("hsum_hmac_verify", hsum_hmac_verify(key, data, len, expected, size) == HSUM_OK);
    hsum_hmac_key_free(key);
    hsum_hmac_update(ctx, data, len / 2);
    hsum_hmac_reset(ctx);
    hsum_hmac_update(ctx, data, split);
    copy = hsum_hmac_copy(ctx);
    hsum_hmac_update(ctx, "other", 5);
    check("another message", hsum_hmac_final_verify(ctx, expected, size) == HSUM_MISMATCH);
    hsum_hmac_free(ctx);
    hsum_hmac_update(copy, data + split, len - split);
    check("hsum_hmac_final", hsum_hmac_final(copy, out, size) == HSUM_OK && equals(out, expected));
    check("hsum_hmac_final_verify", hsum_hmac_final_verify(copy, expected, size) == HSUM_OK);
    expected[below(size)] ^= (uint8_t)(1 << below(8));
    check("a wrong tag", hsum_hmac_final_verify(copy, expected, size) == HSUM_MISMATCH);
    check("hsum_equal", !hsum_equal(out, expected, size));
    hsum_hmac_free(copy);
    free(data);
    free(secret);
}

static void batch(void) {
    size_t count = below(MAX_COUNT), i, len = random_len(), room = count * size;
    int have_one_length = below(2) == 0, has_hmac = hsum_block_size(algorithm) != 0;
    uint8_t expected[HSUM_MAX_DIGEST_SIZE], *out = (uint8_t *)allocate(room), *tags = (uint8_t *)allocate(room);
    hsum_slice *messages = (hsum_slice *)allocate(count * sizeof *messages);
    hsum_hmac_key *key = hsum_hmac_key_new(algorithm, "key", 3);
    for (i = 0; i < count; i++) {
        messages[i].len = have_one_length ? len % 300 : below(20) == 0 ? random_len() : below(300);
        messages[i].data = messages[i].len == 0 ? NULL : message(messages[i].len);
    }
    check("hsum_digest_many", hsum_digest_many(algorithm, messages, count, out, room) == HSUM_OK);
    if (has_hmac)
        check("hsum_hmac_many", hsum_hmac_many(key, messages, count, tags, room) == HSUM_OK);
    for (i = 0; i < count; i++) {
        const uint8_t *data = (const uint8_t *)messages[i].data;
        expect(data, messages[i].len, expected, size);
        check("a digest of hsum_digest_many", equals(out + i * size, expected));
        if (has_hmac) {
            HMAC(judge, "key", 3, data ? data : (const uint8_t *)"", messages[i].len, expected, NULL);
            check("a tag of hsum_hmac_many", equals(tags + i * size, expected));
        }
        free((void *)data);
    }
    hsum_hmac_key_free(key);
    free(messages);
    free(tags);
    free(out);
}

/* Returns OpenSSL's implementation; NULL if it has none. */
static EVP_MD *judge_of(const char *name) {
    if (strcmp(name, "blake2b") == 0)
        name = "BLAKE2b512";
    else if (strcmp(name, "blake2s") == 0)
        name = "BLAKE2s256";
    return EVP_MD_fetch(NULL, name, NULL);
}

int main(int argc, char **argv) {
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 20, round;
    size_t index, judged = 0;
    state = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    for (index = 0; (algorithm = hsum_algorithm_at(index)) != NULL; index++) {
        EVP_MD *fetched = judge_of(hsum_name(algorithm));
        judge = fetched;
        if (judge == NULL) {
            printf("skipped: OpenSSL has no %s\n", hsum_name(algorithm));
            continue;
        }
        judged++;
        size = hsum_digest_size(algorithm);
        for (round = 0; round < rounds; round++) {
            one_call();
            pieces();
            if (round % 8 == 0)
                batch();
            if (hsum_is_extendable(algorithm))
                endless();
            if (hsum_block_size(algorithm) != 0)
                hmac();
        }
        EVP_MD_free(fetched);
    }
    printf("%lu algorithms agree with OpenSSL in %lu rounds each\n", (unsigned long)judged, rounds);
    return judged >= 17 ? 0 : 1;
}
