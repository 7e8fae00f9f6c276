/*
 * hsum: hash functions, HMAC, and digests of files.
 *
 * Generated from capi/src by capi/header; do not edit.
 *
 *     uint8_t digest[HSUM_MAX_DIGEST_SIZE];
 *     hsum_status status = hsum_digest(hsum_find("sha256"), "abc", 3, digest, sizeof digest);
 *
 * Lengths are in bytes. These rules hold for every function:
 *
 * - Errors. A function that fails returns a status, which hsum_strerror() explains, or NULL, 0 or false, and writes
 *   nothing to its output.
 * - Pointers. NULL where a pointer is required is an error, not undefined behaviour. A buffer of length 0 may be NULL.
 *   Any other pointer must point to an object of the documented type and of the length that is passed with it.
 * - Ownership. The caller owns the result of a function with "_new" or "_copy" in its name, and frees it with the "_free"
 *   function of its type. Names and texts are static. The library keeps no pointer to data, keys or buffers.
 * - Threads. Functions may be called from any thread without preparation. Threads may share algorithms and HMAC
 *   keys. Several threads may read a context (a const parameter) at the same time, or one thread may change it.
 * - Secrets. Contexts and keys are wiped when they are freed.
 * - Memory. If memory is exhausted, the process ends (abort).
 *
 * The library needs no initialization, and installs no signal handlers. It reads one environment variable, HSUM_TIER,
 * which restricts it to one SIMD instruction set.
 */


#ifndef HSUM_H
#define HSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The version of this header; hsum_version() returns the version of the library. */
#define HSUM_VERSION "0.1.0"
#define HSUM_VERSION_MAJOR 0
#define HSUM_VERSION_MINOR 1
#define HSUM_VERSION_PATCH 0

/** Makes the compiler warn about a result that is ignored. */
#if defined(__GNUC__)
#define HSUM_MUST_USE __attribute__((warn_unused_result))
#else
#define HSUM_MUST_USE
#endif


/**
 * The length of the longest digest in bytes: a buffer of this size holds any digest.
 */
#define HSUM_MAX_DIGEST_SIZE 64

/**
 * The result of a call.
 */
typedef enum {
    /**
     * Success.
     */
    HSUM_OK = 0,
    /**
     * The tag does not match the message and the key.
     */
    HSUM_MISMATCH = 1,
    /**
     * A required pointer is NULL. An unknown algorithm is NULL, too.
     */
    HSUM_NULL_POINTER = 2,
    /**
     * A length, or the size of an array in bytes, exceeds PTRDIFF_MAX.
     */
    HSUM_TOO_LONG = 3,
    /**
     * The output does not fit into the buffer.
     */
    HSUM_BUFFER_TOO_SMALL = 4,
    /**
     * The algorithm has no endless output; see hsum_is_extendable().
     */
    HSUM_NOT_EXTENDABLE = 5,
    /**
     * The system cannot open or read the file; errno has the cause.
     */
    HSUM_IO = 6,
    /**
     * The file changed while it was read, or its number of bytes differs from its size.
     */
    HSUM_CHANGED = 7,
    /**
     * The file is a FIFO, a socket or a device, and the function reads only regular files.
     */
    HSUM_NOT_REGULAR = 8,
    /**
     * A file of a batch could not be hashed; its hsum_file_result has the cause.
     */
    HSUM_FILE_FAILED = 9,
} hsum_status;

/**
 * A hash function at a digest length: SHA-256, BLAKE2b-256.
 *
 * Pointers to algorithms are valid until the process ends, may be compared with ==, and are never freed.
 */
typedef struct hsum_algorithm hsum_algorithm;

/**
 * A hash of a message that arrives in pieces.
 *
 * Two threads must not use one context at the same time, unless neither changes it.
 */
typedef struct hsum_ctx hsum_ctx;

/**
 * An HMAC of a message that arrives in pieces.
 *
 * Two threads must not use one context at the same time, unless neither changes it.
 */
typedef struct hsum_hmac_ctx hsum_hmac_ctx;

/**
 * A prepared HMAC key. It does not change: any number of threads may use it at the same time.
 */
