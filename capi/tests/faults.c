/*
 * Calls every function with NULL for each pointer and with lengths of 0, too few, and SIZE_MAX. Each call must return a
 * status that the header names for one of its faults, and write nothing to its output; without a fault, only the output.
 */
#include <errno.h>
#include <hsum.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIT(status) (1u << (status))
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define EACH(i, array) for (i = 0; i < COUNT(array); i++)
#define SIZE 32 /* of a SHA-256 digest */
#define UNTOUCHED 0xaa

static const hsum_algorithm *sha256;
static hsum_ctx *ctx;
static hsum_hmac_key *key;
static hsum_hmac_ctx *hmac;
static uint8_t out[256];
static unsigned long calls;

static const size_t lengths[] = {0, 3, (size_t)PTRDIFF_MAX + 1, SIZE_MAX};
static const size_t rooms[] = {0, SIZE - 1, SIZE, sizeof out, SIZE_MAX};
static const size_t counts[] = {0, 1, 3, SIZE_MAX / 32, SIZE_MAX / 16, SIZE_MAX};

static void prepare(void) {
    memset(out, UNTOUCHED, sizeof out);
}

static size_t untouched_from(size_t first) {
    while (first < sizeof out && out[first] == UNTOUCHED)
        first++;
    return first;
}

/* Checks a status against the faults of a call, and that only `written` bytes of the output were written. */
static void check(const char *function, hsum_status status, unsigned faults, size_t written) {
    int is_expected = faults == 0 ? status == HSUM_OK : (faults & BIT(status)) != 0;
    calls++;
    if (!is_expected || untouched_from(status == HSUM_OK ? written : 0) != sizeof out) {
        fprintf(stderr, "%s: status %d (%s), faults %#x, or output beyond its end\n", function, status,
                hsum_strerror(status), faults);
        exit(1);
    }
}

static void check_true(const char *what, int is_true) {
    calls++;
    if (!is_true) {
        fprintf(stderr, "does not hold: %s\n", what);
        exit(1);
    }
}

/* The faults of an input of `len` bytes. */
static unsigned input(const void *data, size_t len) {
    return (len > 0 && data == NULL ? BIT(HSUM_NULL_POINTER) : 0) | (len > PTRDIFF_MAX ? BIT(HSUM_TOO_LONG) : 0);
}

/* The faults of an output of `needed` bytes. */
static unsigned output(const void *start, size_t room, size_t needed) {
    return (start == NULL ? BIT(HSUM_NULL_POINTER) : 0) | (room < needed ? BIT(HSUM_BUFFER_TOO_SMALL) : 0);
}

static unsigned null(const void *pointer) {
    return pointer == NULL ? BIT(HSUM_NULL_POINTER) : 0;
}

/* The faults of `count` items with an output of SIZE bytes each. */
static unsigned batch(const void *items, size_t count, const void *start, size_t room) {
    if (count == 0)
        return 0;
    if (count > PTRDIFF_MAX / SIZE)
        return BIT(HSUM_TOO_LONG) | BIT(HSUM_NULL_POINTER) | BIT(HSUM_BUFFER_TOO_SMALL);
    return null(items) | output(start, room, count * SIZE);
}

