/*
 * Prints the digests of files, like sha256sum.
 *
 *     sum [-a ALGORITHM] [FILE]...      digests of files; of standard input without FILE
 *     sum -b [-a ALGORITHM] FILE        digest of each line of FILE, hashed in one batch
 *     sum -k [-a ALGORITHM] [FILE]...   HMAC with the key in the environment variable SUM_KEY
 *     sum -v [-a ALGORITHM] TAG FILE    verify the HMAC of FILE; exit status 1 if it is another
 *     sum -l                            names of algorithms, and the lengths of their digests in bytes
 *
 * cc $(pkg-config --cflags hsum) sum.c $(pkg-config --libs hsum) -o sum
 */
#include <errno.h>
#include <hsum.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const hsum_algorithm *algorithm;

static int fail(const char *subject, const char *reason) {
    fprintf(stderr, "sum: %s: %s\n", subject, reason);
    return 2;
}

/* Explains the status of a call; errno has the cause of HSUM_IO. */
static const char *reason(hsum_status status) {
    return status == HSUM_IO ? strerror(errno) : hsum_strerror(status);
}

static void print(const uint8_t *digest, const char *name) {
    size_t i;
    for (i = 0; i < hsum_digest_size(algorithm); i++)
        printf("%02x", digest[i]);
    printf("  %s\n", name);
}

/* Reads a whole file; the caller frees the result. */
static char *read_all(const char *name, size_t *len) {
    FILE *file = fopen(name, "rb");
    char *data = NULL, *larger;
    size_t room = 0;
    *len = 0;
    if (file == NULL)
        return NULL;
    do {
        room = room ? 2 * room : 65536;
        larger = (char *)realloc(data, room);
        if (larger == NULL)
            break;
        data = larger;
        *len += fread(data + *len, 1, room - *len, file);
    } while (*len == room);
    if (larger == NULL || ferror(file)) {
        free(data);
        data = NULL;
    }
    fclose(file);
    return data;
}

static int sum_stdin(void) {
    uint8_t digest[HSUM_MAX_DIGEST_SIZE];
    char buffer[65536];
    size_t len;
    hsum_ctx *ctx = hsum_new(algorithm);
    while ((len = fread(buffer, 1, sizeof buffer, stdin)) > 0)
        hsum_update(ctx, buffer, len);
    hsum_final(ctx, digest, sizeof digest);
    hsum_free(ctx);
    if (ferror(stdin))
        return fail("standard input", strerror(errno));
    print(digest, "-");
    return 0;
}

static int sum_file(const char *name) {
    uint8_t digest[HSUM_MAX_DIGEST_SIZE];
    hsum_status status = hsum_file(algorithm, name, digest, sizeof digest);
    if (status != HSUM_OK)
        return fail(name, reason(status));
    print(digest, name);
    return 0;
}

static int sum_lines(const char *name) {
    size_t len, count = 0, i, size = hsum_digest_size(algorithm);
    char *text = read_all(name, &len), *line, *end;
    hsum_slice *lines;
    uint8_t *digests;
    int result = 0;
    if (text == NULL)
        return fail(name, strerror(errno));
    for (i = 0; i < len; i++)
        count += text[i] == '\n';
    count += len > 0 && text[len - 1] != '\n';
    lines = (hsum_slice *)calloc(count + 1, sizeof *lines);
    digests = (uint8_t *)calloc(count + 1, size);
    if (lines != NULL && digests != NULL) {
        for (line = text, i = 0; i < count; line = end + 1, i++) {
            end = (char *)memchr(line, '\n', len - (size_t)(line - text));
            if (end == NULL)
                end = text + len;
            lines[i].data = line;
            lines[i].len = (size_t)(end - line);
        }
        hsum_digest_many(algorithm, lines, count, digests, count * size);
        for (i = 0; i < count; i++)
            print(digests + i * size, "line");
    } else {
        result = fail(name, strerror(errno));
    }
    free(digests);
    free(lines);
    free(text);
    return result;
}