typedef struct hsum_hmac_key hsum_hmac_key;

/**
 * Bytes in memory.
 */
typedef struct {
    /**
     * The first byte; may be NULL if there are none.
     */
    const void *data;
    /**
     * The number of bytes.
     */
    size_t len;
} hsum_slice;

/**
 * The result for one file of a batch.
 */
typedef struct {
    /**
     * HSUM_OK, HSUM_IO, HSUM_CHANGED or HSUM_NOT_REGULAR.
     */
    hsum_status status;
    /**
     * The system's error number (as in errno) if `status` is HSUM_IO; else 0.
     */
    int error;
    /**
     * The number of bytes that were hashed; 0 if the file could not be hashed.
     */
    uint64_t size;
} hsum_file_result;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Returns the meaning of a status in English, without a full stop.
 *
 * The text is static. An unknown status has one, too; it is never NULL.
 */
const char *hsum_strerror(int status);

/**
 * Returns the algorithm with this name, in any usual spelling: "sha256", "SHA-512/256", "blake2b-256".
 *
 * BLAKE2, SHAKE and BLAKE3 take a digest length in bits at the end of the name. Returns NULL if `name` is NULL, is
 * unknown, or names a multipart form such as "s3-etag:8MiB". Functions that take an algorithm report NULL, so the result
 * needs no check of its own.
 */
const hsum_algorithm *hsum_find(const char *name);

/**
 * Returns the algorithm at `index` in the list of algorithms with default digest lengths; NULL after the last.
 *
 * The first has index 0: `for (i = 0; (algorithm = hsum_algorithm_at(i)) != NULL; i++)`.
 */
const hsum_algorithm *hsum_algorithm_at(size_t index);

/**
 * Returns the name of an algorithm as hsum writes it: "sha512-256", "blake2b-256".
 *
 * The text is static. NULL if `algorithm` is NULL.
 */
const char *hsum_name(const hsum_algorithm *algorithm);

/**
 * Returns the length of a digest in bytes, 1 to HSUM_MAX_DIGEST_SIZE; 0 if `algorithm` is NULL.
 */
size_t hsum_digest_size(const hsum_algorithm *algorithm);

/**
 * Returns the block length of HMAC in bytes (RFC 2104, section 2).
 *
 * 0 if HMAC is not defined for the algorithm (SHAKE and CRCs), or if `algorithm` is NULL.
 */
size_t hsum_block_size(const hsum_algorithm *algorithm);

/**
 * Returns true if hsum_xof() can write output of any length: SHAKE and BLAKE3. False if `algorithm` is NULL.
 */
bool hsum_is_extendable(const hsum_algorithm *algorithm);

/**
 * Writes the digest of `len` bytes at `data` to `out`, which has room for `out_len` bytes.
 *
 * The digest has hsum_digest_size() bytes; the rest of `out` is left alone. `data` and `out` may overlap. Errors:
 * HSUM_NULL_POINTER, HSUM_TOO_LONG, HSUM_BUFFER_TOO_SMALL.
 */
hsum_status hsum_digest(const hsum_algorithm *algorithm,
                        const void *data,
                        size_t len,
                        uint8_t *out,
                        size_t out_len);

/**
 * Returns a new context with the empty message; NULL if `algorithm` is NULL. Free it with hsum_free().
 */
hsum_ctx *hsum_new(const hsum_algorithm *algorithm);

/**
 * Returns a copy of a context, independent of the original; NULL if `ctx` is NULL. Free it with hsum_free().
 *
 * With copies, a prefix that several messages share is hashed only once.
 */
hsum_ctx *hsum_copy(const hsum_ctx *ctx);

/**
 * Appends `len` bytes at `data` to the message.
 *
 * A message may have any number of bytes in total. Errors: HSUM_NULL_POINTER, HSUM_TOO_LONG.
 */
hsum_status hsum_update(hsum_ctx *ctx, const void *data, size_t len);

/**
 * Writes the digest of the message so far to `out`, which has room for `out_len` bytes.
 *
 * The digest has hsum_digest_size() bytes; the rest of `out` is left alone. The context does not change: more of the
 * message may follow. Errors: HSUM_NULL_POINTER, HSUM_BUFFER_TOO_SMALL.
 */