/* Functions of one message: algorithm, key and contexts; data; output. */
static void one_message(void) {
    size_t a, d, l, o, r;
    EACH(l, lengths) for (a = 0; a < 2; a++) for (d = 0; d < 2; d++) {
        const void *data = d ? "abc" : NULL;
        size_t len = lengths[l];
        prepare();
        check("hsum_update", hsum_update(a ? ctx : NULL, data, len), null(a ? ctx : NULL) | input(data, len), 0);
        check("hsum_hmac_update", hsum_hmac_update(a ? hmac : NULL, data, len),
              null(a ? hmac : NULL) | input(data, len), 0);
        check_true("hsum_equal", hsum_equal(data, data, len) == (input(data, len) == 0));
        check_true("hsum_equal", hsum_equal(data, "abc", len) == (input(data, len) == 0));
        check_true("hsum_equal", hsum_equal("abc", data, len) == (input(data, len) == 0));
        {
            hsum_hmac_key *made = hsum_hmac_key_new(a ? sha256 : NULL, data, len);
            check_true("hsum_hmac_key_new", (made != NULL) == (a && input(data, len) == 0));
            hsum_hmac_key_free(made);
        }
        EACH(r, rooms) for (o = 0; o < 2; o++) {
            uint8_t *to = o ? out : NULL;
            unsigned faults = input(data, len) | output(to, rooms[r], SIZE);
            prepare();
            check("hsum_digest", hsum_digest(a ? sha256 : NULL, data, len, to, rooms[r]),
                  null(a ? sha256 : NULL) | faults, SIZE);
            prepare();
            check("hsum_hmac", hsum_hmac(a ? key : NULL, data, len, to, rooms[r]), null(a ? key : NULL) | faults, SIZE);
        }
    }
}

/* Functions without data. */
static void outputs(void) {
    size_t a, o, r;
    hsum_ctx *shake = hsum_new(hsum_find("shake128"));
    EACH(r, rooms) for (a = 0; a < 2; a++) for (o = 0; o < 2; o++) {
        uint8_t *to = o ? out : NULL;
        size_t room = rooms[r];
        unsigned faults = output(to, room, SIZE), endless = input(to, room);
        prepare();
        check("hsum_final", hsum_final(a ? ctx : NULL, to, room), null(a ? ctx : NULL) | faults, SIZE);
        prepare();
        check("hsum_hmac_final", hsum_hmac_final(a ? hmac : NULL, to, room), null(a ? hmac : NULL) | faults, SIZE);
        prepare();
        check("hsum_xof", hsum_xof(a ? shake : NULL, to, room), null(a ? shake : NULL) | endless, room);
        prepare();
        check("hsum_xof", hsum_xof(a ? ctx : NULL, to, room),
              null(a ? ctx : NULL) | endless | BIT(HSUM_NOT_EXTENDABLE), 0);
    }
    hsum_free(shake);
}

/* Functions that compare a tag. */
static void tags(void) {
    static const size_t tag_lengths[] = {0, 1, SIZE - 1, SIZE, SIZE + 1, SIZE_MAX};
    uint8_t right[SIZE + 1] = {0}, right_final[SIZE + 1] = {0};
    size_t a, d, l, t, n;
    check("hsum_hmac_final", hsum_hmac_final(hmac, right_final, SIZE), 0, 0);
    EACH(n, tag_lengths) for (a = 0; a < 2; a++) for (t = 0; t < 2; t++) {
        size_t tag_len = tag_lengths[n];
        unsigned mismatch = tag_len == SIZE ? 0 : BIT(HSUM_MISMATCH);
        unsigned faults = input(t ? right : NULL, tag_len) | mismatch;
        prepare();
        check("hsum_hmac_final_verify", hsum_hmac_final_verify(a ? hmac : NULL, t ? right_final : NULL, tag_len),
              null(a ? hmac : NULL) | faults, 0);
        EACH(l, lengths) for (d = 0; d < 2; d++) {
            const void *data = d ? "abc" : NULL;
            unsigned all = null(a ? key : NULL) | input(data, lengths[l]) | faults;
            if ((input(data, lengths[l])) == 0)
                check("hsum_hmac", hsum_hmac(key, data, lengths[l], right, SIZE), 0, 0);
            check("hsum_hmac_verify",
                  hsum_hmac_verify(a ? key : NULL, data, lengths[l], t ? right : NULL, tag_len), all, 0);
        }
    }
    right[0] ^= 1;
    check("hsum_hmac_verify", hsum_hmac_verify(key, "abc", 3, right, SIZE), BIT(HSUM_MISMATCH), 0);
}