static int sign_file(const hsum_hmac_key *key, const char *name) {
    uint8_t tag[HSUM_MAX_DIGEST_SIZE];
    size_t len;
    char *data = read_all(name, &len);
    hsum_status status;
    if (data == NULL)
        return fail(name, strerror(errno));
    status = hsum_hmac(key, data, len, tag, sizeof tag);
    free(data);
    if (status != HSUM_OK)
        return fail(name, reason(status));
    print(tag, name);
    return 0;
}

/* Parses hexadecimal digits; returns the number of bytes, or 0 if the text is not HSUM_MAX_DIGEST_SIZE bytes or fewer. */
static size_t parse_hex(const char *text, uint8_t *bytes) {
    size_t len = strlen(text), i;
    unsigned byte;
    if (len % 2 != 0 || len > 2 * HSUM_MAX_DIGEST_SIZE || strspn(text, "0123456789abcdefABCDEF") != len)
        return 0;
    for (i = 0; i < len / 2 && sscanf(text + 2 * i, "%2x", &byte) == 1; i++)
        bytes[i] = (uint8_t)byte;
    return len / 2;
}

/* Verifies the tag of a file's contents, which arrive in pieces. */
static int verify_file(const hsum_hmac_key *key, const char *hex, const char *name) {
    uint8_t tag[HSUM_MAX_DIGEST_SIZE];
    char buffer[65536];
    size_t len = parse_hex(hex, tag), got;
    hsum_status status;
    hsum_hmac_ctx *ctx;
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        return fail(name, strerror(errno));
    ctx = hsum_hmac_new(key);
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0)
        hsum_hmac_update(ctx, buffer, got);
    status = hsum_hmac_final_verify(ctx, tag, len);
    hsum_hmac_free(ctx);
    if (ferror(file)) {
        fclose(file);
        return fail(name, "cannot be read");
    }
    fclose(file);
    printf("%s: %s\n", name, status == HSUM_OK ? "OK" : "FAILED");
    return status == HSUM_OK ? 0 : 1;
}

static int list(void) {
    const hsum_algorithm *row;
    size_t i;
    for (i = 0; (row = hsum_algorithm_at(i)) != NULL; i++)
        printf("%s %lu\n", hsum_name(row), (unsigned long)hsum_digest_size(row));
    return 0;
}

static hsum_hmac_key *key_of_environment(void) {
    const char *key = getenv("SUM_KEY");
    return key == NULL ? NULL : hsum_hmac_key_new(algorithm, key, strlen(key));
}

int main(int argc, char **argv) {
    const char *name = "sha256";
    char mode = 0;
    int i, result = 0, worst = 0;
    hsum_hmac_key *key;
    for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        if (strcmp(argv[i], "-a") == 0 && i + 1 < argc)
            name = argv[++i];
        else if (strlen(argv[i]) == 2 && strchr("bkvl", argv[i][1]) != NULL)
            mode = argv[i][1];
        else
            return fail(argv[i], "unknown option");
    }
    argc -= i;
    argv += i;
    algorithm = hsum_find(name);
    if (algorithm == NULL)
        return fail(name, "unknown algorithm; sum -l lists them");
    if (mode == 'l')
        return list();
    if (mode == 'k' || mode == 'v') {
        key = key_of_environment();
        if (key == NULL)
            return fail(name, "needs a key in SUM_KEY, and an algorithm that HMAC is defined for");
        if (mode == 'v')
            worst = argc == 2 ? verify_file(key, argv[0], argv[1]) : fail("-v", "needs TAG FILE");
        else
            for (i = 0; i < argc; i++)
                if ((result = sign_file(key, argv[i])) > worst)
                    worst = result;
        hsum_hmac_key_free(key);
        return worst;
    }
    if (argc == 0)
        return sum_stdin();
    for (i = 0; i < argc; i++) {
        result = mode == 'b' ? sum_lines(argv[i]) : sum_file(argv[i]);
        if (result > worst)
            worst = result;
    }
    return worst;
}