hsum_status hsum_final(const hsum_ctx *ctx,
                       uint8_t *out,
                       size_t out_len);

/**
 * Writes the first `out_len` bytes of the endless output of SHAKE or BLAKE3 to `out`.
 *
 * The context does not change. Errors: HSUM_NOT_EXTENDABLE for other algorithms, HSUM_NULL_POINTER, HSUM_TOO_LONG.
 */
hsum_status hsum_xof(const hsum_ctx *ctx,
                     uint8_t *out,
                     size_t out_len);

/**
 * Resets a context to the empty message, and wipes its old state. Errors: HSUM_NULL_POINTER.
 */
hsum_status hsum_reset(hsum_ctx *ctx);

/**
 * Wipes a context and frees it. NULL is allowed.
 */
void hsum_free(hsum_ctx *ctx);

/**
 * Returns true if the `len` bytes at `a` and at `b` are equal. The time does not depend on where they differ.
 *
 * False if a pointer is NULL and `len` is not 0, or if `len` exceeds PTRDIFF_MAX.
 */
HSUM_MUST_USE
bool hsum_equal(const void *a,
                const void *b,
                size_t len);

/**
 * Prepares an HMAC key of any length; `key` is not needed afterwards. Free the result with hsum_hmac_key_free().
 *
 * A key longer than hsum_block_size() is hashed first (RFC 2104, section 2). One shorter than the digest weakens the
 * MAC (section 3). Returns NULL if HMAC is not defined for the algorithm (SHAKE and CRCs), if a required pointer is NULL,
 * or if `key_len` exceeds PTRDIFF_MAX. Functions that take a key report NULL, so the result needs no check of its own.
 */
hsum_hmac_key *hsum_hmac_key_new(const hsum_algorithm *algorithm,
                                 const void *key,
                                 size_t key_len);

/**
 * Wipes a key and frees it. Contexts that were created from it stay valid. NULL is allowed.
 */
void hsum_hmac_key_free(hsum_hmac_key *key);

/**
 * Writes the tag of `len` bytes at `data` to `out`, which has room for `out_len` bytes.
 *
 * The tag has hsum_digest_size() bytes of the key's algorithm; the rest of `out` is left alone. `data` and `out` may
 * overlap. To check a tag that was received, use hsum_hmac_verify(). Errors: HSUM_NULL_POINTER, HSUM_TOO_LONG,
 * HSUM_BUFFER_TOO_SMALL.
 */
hsum_status hsum_hmac(const hsum_hmac_key *key,
                      const void *data,
                      size_t len,
                      uint8_t *out,
                      size_t out_len);

/**
 * Verifies the tag of `len` bytes at `data`, in a time that does not depend on where the tags differ.
 *
 * Returns HSUM_OK if `tag` is the whole tag. Errors: HSUM_MISMATCH if it is wrong or truncated, HSUM_NULL_POINTER,
 * HSUM_TOO_LONG.
 */
HSUM_MUST_USE
hsum_status hsum_hmac_verify(const hsum_hmac_key *key,
                             const void *data,
                             size_t len,
                             const uint8_t *tag,
                             size_t tag_len);

/**
 * Returns a new context with the empty message; NULL if `key` is NULL. Free it with hsum_hmac_free().
 */
hsum_hmac_ctx *hsum_hmac_new(const hsum_hmac_key *key);

/**
 * Returns a copy of a context, independent of the original; NULL if `ctx` is NULL. Free it with hsum_hmac_free().
 */
hsum_hmac_ctx *hsum_hmac_copy(const hsum_hmac_ctx *ctx);

/**
 * Appends `len` bytes at `data` to the message.
 *
 * Errors: HSUM_NULL_POINTER, HSUM_TOO_LONG.
 */
hsum_status hsum_hmac_update(hsum_hmac_ctx *ctx, const void *data, size_t len);