/* Batches: an array that is NULL, items that are, sizes that overflow. */
static void batches(void) {
    hsum_slice good[3] = {{"a", 1}, {NULL, 0}, {"abc", 3}};
    hsum_slice null_item[3] = {{"a", 1}, {NULL, 1}, {"abc", 3}};
    hsum_slice long_item[3] = {{"a", 1}, {NULL, 0}, {"abc", SIZE_MAX}};
    hsum_slice *arrays[4] = {NULL, good, null_item, long_item};
    unsigned item_faults[4] = {0, 0, BIT(HSUM_NULL_POINTER), BIT(HSUM_TOO_LONG)};
    size_t a, c, m, o, r;
    EACH(c, counts) EACH(m, arrays) EACH(r, rooms) for (a = 0; a < 2; a++) for (o = 0; o < 2; o++) {
        uint8_t *to = o ? out : NULL;
        size_t count = counts[c];
        unsigned faults = batch(arrays[m], count, to, rooms[r]) | (count > 1 ? item_faults[m] : 0);
        prepare();
        check("hsum_digest_many", hsum_digest_many(a ? sha256 : NULL, arrays[m], count, to, rooms[r]),
              null(a ? sha256 : NULL) | faults, count * SIZE);
        prepare();
        check("hsum_hmac_many", hsum_hmac_many(a ? key : NULL, arrays[m], count, to, rooms[r]),
              null(a ? key : NULL) | faults, count * SIZE);
    }
}

/* A fault in the last of many messages, of which the library hashes a few hundred at a time. */
static void late_fault(void) {
    static hsum_slice messages[1000];
    static uint8_t digests[COUNT(messages) * SIZE], before[sizeof digests];
    messages[COUNT(messages) - 1].len = 1;
    check("hsum_digest_many", hsum_digest_many(sha256, messages, COUNT(messages), digests, sizeof digests),
          BIT(HSUM_NULL_POINTER), 0);
    check("hsum_hmac_many", hsum_hmac_many(key, messages, COUNT(messages), digests, sizeof digests),
          BIT(HSUM_NULL_POINTER), 0);
    check_true("output before a late fault", memcmp(digests, before, sizeof digests) == 0);
}

static void files(const char *self) {
    const char *good[3], *null_item[3], *failing[3];
    const char *const *arrays[3];
    const unsigned threads[] = {0, 1, UINT_MAX};
    hsum_file_result results[3], before[3];
    size_t a, c, m, o, r, t, p;
    good[0] = good[1] = good[2] = null_item[0] = null_item[2] = failing[0] = failing[2] = self;
    null_item[1] = NULL;
    failing[1] = "/nonexistent";
    arrays[0] = NULL;
    arrays[1] = good;
    arrays[2] = null_item;
    memset(before, UNTOUCHED, sizeof before);
    EACH(c, counts) EACH(m, arrays) EACH(r, rooms) for (a = 0; a < 2; a++) for (o = 0; o < 4; o++) {
        size_t count = counts[c];
        uint8_t *to = o & 1 ? out : NULL;
        hsum_file_result *row = o & 2 ? results : NULL;
        unsigned faults = batch(arrays[m], count, to, rooms[r]);
        hsum_status status;
        faults |= (count > 0 ? null(row) : 0) | (count > 1 && m == 2 ? BIT(HSUM_NULL_POINTER) : 0);
        prepare();
        memset(results, UNTOUCHED, sizeof results);
        status = hsum_files(a ? sha256 : NULL, arrays[m], count, threads[r % COUNT(threads)], to, rooms[r], row);
        check("hsum_files", status, null(a ? sha256 : NULL) | faults, count * SIZE);
        check_true("hsum_files leaves results alone", status == HSUM_OK || memcmp(results, before, sizeof results) == 0);
    }
    for (p = 0; p < 3; p++) EACH(r, rooms) for (a = 0; a < 2; a++) for (o = 0; o < 2; o++) {
        const char *paths[3];
        unsigned faults = null(a ? sha256 : NULL) | output(o ? out : NULL, rooms[r], SIZE);
        paths[0] = NULL;
        paths[1] = "/nonexistent";
        paths[2] = self;
        errno = 0;
        prepare();
        check("hsum_file", hsum_file(a ? sha256 : NULL, paths[p], o ? out : NULL, rooms[r]),
              faults | null(paths[p]) | (p == 1 ? BIT(HSUM_IO) : 0), SIZE);
        check_true("hsum_file sets errno", faults != 0 || p != 1 || errno == ENOENT);
    }
    for (t = 0; t < COUNT(threads); t++) {
        prepare();
        check_true("hsum_files", hsum_files(sha256, failing, 3, threads[t], out, sizeof out, results) == HSUM_FILE_FAILED);
        check_true("hsum_files goes past a failure", results[2].status == HSUM_OK && results[2].size > 0);
        check_true("hsum_files reports the cause", results[1].status == HSUM_IO && results[1].error == ENOENT);
        check_true("hsum_files leaves gaps alone", out[SIZE] == UNTOUCHED && out[2 * SIZE - 1] == UNTOUCHED);
        check_true("hsum_files keeps the order of digests", memcmp(out, out + 2 * SIZE, SIZE) == 0);
        failing[1] = "/";
        check_true("hsum_files", hsum_files(sha256, failing, 3, threads[t], out, sizeof out, results) == HSUM_FILE_FAILED);
        check_true("hsum_files refuses a directory", results[1].status == HSUM_IO && results[1].error == EISDIR);
        failing[1] = "/dev/null";
        check_true("hsum_files", hsum_files(sha256, failing, 3, threads[t], out, sizeof out, results) == HSUM_FILE_FAILED);
        check_true("hsum_files refuses a device", results[1].status == HSUM_NOT_REGULAR && results[1].error == 0);
        failing[1] = "/nonexistent";
    }
}

