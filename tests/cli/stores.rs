//! Digests of object stores: CRCs, and multipart forms of S3.

use hsum::{Algorithm, digest};

use crate::support::*;

/// The parts of the file `a`: 2,500 bytes in parts of 1 KiB.
fn parts() -> (Vec<u8>, Vec<Vec<u8>>) {
    let data: Vec<u8> = (0..2500u32).map(|i| ((i * 7) >> 3) as u8).collect();
    let parts = data.chunks(1024).map(<[u8]>::to_vec).collect();
    (data, parts)
}

/// Returns the digest of the digests of all parts.
fn composite(algorithm: Algorithm) -> hsum::Digest {
    let (_, parts) = parts();
    let digests: Vec<u8> = parts.iter().flat_map(|p| Vec::from(digest(algorithm, p))).collect();
    digest(algorithm, &digests)
}

fn directory() -> Dir {
    let dir = Dir::with(&["small"]);
    dir.write("a", parts().0);
    dir
}

#[test]
fn multipart_forms_are_written_as_s3_writes_them() {
    let dir = directory();
    let etag = format!("S3-ETAG:1KiB (a) = {}-3\n", composite(Algorithm::Md5));
    dir.words("-a s3-etag:1KiB a").prints(&etag);
    dir.words("-a S3-ETAG:1024 --no-mmap -j 1 a").prints(&etag);
    dir.words("-a s3-etag:1K -").stdin(parts().0).prints(etag.replace("(a)", "(-)"));
    let base64 = |algorithm| composite(algorithm).to_base64();
    let expected = format!(
        "S3-SHA256:1KiB (a) = {}-3\nS3-SHA1:1KiB (a) = {}-3\nS3-CRC32C:1KiB (a) = {}-3\n",
        base64(Algorithm::Sha256),
        base64(Algorithm::Sha1),
        base64(Algorithm::Crc32c)
    );
    dir.words("-a s3-sha256:1K,s3-sha1:1K,s3-crc32c:1K a").prints(expected);
    // Shorter than a part, and exactly one part.
    let whole = digest(Algorithm::Md5, &parts().0);
    dir.words("-a s3-etag:2501 a").prints(format!("S3-ETAG:2501 (a) = {whole}\n"));
    let one = digest(Algorithm::Md5, whole.as_bytes());
    dir.words("-a s3-etag:2500 a").prints(format!("S3-ETAG:2500 (a) = {one}-1\n"));
}

#[test]
fn multipart_digests_are_verified() {
    let dir = directory();
    let etag = format!("{}-3", composite(Algorithm::Md5));
    let expect = |digest: &str| dir.hsum(["check", "-q", "a", "--expect", digest]);
    expect(&format!("s3-etag:1KiB:{etag}")).run().exits(0);
    expect(&format!("s3-etag:1KiB:\"{etag}\"")).run().exits(0);
    let sha256 = composite(Algorithm::Sha256);
    expect(&format!("s3-sha256:1KiB:{}-3", sha256.to_base64())).run().exits(0);
    expect(&format!("s3-sha256:1KiB:{sha256}-3")).run().exits(0);
    dir.hsum(["check", "-q", "-a", "s3-etag:1KiB", "a", "--expect", &etag]).run().exits(0);
    for wrong in [etag.replace("-3", "-2"), etag.replace("-3", ""), etag.replace("-3", "-33")] {
        expect(&format!("s3-etag:1KiB:{wrong}")).run().exits(1);
    }
    expect(&format!("s3-etag:1025:{etag}")).run().exits(1);
    expect(&etag).refuses("state the size of a part");
    expect(&format!("s3-etag:{etag}")).refuses("s3-etag:8MiB");

    let list =
        dir.words("-a s3-etag:1K,s3-sha256:1K,crc32c,crc64nvme,sha256 a small").run().exits(0);
    dir.words("check --strict").stdin(list.clone()).run().exits(0);
    let tampered = list.replace("-3\n", "-4\n");
    let ran = dir.words("check --quiet").stdin(tampered).run();
    ran.is_in(1, b"a: FAILED\na: FAILED\n", "2 computed checksums did NOT match");
}

#[test]
fn a_multipart_form_needs_the_size_of_a_part() {
    let dir = directory();
    for name in ["s3-etag", "s3-sha256", "s3-etag:", "s3-etag:1023", "s3-etag:6GiB", "s3-etag:x"] {
        dir.hsum(["-a", name, "a"]).refuses(":8MiB for uploads by the AWS CLI");
    }
    dir.words("-a s3-etga:8MiB a").refuses("unknown algorithm");
    dir.words("-a s3-etag:1K -l 128 a").refuses("one length only");
}

/// Neither checksums nor digests of parts prove anything about a whole file.
#[test]
fn verbs_that_need_a_hash_function_refuse_others() {
    let dir = directory();
    for name in ["crc32c", "crc64nvme", "s3-etag:8MiB", "s3-sha256:8MiB"] {
        dir.hsum(["snapshot", ".", "-o", "record", "-a", name]).refuses("use a hash");
        dir.hsum(["publish", ".", "-a", name]).refuses("use a hash");
        dir.write("key", "secret");
        dir.hsum(["hmac", "--key", "file:key", "-a", name, "a"]).refuses("HMAC is not defined");
    }
    let ran = dir.hsum(["check", "--strong", "a", "--expect", "crc32c:00000000"]).run();
    ran.is_in(1, b"", "CRC32C alone is refused by --strong");
}

#[test]
fn crcs_are_verified_with_a_warning() {
    let dir = Dir::new();
    dir.write("a", "123456789");
    dir.words("-a crc32c a").prints("e3069283  a\n");
    dir.words("-a crc64nvme --base64 a").prints("rosUhgp5mIg=  a\n");
    for text in ["crc32c:e3069283", "x-goog-hash: crc32c=4waSgw==", "crc64nvme:rosUhgp5mIg="] {
        let ran = dir.hsum(["check", "a", "--expect", text]).run();
        ran.is_in(0, b"a: OK\n", "alone protects against accidents");
    }
    // Eight digits may be of any CRC.
    dir.words("check a --expect e3069283").refuses("CRC-32 is not supported");
}