/**
 * Writes the tag of the message so far to `out`, which has room for `out_len` bytes.
 *
 * The tag has hsum_digest_size() bytes of the key's algorithm; the rest of `out` is left alone. The context does not
 * change: more of the message may follow. Errors: HSUM_NULL_POINTER, HSUM_BUFFER_TOO_SMALL.
 */
hsum_status hsum_hmac_final(const hsum_hmac_ctx *ctx,
                            uint8_t *out,
                            size_t out_len);

/**
 * Verifies the tag of the message so far, in a time that does not depend on where the tags differ.
 *
 * The context does not change. Returns HSUM_OK if `tag` is the whole tag. Errors: HSUM_MISMATCH if it is wrong or truncated,
 * HSUM_NULL_POINTER, HSUM_TOO_LONG.
 */
HSUM_MUST_USE
hsum_status hsum_hmac_final_verify(const hsum_hmac_ctx *ctx,
                                   const uint8_t *tag,
                                   size_t tag_len);

/**
 * Resets a context to the empty message under the same key. Errors: HSUM_NULL_POINTER.
 */
hsum_status hsum_hmac_reset(hsum_hmac_ctx *ctx);

/**
 * Wipes a context and frees it. NULL is allowed.
 */
void hsum_hmac_free(hsum_hmac_ctx *ctx);

/**
 * Hashes `count` messages, several at once, and writes their digests to `out` in order, without gaps.
 *
 * Digest `i` begins at `out + i * hsum_digest_size(algorithm)`; `out_len` must be at least `count` times that size. The
 * digests equal those of hsum_digest(). Allocates nothing, except for algorithms without SIMD lanes (BLAKE2, BLAKE3, SM3, CRCs).
 * `out` must not overlap the messages. Errors: HSUM_NULL_POINTER, HSUM_TOO_LONG, HSUM_BUFFER_TOO_SMALL.
 */
hsum_status hsum_digest_many(const hsum_algorithm *algorithm,
                             const hsum_slice *messages,
                             size_t count,
                             uint8_t *out,
                             size_t out_len);

/**
 * Computes the tags of `count` messages under one key, several at once, and writes them to `out` in order, without gaps.
 *
 * Tag `i` begins at `out` plus `i` times the hsum_digest_size() of the key's algorithm. The rules for `out_len` and overlap,
 * and the errors, are the same as for hsum_digest_many().
 */
hsum_status hsum_hmac_many(const hsum_hmac_key *key,
                           const hsum_slice *messages,
                           size_t count,
                           uint8_t *out,
                           size_t out_len);

/**
 * Writes the digest of a file's contents to `out`, which has room for `out_len` bytes.
 *
 * Any file that can be read is hashed, devices and FIFOs too. Large files are read by several threads. Errors: HSUM_IO,
 * with the cause in errno; HSUM_CHANGED if the file changes while it is read; HSUM_NULL_POINTER,
 * HSUM_BUFFER_TOO_SMALL.
 */
hsum_status hsum_file(const hsum_algorithm *algorithm,
                      const char *path,
                      uint8_t *out,
                      size_t out_len);

/**
 * Hashes `count` files in parallel, and writes their digests to `out` and the other results to `results`, in order.
 *
 * Digest `i` begins at `out + i * hsum_digest_size(algorithm)`; `out_len` must be at least `count` times that size, and
 * `results` must have room for `count` results. `threads` is the number of threads; 0 means one for each core that is
 * available. Only regular files are read; symbolic links are followed. A file that cannot be hashed does not stop the
 * others; its place in `out` is left alone. Errors: HSUM_FILE_FAILED if there is such a file, HSUM_NULL_POINTER,
 * HSUM_TOO_LONG, HSUM_BUFFER_TOO_SMALL; after the last three, `results` is left alone, too.
 */
hsum_status hsum_files(const hsum_algorithm *algorithm,
                       const char *const *paths,
                       size_t count,
                       unsigned int threads,
                       uint8_t *out,
                       size_t out_len,
                       hsum_file_result *results);

/**
 * Returns the version of the library in use, such as "0.1.0".
 *
 * HSUM_VERSION is the version of the header. The text is static.
 */
const char *hsum_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* HSUM_H */