int main(int argc, char **argv) {
    const hsum_algorithm *row;
    size_t i;
    (void)argc;
    sha256 = hsum_find("sha256");
    ctx = hsum_new(sha256);
    key = hsum_hmac_key_new(sha256, "key", 3);
    hmac = hsum_hmac_new(key);
    one_message();
    outputs();
    tags();
    batches();
    prepare();
    late_fault();
    files(argv[0]);

    check_true("hsum_find", hsum_find(NULL) == NULL && hsum_find("") == NULL && hsum_find("sha257") == NULL);
    check_true("hsum_find", hsum_find("\xff\xfe") == NULL && hsum_find("blake2b-7") == NULL);
    check_true("hsum_find", hsum_find("SHA-256") == sha256 && hsum_find("blake2b-512") == hsum_find("blake2b"));
    check_true("hsum_algorithm_at", hsum_algorithm_at(SIZE_MAX) == NULL && hsum_algorithm_at(0) != NULL);
    for (i = 0; (row = hsum_algorithm_at(i)) != NULL; i++) {
        check_true("an algorithm has its name", hsum_find(hsum_name(row)) == row);
        check_true("default lengths only", row != hsum_find("blake2b-256") && row != hsum_find("blake3-512"));
    }
    check_true("NULL has no properties", hsum_name(NULL) == NULL && hsum_digest_size(NULL) == 0 &&
               hsum_block_size(NULL) == 0 && !hsum_is_extendable(NULL));
    check_true("no HMAC with SHAKE", hsum_hmac_key_new(hsum_find("shake128"), "key", 3) == NULL);
    check_true("no copy of NULL", hsum_new(NULL) == NULL && hsum_copy(NULL) == NULL && hsum_hmac_new(NULL) == NULL &&
               hsum_hmac_copy(NULL) == NULL);
    check_true("no reset of NULL", hsum_reset(NULL) == HSUM_NULL_POINTER && hsum_hmac_reset(NULL) == HSUM_NULL_POINTER);
    check_true("hsum_strerror", hsum_strerror(INT_MIN) != NULL && hsum_strerror(INT_MAX) != NULL);
    check_true("equal versions", strcmp(hsum_version(), HSUM_VERSION) == 0);
    hsum_free(NULL);
    hsum_hmac_free(NULL);
    hsum_hmac_key_free(NULL);
    hsum_hmac_free(hmac);
    hsum_hmac_key_free(key);
    hsum_free(ctx);
    printf("%lu calls with faults\n", calls);
    return 0;
}
